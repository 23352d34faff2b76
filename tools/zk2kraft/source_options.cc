#include "tools/zk2kraft/source_options.h"

#include "sim/base/match.h"

namespace tools {
namespace {

std::optional<std::string> given(const po::variables_map& arguments, const char* name) {
  if (arguments.count(name) == 0) return std::nullopt;
  return arguments[name].as<std::string>();
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
                          "stand encoded in ZooKeeper");
}

sim::Expected<SourceOptions> source_options(const po::variables_map& arguments) {
  SourceOptions options{.chroot = given(arguments, "chroot"), .at = given(arguments, "at")};
  if (const auto file = given(arguments, "secret")) {
    auto secret = read_secret(*file);
    if (!secret) return std::unexpected(std::move(secret).error());
    options.password_secret = *std::move(secret);
  }
  return options;
}

ExitCode soundness(const OpenSource& source, const zk::ReadReport& report) {
  return sim::match(
      source,
      [&](const ZooKeeperSource& zookeeper) {
        const bool complete = !zookeeper.casts_doubt() && report.unreadable.empty() &&
                              zookeeper.view.unreadable.empty();
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
