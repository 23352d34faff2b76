#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sim/base/problem.h"

struct sqlite3;
struct sqlite3_stmt;

// The little of SQLite that a campaign's file needs, with its errors as Problems that a person can
// act on.
namespace scenarios {

// A prepared statement. Parameters and columns are counted from 1 and from 0, as SQLite counts
// them.
class SqliteStatement {
 public:
  SqliteStatement& bind(int parameter, std::int64_t value);
  SqliteStatement& bind(int parameter, std::string_view text);
  // True while there is a row to read; false at the end, when it can be bound and run again.
  sim::Expected<bool> step();
  // Of the current row.
  std::int64_t number(int column) const;
  std::string text(int column) const;

 private:
  friend class Sqlite;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqliteStatement(sqlite3_stmt* statement, std::string file)
      : statement_(statement), file_(std::move(file)) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string file_;
};

// One open database. Not to be used by a forked child.
class Sqlite {
 public:
  // Opens or makes the file; an empty path is a database in memory. Usage where it cannot be opened
  // or written, Malformed where it is no database or a damaged one (which SQLite may notice only
  // later).
  static sim::Expected<Sqlite> open(const std::string& path);

  // False for what was moved from.
  explicit operator bool() const { return database_ != nullptr; }
  // Carries out one or several statements that give no rows.
  sim::Expected<void> run(const char* sql);
  sim::Expected<SqliteStatement> prepare(std::string_view sql);
  // The one number that a query gives, such as a PRAGMA.
  sim::Expected<std::int64_t> number(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Sqlite() = default;

  std::unique_ptr<sqlite3, Close> database_;
  std::string file_;
};

}  // namespace scenarios
