#pragma once

#include <string>
#include <string_view>

#include "migrate/pseudonym/names.h"
#include "sim/base/properties.h"

// Pseudonyms in configurations: which values name somebody or something.
namespace migrate {

// The value of a config of a node, topic, user, client or group. Numbers, booleans and words that
// Kafka defines stay; hosts, paths, principals and racks are renamed; secrets are replaced; of
// what Kafka does not define every word is renamed.
std::string pseudonymous_value(Pseudonyms& names, std::string_view key, std::string_view value);

// A server.properties. As many lines; comments lose their text, for they may say anything.
std::string pseudonymous_properties(Pseudonyms& names, const sim::PropertiesFile& file);
// The same of a zoo.cfg.
std::string pseudonymous_ensemble(Pseudonyms& names, const sim::PropertiesFile& file);

}  // namespace migrate
