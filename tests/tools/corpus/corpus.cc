#include "tests/tools/corpus/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

#include "kraft/disk/record_batch.h"
#include "migrate/check/check.h"
#include "sim/base/bytes.h"
#include "tests/support/golden.h"
#include "tools/source/fleet.h"
#include "tools/zk2kraft/check_report.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"

namespace tests {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

std::vector<std::string> parts_of(const std::string& text, const std::string& between) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(text.find(between, at), text.size());
    std::string part = text.substr(at, end - at);
    const std::size_t first = part.find_first_not_of(' ');
    const std::size_t last = part.find_last_not_of(' ');
    parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
    if (end == text.size()) return parts;
    at = end + between.size();
  }
}

// The next word of a line.
std::string word(std::istringstream& line) {
  std::string text;
  if (!(line >> text)) fail("an argument is missing");
  return text;
}
std::string rest(std::istringstream& line) {
  std::string text;
  std::getline(line >> std::ws, text);
  return text;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path.string() + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────

// Files of the nodes that the pattern names: NODE.properties or NODE.meta.properties.
std::vector<fs::path> files_of(const fs::path& fleet, const std::string& node,
                               const std::string& suffix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(fleet)) {
    const std::string name = entry.path().filename().string();
    const std::string folder = entry.path().parent_path().filename().string();
    const bool beside =
        name.ends_with(suffix) && tools::matches(node, name.substr(0, name.size() - suffix.size()));
    const bool inside = '.' + name == suffix && tools::matches(node, folder);
    if (entry.is_regular_file() && (beside || inside)) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  if (found.empty()) fail(fmt::format("no {} of {}", suffix, node));
  return found;
}

void set_line(const fs::path& file, const std::string& key, const std::string* value) {
  auto read = sim::PropertiesFile::parse(read_file(file), file.string());
  if (!read) fail(file.string() + " is no properties file");
  if (value != nullptr) {
    read->set(key, *value);
  } else if (!read->remove(key)) {
    fail(fmt::format("{} has no {}", file.string(), key));
  }
  write_text(file, read->text());
}

// ── ZooKeeper ───────────────────────────────────────────────────────────────────────────────────

// Reads a server's files, lets somebody change the database, and leaves one snapshot of it.
class EditedTree {
 public:
  explicit EditedTree(const fs::path& fleet) {
    for (const auto& entry : fs::directory_iterator(fleet)) {
      if (fs::is_directory(entry.path() / "version-2")) folder_ = entry.path() / "version-2";
    }
    if (folder_.empty()) fail("no ZooKeeper data in " + fleet.string());
    auto recovered = zk::disk::recover(folder_.parent_path());
    if (!recovered) fail("ZooKeeper's files cannot be read");
    zxid_ = recovered->last_zxid.value();
    database_ = std::move(recovered->database);
    database_.tree.for_each([&](std::string_view, const zk::Znode& znode) {
      now_ms_ = std::max(now_ms_, znode.stat.mtime.value());
    });
  }

  void put(const std::string& path, const std::string& data) {
    if (database_.tree.find(path) != nullptr) {
      const auto version = database_.tree.find(path)->stat.version;
      return apply(zk::SetDataTxn{
          .path = path, .data = data, .version = zk::DataVersion(version.value() + 1)});
    }
    if (const std::string parent(zk::parent_of(path)); database_.tree.find(parent) == nullptr)
      put(parent, "");
    apply(zk::CreateTxn{.path = path,
                        .data = data,
                        .acl = {{zk::kAllPerms, "world", "anyone"}},
                        .ephemeral = false,
                        .parent_cversion = zk::ChildVersion(1)});
  }
  void remove(const std::string& path) {
    if (database_.tree.find(path) == nullptr) fail("there is no " + path);
    for (const std::string& child : database_.tree.children(path)) remove(path + "/" + child);
    apply(zk::DeleteTxn{.path = path});
  }
  void own(const std::string& path, const std::string& owner) {
    const std::size_t colon = owner.find(':');
    apply(zk::SetAclTxn{.path = path,
                        .acl = {{zk::kAllPerms, owner.substr(0, colon), owner.substr(colon + 1)}},
                        .version = zk::AclVersion(1)});
  }
  void write() {
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry.path());
    if (!zk::disk::write_snapshot(database_, folder_)) fail("the snapshot cannot be written");
  }

 private:
  void apply(zk::Txn txn) {
    ++zxid_;
    (void)database_.apply(
        {.client_id = {}, .cxid = 0, .zxid = zk::Zxid(zxid_), .time = zk::WallTime(now_ms_)}, txn);
  }

  fs::path folder_;
  zk::Database database_;
  std::int64_t zxid_ = 0;
  std::int64_t now_ms_ = 0;
};

// ── KRaft ───────────────────────────────────────────────────────────────────────────────────────

