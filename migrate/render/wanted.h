#pragma once

#include "migrate/render/matrix.h"

// The functions of the matrix's rows: what a config is to be on one node.
namespace migrate::wanted {

Wanted role(const Rendering& rendering);
Wanted migration_flag(const Rendering& rendering);
Wanted generation(const Rendering& rendering);
Wanted protocol_version(const Rendering& rendering);
Wanted quorum_voters(const Rendering& rendering);
Wanted bootstrap_servers(const Rendering& rendering);
Wanted controller_listeners(const Rendering& rendering);
Wanted controller_mechanism(const Rendering& rendering);
Wanted protocol_map(const Rendering& rendering);
Wanted inter_broker_listener(const Rendering& rendering);
Wanted inter_broker_security(const Rendering& rendering);
Wanted authorizer(const Rendering& rendering);
Wanted rule_providers(const Rendering& rendering);
Wanted super_users(const Rendering& rendering);

}  // namespace migrate::wanted
