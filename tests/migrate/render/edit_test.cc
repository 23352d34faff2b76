#include "migrate/render/edit.h"

#include <gtest/gtest.h>

// Edits of a file, byte for byte.
namespace {

using migrate::FileEdit;

FileEdit edit_of(const std::string& text) {
  return FileEdit(sim::PropertiesFile::parse(text, "server.properties").value());
}

constexpr const char* kHers =
    "# hers\r\n"
    "broker.id = 1\r\n"
    "\r\n"
    "  ! two directories\r\n"
    "log.dirs=/a,\\\r\n"
    "         /b\r\n";

TEST(FileEdit, WhatIsNewComesBelowOneMarkAndGoesWithIt) {
  FileEdit edit = edit_of(kHers);
  edit.set("process.roles", "broker", "");
  edit.set("controller.listener.names", "CONTROLLER", "");
  const std::string with = edit.finished().text();
  EXPECT_EQ(with, std::string(kHers) +
                      "# zk2kraft: for the migration to KRaft\r\nprocess.roles=broker\r\n"
                      "controller.listener.names=CONTROLLER\r\n");
  FileEdit back = edit_of(with);
  EXPECT_TRUE(back.is_added("process.roles"));
  EXPECT_FALSE(back.is_added("broker.id"));
  back.remove("process.roles", "");
  back.remove("controller.listener.names", "");
  EXPECT_EQ(back.finished().text(), kHers);
}

TEST(FileEdit, LaterAdditionsShareTheMark) {
  FileEdit edit = edit_of("a=1\n# zk2kraft: for the migration to KRaft\nb=2\n");
  edit.set("c", "3", "");
  EXPECT_EQ(edit.finished().text(), "a=1\n# zk2kraft: for the migration to KRaft\nb=2\nc=3\n");
  FileEdit apart = edit_of("# zk2kraft: for the migration to KRaft\nb=2\n\n# hers\na=1\n");
  apart.set("c", "3", "");
  EXPECT_EQ(apart.finished().text(),
            "# zk2kraft: for the migration to KRaft\nb=2\n\n# hers\na=1\n"
            "# zk2kraft: for the migration to KRaft\nc=3\n");
}

TEST(FileEdit, AnIdChangesItsNameInItsPlace) {
  FileEdit edit = edit_of(kHers);
  edit.rename("broker.id", "node.id", "");
  std::string expected = kHers;
  expected.replace(expected.find("broker.id"), 9, "node.id");
  EXPECT_EQ(edit.finished().text(), expected);
  edit.rename("node.id", "broker.id", "");
  EXPECT_EQ(edit.finished().text(), kHers);
}

TEST(FileEdit, OfRepeatedIdsTheOneThatCountsIsKept) {
  FileEdit edit = edit_of("broker.id=1\nx=y\nbroker.id:2\n");
  edit.rename("broker.id", "node.id", "");
  EXPECT_EQ(edit.finished().text(), "x=y\nnode.id:2\n");
  FileEdit both = edit_of("node.id=2\nbroker.id=2\n");
  both.rename("broker.id", "node.id", "");
  EXPECT_EQ(both.finished().text(), "node.id=2\n");
}

TEST(FileEdit, RemovesEveryRepetition) {
  FileEdit edit = edit_of("a=1\nb=2\na=3\n");
  edit.remove("a", "");
  EXPECT_EQ(edit.finished().text(), "b=2\n");
  ASSERT_EQ(edit.changes().size(), 1U);
  EXPECT_EQ(edit.changes()[0].before, "3");
}

TEST(FileEdit, ALastLineWithoutAnEndIsClosedFirst) {
  FileEdit edit = edit_of("a=1");
  edit.set("b", "2", "");
  EXPECT_EQ(edit.finished().text(), "a=1\n# zk2kraft: for the migration to KRaft\nb=2\n");
}

}  // namespace
