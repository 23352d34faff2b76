#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/check.h"
#include "zk/migration_reader_tree.h"

namespace {

// What Kafka keeps under these paths; the first byte of the input chooses one, the rest stands in it.
constexpr std::array<std::string_view, 24> kPaths{
    "/brokers/topics/t",
    "/brokers/topics/t/partitions/0/state",
    "/config/topics/t",
    "/config/brokers/1",
    "/config/brokers/<default>",
    "/config/users/u",
    "/config/users/<default>",
    "/config/users/u/clients/c",
    "/config/clients/c",
    "/config/ips/127.0.0.1",
    "/latest_producer_id_block",
    "/kafka-acl/Topic/t",
    "/kafka-acl/Cluster/kafka-cluster",
    "/kafka-acl-extended/prefixed/Group/g",
    "/delegation_token/tokens/x",
    "/brokers/ids/1",
    "/controller",
    "/controller_epoch",
    "/migration",
    "/cluster/id",
    "/feature",
    "/admin/reassign_partitions",
    "/admin/delete_topics/t",
    "/config/users/%40odd%2Fname",
};
constexpr std::string_view kTopic =
    R"({"version":3,"topic_id":"Tk3Z2c5KQ0CJLgD8kN0t3A","partitions":{"0":[1]}})";
constexpr std::string_view kState =
    R"({"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1]})";

class Writer {
 public:
  // With everything above it that is not there yet.
  void put(std::string_view path, std::string_view data) {
    for (std::size_t at = path.find('/', 1); at != std::string_view::npos;
         at = path.find('/', at + 1)) {
      create(path.substr(0, at), "");
    }
    create(path, data);
  }
  const zk::Tree& tree() const { return tree_; }

 private:
  // The first to come stays: applying a create to a path that is there changes nothing.
  void create(std::string_view path, std::string_view data) {
    zk::CreateTxn txn{.path = std::string(path),
                      .data = std::string(data),
                      .acl = {},
                      .ephemeral = false,
                      .parent_cversion = zk::ChildVersion(zxid_)};
    (void)tree_.apply({.client_id = {}, .cxid = 0, .zxid = zk::Zxid(++zxid_), .time = {}},
                      zk::Txn{std::move(txn)});
  }
  zk::Tree tree_;
  std::int32_t zxid_ = 0;
};

}  // namespace

// Any bytes at all in any of Kafka's znodes: what can be read becomes records, what cannot is named. The driver's own
// reading of the same tree ends in records or in one failure.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  Writer writer;
  writer.put(kPaths.at(data[0] % kPaths.size()), text);
  writer.put("/brokers/topics/t", kTopic);
  writer.put("/brokers/topics/t/partitions/0/state", kState);
  for (const bool secret : {false, true}) {
    zk::ReadOptions options;
    if (secret) options.password_secret = "secret";
    const zk::TreeImage read = zk::zk_to_image(writer.tree(), "", options);
    sim::check(read.image.topics().size() <= 1, "one topic at most is there");
    options.manner = zk::ReadManner::Driver;
    (void)zk::copy_of(writer.tree(), "", options);
  }
  (void)zk::cluster_view(writer.tree(), "");
  return 0;
}