// The records that a row can name:
//   acl NAME | config TYPE NAME KEY VALUE (TYPE a number) | topic NAME | state NUMBER
//   fence BROKER | migrating BROKER | controller ID (not ready to migrate)
sim::Record record_of(std::istringstream& line, const sim::MetadataImage& image) {
  const std::string kind = word(line);
  const auto broker_id = [&] { return sim::BrokerId(std::stoi(word(line))); };
  if (kind == "acl")
    return sim::AccessControlEntryRecord{.id = sim::Uuid{7, 7},
                                         .resource_type = sim::AclResourceType::Group,
                                         .resource_name = word(line),
                                         .pattern_type = sim::PatternType::Literal,
                                         .principal = "User:corpus",
                                         .host = "*",
                                         .operation = sim::AclOperation::Read,
                                         .permission_type = sim::AclPermissionType::Allow};
  if (kind == "config") {
    const auto type = static_cast<sim::ConfigResourceType>(std::stoi(word(line)));
    const std::string name = word(line);
    const std::string key = word(line);
    return sim::ConfigRecord{.resource_type = type,
                             .resource_name = name == "<default>" ? "" : name,
                             .name = key,
                             .value = rest(line)};
  }
  if (kind == "topic") return sim::TopicRecord{.name = word(line), .topic_id = sim::Uuid{8, 8}};
  if (kind == "state")
    return sim::ZkMigrationStateRecord{
        .zk_migration_state = static_cast<sim::ZkMigrationState>(std::stoi(word(line)))};
  if (kind == "controller")
    return sim::RegisterControllerRecord{.controller_id = broker_id(), .zk_migration_ready = false};
  const sim::BrokerId id = broker_id();
  const auto* registered = image.cluster().broker(id);
  if (registered == nullptr) fail(fmt::format("broker {} is not registered", id.value()));
  if (kind == "fence")
    return sim::BrokerRegistrationChangeRecord{.broker_id = id,
                                               .broker_epoch = registered->broker_epoch,
                                               .fenced = sim::FencingChange::Fence};
  if (kind != "migrating") fail("no record is called " + kind);
  sim::RegisterBrokerRecord again = *registered;
  again.is_migrating_zk_broker = true;
  return again;
}

// Appends one batch to the log of every controller of the fleet.
void append_record(const fs::path& fleet, std::istringstream line) {
  auto opened = tools::open_fleet({fleet.string()}, {});
  if (!opened || opened->facts.metadata.empty()) fail("no metadata log");
  const migrate::MetadataFacts& latest = *opened->facts.latest();
  const sim::Record record = record_of(line, latest.image);
  for (const migrate::MetadataFacts& log : opened->facts.metadata) {
    fs::path last;
    for (const auto& entry : fs::recursive_directory_iterator(fleet)) {
      const std::string folder = fmt::format("controller-{}", log.node ? log.node->value() : -1);
      if (entry.path().extension() == ".log" &&
          entry.path().string().find(folder + "/__cluster_metadata-0") != std::string::npos)
        last = std::max(last, entry.path());
    }
    if (last.empty()) fail("no segment of " + log.source);
    // isMigratingZkBroker and logDirs came with version 3; the others are of version 0.
    const std::int16_t version = std::holds_alternative<sim::RegisterBrokerRecord>(record) ? 3 : 0;
    const std::vector<sim::VersionedRecord> records{{record, version}};
    sim::ByteWriter out;
    kraft::write_batch(
        out, kraft::data_batch(log.end.offset, log.end.epoch,
                               log.image.provenance().last_contained_log_time_ms, records));
    const sim::Bytes bytes = std::move(out).take();
    std::ofstream file(last, std::ios::binary | std::ios::app);
    for (const auto byte : bytes) file.put(static_cast<char>(byte));
  }
}

// ── One variant ─────────────────────────────────────────────────────────────────────────────────

struct Asked {  // of `check` itself
  std::optional<migrate::Phase> phase;
  std::optional<migrate::Profile> profile;
  std::map<std::string, bool> answers;
};

void edit_text(const fs::path& fleet, const std::string& verb, std::istringstream& line) {
  const std::string node = word(line);
  if (verb == "version") return write_text(fleet / (node + ".version"), rest(line) + "\n");
  for (const fs::path& file :
       files_of(fleet, node, verb == "meta" ? ".meta.properties" : ".properties")) {
    if (verb != "meta" && file.filename().string().ends_with("meta.properties")) continue;
    std::istringstream own(line.str().substr(static_cast<std::size_t>(line.tellg())));
    if (verb == "append") {
      write_text(file, read_file(file) + "\n" + rest(own) + "\n");
      continue;
    }
    const std::string key = word(own);
    const std::string value = rest(own);
    set_line(file, key, verb == "unset" ? nullptr : &value);
  }
}

