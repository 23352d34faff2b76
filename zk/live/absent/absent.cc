#include "zk/live/read_tree.h"

// What a build without the C client says in the place of zk/live (README.md).
namespace zk::live {

const char* const kCopyFilesInstead =
    "Copy a server's dataDir (and dataLogDir) and name it instead.";

sim::Expected<LiveRead> read_tree(const LiveOptions& options) {
  return sim::refused(sim::Severity::Usage, options.connect.hosts,
                      "this build of zk2kraft reads files, and no live ensemble",
                      std::string(kCopyFilesInstead) +
                          " tools/collect gathers them; a zk2kraft that was built with "
                          "libzookeeper-mt-dev reads the ensemble itself.");
}

}  // namespace zk::live
