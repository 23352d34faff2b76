#include "sim/base/check.h"
#include "zk/live/client.h"
#include "zk/live/read_tree.h"

// What a build without the C client says in the place of zk/live (README.md).
namespace zk::live {

const char* const kCopyFilesInstead =
    "Copy a server's dataDir (and dataLogDir) and name it instead.";

namespace {

sim::Problem only_files(const std::string& hosts) {
  return {sim::Severity::Usage,
          {.source = hosts},
          "this build of zk2kraft reads files, and no live ensemble",
          std::string(kCopyFilesInstead) +
              " tools/collect gathers them; a zk2kraft that was built with libzookeeper-mt-dev "
              "reads the ensemble itself."};
}

[[noreturn]] void nobody_is_connected() {
  sim::unreachable("nobody has a client in this build");
}

}  // namespace

sim::Expected<LiveRead> read_tree(const LiveOptions& options) {
  return std::unexpected(only_files(options.connect.hosts));
}

class Client::State {};
Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;
sim::Expected<Client> Client::open(const ConnectOptions& options, Arrival /*arrival*/) {
  return std::unexpected(only_files(options.hosts));
}
void Client::submit(CallId, Request, Watching) {
  nobody_is_connected();
}
std::optional<ClientEvent> Client::next(std::chrono::milliseconds) {
  nobody_is_connected();
}
void Client::close() {}
SessionId Client::session() const {
  nobody_is_connected();
}
std::chrono::milliseconds Client::granted_timeout() const {
  nobody_is_connected();
}

}  // namespace zk::live
