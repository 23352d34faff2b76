#include "tools/zk2kraft/source_options.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "sim/base/match.h"
#include "zk/live/connect_options.h"

namespace tools {
namespace {

std::optional<std::string> given(const po::variables_map& arguments, const char* name) {
  if (arguments.count(name) == 0) return std::nullopt;
  return arguments[name].as<std::string>();
}

// "digest:user:password" or "digest:@file".
sim::Expected<std::string> credentials(const std::string& auth) {
  const auto wrong = [](std::string what, std::string remedy) {
    return std::unexpected(sim::Problem{.severity = sim::Severity::Usage,
                                        .place = {.source = "--auth"},
                                        .what = std::move(what),
                                        .remedy = std::move(remedy)});
  };
  constexpr std::string_view kDigest = "digest:";
  if (!auth.starts_with(kDigest)) {
    return wrong("only the scheme digest can be used",
                 std::string("Write digest:USER:PASSWORD. ") + zk::live::kCopyFilesInstead);
  }
  std::string pair = auth.substr(kDigest.size());
  if (pair.starts_with('@')) {
    auto line = first_line(pair.substr(1), "USER:PASSWORD");
    if (!line) return std::unexpected(std::move(line).error());
    pair = *std::move(line);
  }
  const std::size_t colon = pair.find(':');
  if (colon == 0 || colon == std::string::npos) {
    return wrong("the credentials are not USER:PASSWORD",
                 "Write digest:USER:PASSWORD, or digest:@FILE.");
  }
  return pair;
}

// The fleet is judged for this phase, and keeps what its files show.
void set_phase(migrate::Phase phase, Fleet& fleet) {
  fleet.facts.phase_because = fmt::format("--phase says so; the files show {}, because {}",
                                          name_of(fleet.facts.phase), fleet.facts.phase_because);
  fleet.facts.phase = phase;
}

}  // namespace

void add_source_options(po::options_description& options) {
  options.add_options()(
      "chroot", po::value<std::string>()->value_name("PATH"),
      "root of the Kafka cluster in ZooKeeper's tree (default: the one there is)")(
      "at", po::value<std::string>()->value_name("ZXID"),
      "ZooKeeper's files as of this transaction (0x1f3 or decimal), or 'claim': the tree that the "
      "migration copied")("secret", po::value<std::string>()->value_name("FILE"),
                          "file whose first line is password.encoder.secret, for passwords that "
                          "stand encoded in ZooKeeper")(
      "data-log-dir", po::value<std::string>()->value_name("DIR"),
      "transaction logs of a ZooKeeper server whose dataLogDir is not its dataDir")(
      "auth", po::value<std::string>()->value_name("digest:USER:PASSWORD"),
      "credentials for znodes of a live ensemble that not everyone may read; digest:@FILE takes "
      "USER:PASSWORD from the first line of FILE");
}

sim::Expected<SourceOptions> source_options(const po::variables_map& arguments) {
  SourceOptions options{.chroot = given(arguments, "chroot"), .at = given(arguments, "at")};
  if (const auto file = given(arguments, "secret")) {
    auto secret = read_secret(*file);
    if (!secret) return std::unexpected(std::move(secret).error());
    options.password_secret = *std::move(secret);
  }
  options.data_log_dir = given(arguments, "data-log-dir");
  if (options.data_log_dir && !std::filesystem::is_directory(*options.data_log_dir)) {
    return std::unexpected(sim::Problem{
        .severity = sim::Severity::Usage,
        .place = {.source = *options.data_log_dir},
        .what = "there is no such folder",
        .remedy = "--data-log-dir is the server's dataLogDir, or the version-2 in it."});
  }
  if (const auto auth = given(arguments, "auth")) {
    auto pair = credentials(*auth);
    if (!pair) return std::unexpected(std::move(pair).error());
    options.digest_auth = *std::move(pair);
  }
  return options;
}

std::optional<sim::Problem> refused_beside(const po::variables_map& arguments,
                                           std::string_view with,
                                           std::span<const char* const> options) {
  for (const char* const option : options) {
    if (arguments.count(option) != 0 && !arguments[option].defaulted())
      return usage(fmt::format("--{} means nothing {}", option, with), "Leave it out.");
  }
  return std::nullopt;
}

sim::Expected<std::optional<migrate::Phase>> asked_phase(const po::variables_map& arguments) {
  const auto name = given(arguments, "phase");
  if (!name) return std::nullopt;
  const auto phase = migrate::parse_phase(*name);
  if (!phase)
    return sim::refused(sim::Severity::Usage, "--phase",
                        fmt::format("there is no phase '{}'", *name),
                        "The phases are S0 to S8, R1 and R2.");
  return phase;
}

sim::Expected<Fleet> open_fleet_with(const po::variables_map& arguments,
                                     const std::vector<std::string>& sources) {
  const auto options = source_options(arguments);
  if (!options) return std::unexpected(options.error());
  return open_fleet(sources, *options);
}

sim::Expected<Fleet> open_asked_fleet(const po::variables_map& arguments, std::string_view write) {
  if (arguments.count("source") == 0) {
    constexpr std::string_view kProgram = "zk2kraft ";
    const std::string_view verb =
        write.substr(kProgram.size(), write.find(' ', kProgram.size()) - kProgram.size());
    return std::unexpected(
        usage(fmt::format("{} needs a SOURCE", verb), fmt::format("Write: {}.", write)));
  }
  return open_fleet_with(arguments, arguments["source"].as<std::vector<std::string>>());
}

sim::Expected<Fleet> open_fleet_for_phase(const po::variables_map& arguments,
                                          std::string_view write) {
  const auto phase = asked_phase(arguments);
  if (!phase) return std::unexpected(phase.error());
  auto fleet = open_asked_fleet(arguments, write);
  if (fleet && *phase) set_phase(**phase, *fleet);
  return fleet;
}

ExitCode report_problems(const Fleet& fleet) {
  ExitCode code = ExitCode::Good;
  for (const sim::Problem& problem : fleet.problems) code = worse(code, report(problem));
  return code;
}

ExitCode soundness(const OpenSource& source, const zk::ReadReport& report) {
  return sim::match(
      source,
      [&](const ZooKeeperSource& zookeeper) {
        const bool complete = !zookeeper.casts_doubt() && report.unreadable.empty() &&
                              report.encoded_passwords.empty() && zookeeper.view.unreadable.empty();
        return complete ? ExitCode::Good : ExitCode::Unknown;
      },
      [](const MetadataSource& metadata) {
        ExitCode code = metadata.loaded.log.damage ? ExitCode::Malformed : ExitCode::Good;
        for (const sim::Problem& problem : metadata.loaded.problems)
          code = worse(code, exit_code_of(problem.severity));
        return code;
      });
}

}  // namespace tools
