#include "tools/source/collection.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "sim/base/check.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using sim::Severity;

constexpr int kManifestFormat = 1;

// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    sim::check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
               "libcrypto has SHA-256");
  }
  void add(const char* bytes, std::size_t size) {
    sim::check(EVP_DigestUpdate(context_.get(), bytes, size) == 1, "a digest takes bytes");
  }
  std::string hexadecimal() {
    std::array<unsigned char, 32> sum{};
    sim::check(EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr) == 1, "a digest ends");
    std::string text;
    for (const unsigned char byte : sum) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Nothing where the file cannot be read.
std::optional<std::string> sha256_of_file(const fs::path& file) {
  constexpr std::size_t kPiece = 1U << 16;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  Sha256 sum;
  std::vector<char> piece(kPiece);
  while (stream) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    sum.add(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) return std::nullopt;
  return sum.hexadecimal();
}

// What a line lacks is "" or 0; who needs it says so.
std::string text_of(const ordered_json& line, const char* name) {
  const auto at = line.find(name);
  return at != line.end() && at->is_string() ? at->get<std::string>() : std::string();
}
std::uint64_t number_of(const ordered_json& line, const char* name) {
  const auto at = line.find(name);
  return at != line.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

// A path that leads out of the collection is nobody's.
bool stays_inside(const std::string& path) {
  const fs::path named(path);
  return !path.empty() && named.is_relative() &&
         std::ranges::none_of(named, [](const fs::path& part) { return part == ".."; });
}

// What is wrong with a line; nothing if it was understood.
std::optional<std::string> take_line(const ordered_json& line, Collection& collection) {
  const std::string kind = text_of(line, "kind");
  const std::string path = text_of(line, "path");
  if (kind == "node") {
    collection.nodes.push_back(
        {text_of(line, "name"), text_of(line, "role"), text_of(line, "config")});
  } else if (kind == "directory") {
    collection.directories.push_back(
        {path, text_of(line, "from"), number_of(line, "kib"), number_of(line, "kib_free")});
  } else if (kind == "missing") {
    collection.missing.push_back({path, text_of(line, "why")});
  } else if (kind == "file") {
    if (!stays_inside(path)) return fmt::format("'{}' names no file of this folder", path);
    CollectedFile file{.path = path,
                       .bytes = number_of(line, "bytes"),
                       .sha256 = text_of(line, "sha256"),
                       .from = text_of(line, "from"),
                       .secrets = text_of(line, "secrets"),
                       .holds = std::nullopt};
    if (line.contains("holds")) file.holds = text_of(line, "holds");
    collection.files.push_back(std::move(file));
  } else {
    return fmt::format("'{}' is no kind of line in a manifest", kind);
  }
  return std::nullopt;
}

std::unexpected<sim::Problem> wrong_line(const fs::path& file, std::uint32_t line,
                                         std::string what) {
  return std::unexpected(
      sim::Problem{.severity = Severity::Malformed,
                   .place = {.source = file.string(), .line = line},
                   .what = std::move(what),
                   .remedy = "Collect again, or remove the manifest to do without it."});
}

}  // namespace

bool is_collection(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / kManifestName, ignored);
}

sim::Expected<Collection> read_manifest(const fs::path& folder) {
  const fs::path file = folder / kManifestName;
  std::ifstream stream(file, std::ios::binary);
  Collection collection;
  collection.folder = folder;
  std::string text;
  for (std::uint32_t number = 1; std::getline(stream, text); ++number) {
    const ordered_json line = ordered_json::parse(text, nullptr, false);
    if (!line.is_object()) return wrong_line(file, number, "this is no JSON object");
    if (number > 1) {
      if (auto wrong = take_line(line, collection))
        return wrong_line(file, number, *std::move(wrong));
      continue;
    }
    if (text_of(line, "kind") != "collection")
      return wrong_line(file, number, "a manifest begins with a line of kind \"collection\"");
    if (number_of(line, "format") > kManifestFormat)
      return sim::refused(Severity::Unknown, file.string(),
                          "this manifest is of a later format than this program knows",
                          "Use the zk2kraft that tools/collect came with.");
    collection.tool = text_of(line, "tool");
    collection.host = text_of(line, "host");
    collection.time = text_of(line, "time");
    collection.salt = text_of(line, "salt");
    collection.complete = text_of(line, "complete") != "no";
  }
  if (collection.tool.empty()) return wrong_line(file, 1, "this manifest is empty");
  return collection;
}

std::string manifest_text(const Collection& collection) {
  std::string text;
  const auto add = [&text](const ordered_json& line) {
    text += line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  };
  add({{"kind", "collection"},
       {"format", kManifestFormat},
       {"tool", collection.tool},
       {"host", collection.host},
       {"time", collection.time},
       {"salt", collection.salt},
       {"complete", collection.complete ? "yes" : "no"}});
  for (const CollectedNode& node : collection.nodes)
    add({{"kind", "node"}, {"name", node.name}, {"role", node.role}, {"config", node.config}});
  for (const CollectedDirectory& directory : collection.directories)
    add({{"kind", "directory"},
         {"path", directory.path},
         {"from", directory.from},
         {"kib", directory.kib},
         {"kib_free", directory.kib_free}});
  for (const MissingFile& missing : collection.missing)
    add({{"kind", "missing"}, {"path", missing.path}, {"why", missing.why}});
  for (const CollectedFile& file : collection.files) {
    ordered_json line{{"kind", "file"},        {"path", file.path}, {"bytes", file.bytes},
                      {"sha256", file.sha256}, {"from", file.from}, {"secrets", file.secrets}};
    if (file.holds) line["holds"] = *file.holds;
    add(line);
  }
  return text;
}

std::vector<sim::Problem> verify(const Collection& collection) {
  std::vector<sim::Problem> problems;
  const auto problem = [&](const CollectedFile& file, std::string what) {
    problems.push_back({.severity = Severity::Malformed,
                        .place = {.source = (collection.folder / file.path).string()},
                        .what = std::move(what),
                        .remedy = fmt::format("Fetch it from {} again: there it is {}.",
                                              collection.host, file.from)});
  };
  for (const CollectedFile& file : collection.files) {
    const fs::path path = collection.folder / file.path;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      problem(file, "the manifest names this file, and it is not there");
      continue;
    }
    const std::uint64_t bytes = fs::file_size(path, error);
    if (bytes != file.bytes) {
      problem(file, fmt::format("it has {} bytes, and the manifest says {}", bytes, file.bytes));
      continue;
    }
    const auto sum = sha256_of_file(path);
    if (!sum) {
      problem(file, "it cannot be read");
    } else if (*sum != file.sha256) {
      problem(file, fmt::format("its SHA-256 is {}, and the manifest says {}", *sum, file.sha256));
    }
  }
  return problems;
}

std::vector<std::string> unnamed_files(const Collection& collection) {
  std::set<std::string> named{std::string(kManifestName)};
  for (const CollectedFile& file : collection.files) named.insert(file.path);
  std::vector<std::string> unnamed;
  std::error_code error;
  for (fs::recursive_directory_iterator at(collection.folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    std::string path = at->path().lexically_relative(collection.folder).generic_string();
    if (!named.contains(path)) unnamed.push_back(std::move(path));
  }
  std::ranges::sort(unnamed);
  return unnamed;
}

sim::Expected<std::string> read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream && text.empty() && !stream.eof())
    return sim::refused(Severity::Malformed, file.string(), "this file cannot be read",
                        "Check its permissions.");
  return text;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes.data(), bytes.size());
  return sum.hexadecimal();
}

}  // namespace tools