bool edit_tree(EditedTree& tree, const std::string& verb, std::istringstream& line) {
  if (verb != "znode" && verb != "delete" && verb != "owner") return false;
  const std::string path = word(line);
  if (verb == "znode") tree.put(path, rest(line));
  if (verb == "delete") tree.remove(path);
  if (verb == "owner") tree.own(path, word(line));
  return true;
}

void edit(const fs::path& fleet, const std::vector<std::string>& edits, Asked& asked) {
  std::optional<EditedTree> tree;
  for (const std::string& text : edits) {
    std::istringstream line(text);
    const std::string verb = word(line);
    if (verb == "set" || verb == "unset" || verb == "append" || verb == "meta" ||
        verb == "version") {
      edit_text(fleet, verb, line);
    } else if (verb == "remove") {
      if (fs::remove_all(fleet / word(line)) == 0) fail("nothing to remove: " + text);
    } else if (verb == "record") {
      append_record(fleet, std::move(line));
    } else if (verb == "phase") {
      asked.phase = migrate::parse_phase(word(line));
    } else if (verb == "profile") {
      asked.profile = migrate::parse_profile(word(line));
    } else if (verb == "answer") {
      const std::string id = word(line);
      asked.answers[id] = word(line) == "yes";
    } else {
      if (!tree) tree.emplace(fleet);
      if (!edit_tree(*tree, verb, line)) fail("no edit is called " + verb);
    }
  }
  if (tree) tree->write();
}

}  // namespace

std::vector<CorpusRow> read_corpus(const fs::path& file) {
  std::vector<CorpusRow> rows;
  std::istringstream text(read_file(file));
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto parts = parts_of(line, " | ");
    if (parts.size() != 3) fail(fmt::format("line {} has {} parts", number, parts.size()));
    CorpusRow row{.line = number};
    for (std::string& id : parts_of(parts[0], " ")) {
      const bool consequence = id.starts_with('+');
      if (migrate::find_check(id.substr(id.find_first_not_of("+?"))) == nullptr)
        fail(fmt::format("line {}: no check {}", number, id));
      consequence ? row.also.insert(id.substr(1)) : row.expected.insert(id);
    }
    row.clusters = parts_of(parts[1], " ");
    row.edits = parts_of(parts[2], " ; ");
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> fleets_like(const std::string& pattern) {
  std::vector<std::string> found;
  for (const std::string& cluster : golden_clusters()) {
    for (const auto& entry : fs::directory_iterator(golden(cluster))) {
      const std::string phase = entry.path().filename().string();
      const std::string name = cluster + "/" + phase;
      if (phase.size() > 2 && phase[0] == 'p' && tools::matches(pattern, name))
        found.push_back(name);
    }
  }
  std::ranges::sort(found);
  return found;
}

namespace {

// Captures say nothing of the software's versions, which leaves gates unknown.
void ask_gates(migrate::ClusterFacts& facts, Judged& judged) {
  for (migrate::NodeFacts& node : facts.nodes)
    if (!node.software) node.software = "3.9.1";
  for (const migrate::Question question : {migrate::Question::Rollback, migrate::Question::Finalize,
                                           migrate::Question::Retry, migrate::Question::Next}) {
    const migrate::Gate gate = migrate::ask(question, facts);
    Judged::Asked& asked = judged.gates[question];
    asked.answer = gate.answer;
    for (const migrate::Judged& each : gate.judged) {
      if (each.effect == migrate::Effect::Closes)
        asked.closing.insert(std::string(each.result.check->id));
    }
  }
}

}  // namespace

Judged judge_variant(const fs::path& fleet, const std::vector<std::string>& edits) {
  Asked asked;
  edit(fleet, edits, asked);
  auto opened = tools::open_fleet({fleet.string()}, {});
  if (!opened) fail(sim::describe(opened.error()));
  migrate::ClusterFacts& facts = opened->facts;
  if (asked.phase) facts.phase = *asked.phase;
  facts.profile = asked.profile.value_or(migrate::guess_profile(facts));
  for (const auto& [id, yes] : asked.answers)
    facts.answers[id] = {.yes = yes, .reason = "corpus", .where = "answers"};
  migrate::apply_dynamic_configs(facts);
  Judged judged{.phase = std::string(migrate::name_of(facts.phase))};
  for (const migrate::CheckResult& result : migrate::run_checks(facts)) {
    if (!result.missing.empty()) judged.unknown.insert(fmt::format("?{}", result.check->id));
    for (const migrate::Finding& finding : result.findings) {
      // Sentences may count what is there; the object tells findings apart.
      const std::string text = fmt::format("{} {}", result.check->id, finding.object);
      (finding.severity == migrate::CheckSeverity::Error     ? judged.errors
       : finding.severity == migrate::CheckSeverity::Warning ? judged.warnings
                                                             : judged.notes)
          .insert(text);
    }
  }
  ask_gates(facts, judged);
  return judged;
}

}  // namespace tests
