#include "sim/kafka/record_version.h"

namespace sim {

std::int16_t record_version(const Record& record, MetadataVersion version) {
  return std::visit(
      [&]<class T>(const T& body) -> std::int16_t {
        if constexpr (std::same_as<T, BrokerRegistrationChangeRecord>) {
          // Each writer in ReplicationControlManager names the version that its own change needs.
          if (!body.log_dirs.empty()) return 2;
          return body.in_controlled_shutdown == ControlledShutdownChange::None ? 0 : 1;
        } else {
          return record_version<T>(version);
        }
      },
      record);
}

}  // namespace sim
