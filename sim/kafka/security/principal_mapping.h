#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/kafka/security/java_regex.h"

// How a certificate's distinguished name and a Kerberos principal become the name of a
// KafkaPrincipal (DefaultKafkaPrincipalBuilder; ssl.principal.mapping.rules,
// sasl.kerberos.principal.to.local.rules). The first rule that applies decides. An ACL names what
// comes out, so a wrong rule is a wrong user.
namespace sim {

// Why a name has no principal: the connection fails.
struct MappingFailure {
  enum class Kind : std::uint8_t {
    NoMatchingRule,  // no rule applies, or what came out still looks like a Kerberos name
    BadFormat,       // $5 of a name with two components
    BadReplacement,  // $1 where the pattern has no group, a backslash at the end: found when the
                     // rule is first used
    MalformedName,
  };
  Kind kind = Kind::NoMatchingRule;
  std::string what;
  bool operator==(const MappingFailure&) const = default;
};

// ssl.principal.mapping.rules: RULE:pattern/replacement/[LU] and DEFAULT, separated by commas
// (KIP-371).
class SslPrincipalMapper {
 public:
  // Without a value: DEFAULT. An error is why the broker does not start.
  static std::expected<SslPrincipalMapper, std::string> from_rules(
      std::optional<std::string_view> rules);

  std::expected<std::string, MappingFailure> get_name(std::string_view distinguished_name) const;
  std::size_t rule_count() const { return rules_.size(); }

 private:
  struct Rule {
    JavaPattern pattern;
    std::string replacement;
    char change = ' ';  // L, U or neither
  };
  struct Default {};
  std::vector<std::variant<Default, Rule>> rules_;
};

// org.apache.kafka.common.security.kerberos.KerberosName: service/host@REALM
struct KerberosName {
  std::string service_name;
  std::optional<std::string> host_name = {};
  std::optional<std::string> realm = {};

  static std::expected<KerberosName, MappingFailure> parse(std::string_view principal);
  bool operator==(const KerberosName&) const = default;
};

// sasl.kerberos.principal.to.local.rules, as krb5.conf's auth_to_local:
// RULE:[n:format](match)s/from/to/g/L and DEFAULT.
class KerberosShortNamer {
 public:
  // The setting's list, already split at its commas. An error is why the broker does not start.
  static std::expected<KerberosShortNamer, std::string> from_unparsed_rules(
      std::string default_realm, const std::vector<std::string>& rules);

  std::expected<std::string, MappingFailure> short_name(const KerberosName& name) const;

 private:
  struct Rule {
    std::int32_t components = 0;
    std::string format;
    std::optional<JavaPattern> match;
    std::optional<JavaPattern> from;
    std::string to;
    bool repeat = false;
    char change = ' ';  // L, U or neither
  };
  struct Default {};
  using AnyRule = std::variant<Default, Rule>;
  using Applied = std::expected<std::optional<std::string>, MappingFailure>;
  static std::expected<AnyRule, std::string> parse(std::string_view rule);
  Applied apply(const AnyRule& rule, const std::vector<std::string>& params) const;

  std::string default_realm_;
  std::vector<AnyRule> rules_;
};

}  // namespace sim
