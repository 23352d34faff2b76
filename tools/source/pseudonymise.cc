#include "tools/source/pseudonymise.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "kraft/disk/metadata_dir.h"
#include "migrate/pseudonym/settings.h"
#include "sim/base/check.h"
#include "tools/source/collection.h"
#include "tools/source/node_files.h"
#include "tools/source/rewrite.h"
#include "zk/disk/data_directory.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using sim::Severity;

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view s) { return text.starts_with(s); });
}

bool is_number_suffix(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Each line of a text through `line`; the last line's end stays as it is.
template <class Line>
std::string by_line(std::string_view text, Line&& line) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    result += line(text.substr(0, end));
    if (end < text.size()) result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

class SourceRewriter {
 public:
  explicit SourceRewriter(migrate::Pseudonyms& names) : names_(names) {}

  sim::Expected<Pseudonymised> run(const fs::path& source, const fs::path& part) {
    std::error_code error;
    fs::create_directories(part, error);
    if (error)
      return sim::refused(Severity::Malformed, part.string(),
                          "this folder cannot be made: " + error.message(), "");
    auto done = is_folder(source) ? folder(source, part)
                                  : file(source, part / file_name(source.filename().string()));
    if (!done) return std::unexpected(std::move(done).error());
    // Only now every name is known.
    for (const auto& [from, to] : logs_) {
      if (auto written = text(from, to, [&](std::string_view t) { return names_.known_words(t); });
          !written)
        return std::unexpected(std::move(written).error());
    }
    for (const auto& [from, to] : collections_) {
      if (auto written = manifest(from, to); !written)
        return std::unexpected(std::move(written).error());
    }
    return std::move(result_);
  }

 private:
  sim::Expected<void> folder(const fs::path& from, const fs::path& to) {
    if (is_collection(from)) {
      const auto collection = read_manifest(from);
      if (!collection) return std::unexpected(collection.error());
      const auto wrong = verify(*collection);
      if (!wrong.empty()) return std::unexpected(wrong.front());
      names_.name(collection->host);
      collections_.emplace_back(from, to);
    }
    const bool zookeeper = zk::disk::looks_like_data_directory(from);
    if (zookeeper) {
      if (auto done = zookeeper_folder(from, to); !done) return done;
    }
    for (const fs::path& entry : entries_of(from)) {
      const std::string name = entry.filename().string();
      if (is_folder(entry)) {
        const fs::path below = to / folder_name(name);
        std::error_code error;
        fs::create_directories(below, error);
        if (auto done = folder(entry, below); !done) return done;
        fs::remove(below, error);  // if nothing came into it
      } else if (!zookeeper || !is_zookeepers(name)) {
        if (auto done = file(entry, to / file_name(name)); !done) return done;
      }
    }
    return {};
  }

  static bool is_zookeepers(const std::string& name) {
    return zk::disk::parse_snapshot_name(name) || zk::disk::parse_log_name(name);
  }

  sim::Expected<void> zookeeper_folder(const fs::path& from, const fs::path& to) {
    const auto before = result_.problems.size();
    if (auto done = rewrite_zookeeper(from, to, names_, result_.problems); !done) return done;
    for (const fs::path& entry : entries_of(from))
      result_.files += is_zookeepers(entry.filename().string()) ? 1U : 0U;
    result_.files -= result_.problems.size() - before;
    return {};
  }

  // By its name, as whoever reads a fleet knows it.
  sim::Expected<void> file(const fs::path& from, const fs::path& to) {
    const std::string name = from.filename().string();
    if (name == kManifestName) return {};
    // Segments of other partitions, as tools/collect --offsets brings them, hold records of
    // clients.
    const std::string partition = from.parent_path().filename().string();
    const bool of_clients =
        partition.starts_with("__") && !partition.starts_with("__cluster_metadata");
    if (of_clients) {
      result_.left_out.push_back(from.string());
      return {};
    }
    if (kraft::parse_segment_name(name) || kraft::parse_checkpoint_name(name) ||
        name == kraft::kBootstrapCheckpoint) {
      ++result_.files;
      return rewrite_metadata_file(from, to, names_);
    }
    const auto same = [](std::string_view t) { return std::string(t); };
    if (name.ends_with(kMetaName) || name == "quorum-state" || name == "leader-epoch-checkpoint" ||
        name == "partition.metadata" || name == kVersionName || name.ends_with(".version") ||
        name == "java-version" || name == "myid")
      return text(from, to, same);
    if (name == kEnsembleName || name.ends_with(".properties"))
      return properties(from, to, name == kEnsembleName);
    if (name == "partitions") return text(from, to, [&](auto t) { return partitions(t); });
    if (name == "jars") return text(from, to, [&](auto t) { return jars(t); });
    if (from.parent_path().filename() == "logs" && !name.ends_with(".gz")) {
      logs_.emplace_back(from, to);
      return {};
    }
    result_.left_out.push_back(from.string());
    return {};
  }

  template <class Change>
  sim::Expected<void> text(const fs::path& from, const fs::path& to, Change&& change) {
    const auto read = read_file(from);
    if (!read) return std::unexpected(read.error());
    ++result_.files;
    std::error_code ignored;  // the writer will say so
    fs::create_directories(to.parent_path(), ignored);
    return zk::disk::write_file(to, sim::as_bytes(change(std::string_view(*read))));
  }

  sim::Expected<void> properties(const fs::path& from, const fs::path& to, bool ensemble) {
    const auto read = read_file(from);
    if (!read) return std::unexpected(read.error());
    const auto parsed = sim::PropertiesFile::parse(*read, from.string());
    if (!parsed) return std::unexpected(parsed.error());
    return text(from, to, [&](std::string_view) {
      return ensemble ? migrate::pseudonymous_ensemble(names_, *parsed)
                      : migrate::pseudonymous_properties(names_, *parsed);
    });
  }

  // "bytes<tab>topic id<tab>name".
  std::string partitions(std::string_view listing) {
    return by_line(listing, [&](std::string_view line) {
      const std::size_t tab = line.rfind('\t');
      if (tab == std::string_view::npos) return names_.words(line);
      return std::string(line.substr(0, tab + 1)) +
             names_.partition_directory(line.substr(tab + 1));
    });
  }

  // What Kafka and ZooKeeper come with; plugins may be named after their owner.
  std::string jars(std::string_view listing) {
    return by_line(listing, [&](std::string_view line) {
      const bool common = starts_with_any(
          line, {"kafka", "zookeeper", "connect-", "confluent", "log4j", "reload4j", "slf4j",
                 "logback", "scala", "jackson", "jetty", "netty", "zstd", "snappy", "lz4"});
      return common ? std::string(line) : names_.words(line);
    });
  }

  // "broker-1" says what a node is; what stands there instead of a number is a host's name.
  std::string folder_name(const std::string& name) {
    if (starts_with_any(name, {"log-dir-", "version-2", "__cluster_metadata"}) || name == "logs" ||
        name == "data" || name == "metadata")
      return name;
    for (const std::string_view role :
         {"broker-", "controller-", "combined-", "zookeeper-", "zk-", "node-"}) {
      if (!name.starts_with(role)) continue;
      const std::string_view rest = std::string_view(name).substr(role.size());
      return is_number_suffix(rest) ? name : std::string(role) + names_.name(rest);
    }
    return names_.name(name);
  }

  // "broker-1.meta.properties", "broker-1.version": of a node; other files have Kafka's names.
  std::string file_name(const std::string& name) {
    const std::size_t dot = name.find('.');
    const bool own = dot == std::string::npos || name == kServerName || name == kMetaName ||
                     name == kOverridesName || name == kSystemName || name == kEnsembleName ||
                     name.find_first_of("0123456789") == 0 ||
                     !(name.ends_with(".properties") || name.ends_with(".version"));
    return own ? name : folder_name(name.substr(0, dot)) + name.substr(dot);
  }

  // A path in a collection, as `folder` and `file` named what they wrote.
  std::string path_in_collection(const std::string& path) {
    fs::path renamed;
    const fs::path original(path);
    for (auto part = original.begin(); part != original.end(); ++part) {
      const std::string name = part->string();
      renamed /= std::next(part) == original.end() && !is_log_directory(path) ? file_name(name)
                                                                              : folder_name(name);
    }
    return renamed.generic_string();
  }
  static bool is_log_directory(const std::string& path) {
    return fs::path(path).filename().string().starts_with("log-dir-");
  }
  // Where a file lay on its machine; its own name is Kafka's.
  std::string origin(const std::string& path) {
    const fs::path original(path);
    return names_.path(original.parent_path().generic_string()) +
           (original.has_parent_path() ? "/" : "") + original.filename().string();
  }

  sim::Expected<void> manifest(const fs::path& from, const fs::path& to) {
    auto read = read_manifest(from);
    if (!read) return std::unexpected(std::move(read).error());
    Collection& collection = *read;
    collection.host = names_.name(collection.host);
    for (CollectedNode& node : collection.nodes) {
      node.name = folder_name(node.name);
      node.config = origin(node.config);
    }
    for (CollectedDirectory& directory : collection.directories) {
      directory.path = path_in_collection(directory.path);
      directory.from = names_.path(directory.from);
    }
    for (MissingFile& missing : collection.missing) {
      missing.path = names_.path(missing.path);
      missing.why = names_.known_words(missing.why);
    }
    std::vector<CollectedFile> files;
    for (CollectedFile& each : collection.files) {
      each.path = path_in_collection(each.path);
      const auto written = read_file(to / each.path);
      if (!written) continue;  // left out, and said to be so
      each.bytes = written->size();
      each.sha256 = sha256_of(*written);
      each.from = origin(each.from);
      each.secrets = each.secrets == "none" ? "none" : "replaced";
      each.holds.reset();
      files.push_back(std::move(each));
    }
    collection.files = std::move(files);
    ++result_.files;
    return zk::disk::write_file(to / kManifestName, sim::as_bytes(manifest_text(collection)));
  }

  migrate::Pseudonyms& names_;
  Pseudonymised result_;
  std::vector<std::pair<fs::path, fs::path>> logs_;
  std::vector<std::pair<fs::path, fs::path>> collections_;
};

}  // namespace

