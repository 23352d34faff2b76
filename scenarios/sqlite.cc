#include "scenarios/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "sim/base/check.h"

namespace scenarios {
namespace {

// How long to wait for another process that writes into the same file.
constexpr int kPatienceMs = 10'000;

std::unexpected<sim::Problem> problem_of(int code, const std::string& file, const char* words) {
  using enum sim::Severity;
  const auto say = [&](sim::Severity severity, std::string what, std::string remedy) {
    return std::unexpected(
        sim::Problem{severity, {.source = file}, std::move(what), std::move(remedy)});
  };
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return say(Malformed, "this file is no SQLite database.", "Name another file, or a new one.");
    case SQLITE_CORRUPT:
      return say(Malformed, fmt::format("this database is damaged ({}).", words),
                 "Its seeds can be run again into a new file.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return say(Usage, "another program holds this file locked.",
                 "Wait until it is done, or name another file.");
    case SQLITE_FULL:
      return say(Usage, "there is no room left to write this file.",
                 "Make room and run the same command again: it goes on where it stopped.");
    default:
      return say(Usage, fmt::format("this file cannot be opened or written ({}).", words),
                 "Name a file in a folder that exists and that you may write to.");
  }
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
  sim::check(code == SQLITE_OK, "the statement has this parameter and is not running");
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  // A null pointer would be a NULL, so an empty view is given an address.
  const char* const bytes = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), parameter, bytes, text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  sim::check(code == SQLITE_OK, "the statement has this parameter and is not running");
  return *this;
}

sim::Expected<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* const database = sqlite3_db_handle(statement_.get());
  const std::string words = sqlite3_errmsg(database);
  sqlite3_reset(statement_.get());
  if (code == SQLITE_DONE) return false;
  return problem_of(code, file_, words.c_str());
}

std::int64_t SqliteStatement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const auto* const bytes = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

void Sqlite::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

sim::Expected<Sqlite> Sqlite::open(const std::string& path) {
  Sqlite opened;
  opened.file_ = path;
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  opened.database_.reset(database);  // also after a failure, says SQLite
  if (code != SQLITE_OK) {
    return problem_of(code, path, database == nullptr ? "no memory" : sqlite3_errmsg(database));
  }
  sqlite3_busy_timeout(database, kPatienceMs);
  return opened;
}

sim::Expected<void> Sqlite::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return problem_of(code, file_, sqlite3_errmsg(database_.get()));
  return {};
}

sim::Expected<SqliteStatement> Sqlite::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return problem_of(code, file_, sqlite3_errmsg(database_.get()));
  return SqliteStatement(statement, file_);
}

sim::Expected<std::int64_t> Sqlite::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->number(0) : 0;
}

}  // namespace scenarios