sim::Expected<Pseudonymised> pseudonymise(const fs::path& source, const fs::path& out,
                                          migrate::Pseudonyms& names) {
  std::error_code error;
  if (!fs::exists(source, error))
    return sim::refused(Severity::Usage, source.string(), "there is no such file or folder",
                        "Name a fleet, a folder of ZooKeeper's or of the metadata log.");
  if (fs::exists(out, error) && !fs::is_empty(out, error))
    return sim::refused(Severity::Usage, out.string(), "this exists already and is not empty",
                        "Name another folder, or remove it.");
  fs::path target = fs::absolute(out).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  const fs::path inside = target.lexically_relative(fs::absolute(source).lexically_normal());
  if (is_folder(source) && !inside.empty() && *inside.begin() != "..")
    return sim::refused(Severity::Usage, out.string(), "this lies in the SOURCE itself",
                        "Name a folder elsewhere.");
  const fs::path part = target.string() + fmt::format(".part.{}", ::getpid());
  auto result = SourceRewriter(names).run(source, part);
  if (result && result->files == 0)
    result = sim::refused(Severity::Malformed, source.string(),
                          "nothing in it is known to zk2kraft", "Name what `check` takes.");
  if (result) {
    fs::remove(target, error);  // an empty folder
    fs::rename(part, target, error);
    if (!error) return result;
    result = sim::refused(Severity::Malformed, out.string(),
                          "this cannot be written: " + error.message(), "");
  }
  fs::remove_all(part, error);
  return result;
}

migrate::Pseudonyms::KeyedHash keyed_hash(std::string key) {
  return [key = std::move(key)](std::string_view text) {
    std::array<std::uint8_t, 32> sum{};
    unsigned size = 0;
    const sim::ByteView bytes = sim::as_bytes(text);
    sim::check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(),
                    bytes.size(), sum.data(), &size) != nullptr &&
                   size == sum.size(),
               "libcrypto has HMAC-SHA-256");
    return sum;
  };
}

std::string random_key() {
  std::array<unsigned char, 32> bytes{};
  sim::check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
             "libcrypto draws random bytes");
  return {bytes.begin(), bytes.end()};
}

}  // namespace tools
