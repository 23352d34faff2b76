#include "migrate/pseudonym/settings.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "migrate/config/config_reference.h"
#include "migrate/config/definitions.h"
#include "zk/password.h"

namespace migrate {
namespace {

// What a value is made of.
enum class Content {
  Kept,
  Endpoints,
  Path,
  Name,
  Principals,
  Rules,
  Secret,
  Class,
  Words,
};

struct NamedContent {
  std::string_view key;  // with or without a prefix before it
  Content content;
};
constexpr std::array kContents{
    NamedContent{"early.start.listeners", Content::Kept},  // names of listeners
    NamedContent{"listeners", Content::Endpoints},
    NamedContent{"advertised.listeners", Content::Endpoints},
    NamedContent{"controller.quorum.voters", Content::Endpoints},
    NamedContent{"controller.quorum.bootstrap.servers", Content::Endpoints},
    NamedContent{"zookeeper.connect", Content::Endpoints},
    NamedContent{"log.dir", Content::Path},
    NamedContent{"log.dirs", Content::Path},
    NamedContent{"metadata.log.dir", Content::Path},
    NamedContent{"location", Content::Path},
    NamedContent{"broker.rack", Content::Name},
    NamedContent{"sasl.kerberos.service.name", Content::Name},
    NamedContent{"super.users", Content::Principals},
    NamedContent{"ssl.principal.mapping.rules", Content::Rules},
    NamedContent{"sasl.kerberos.principal.to.local.rules", Content::Rules},
    NamedContent{"sasl.oauthbearer.token.endpoint.url", Content::Words},
    NamedContent{"sasl.oauthbearer.jwks.endpoint.url", Content::Words},
    NamedContent{"sasl.oauthbearer.expected.audience", Content::Words},
    NamedContent{"sasl.oauthbearer.expected.issuer", Content::Words},
    NamedContent{"sasl.kerberos.kinit.cmd", Content::Path},
    // Classes that Kafka types as text or as lists.
    NamedContent{"class", Content::Class},
    NamedContent{"class.name", Content::Class},
    NamedContent{"metric.reporters", Content::Class},
    // Of topics and users: what Kafka defines for them.
    NamedContent{"cleanup.policy", Content::Kept},
    NamedContent{"compression.type", Content::Kept},
    NamedContent{"message.timestamp.type", Content::Kept},
    NamedContent{"message.format.version", Content::Kept},
    NamedContent{"replication.throttled.replicas", Content::Kept},
};

bool is_key(std::string_view key, std::string_view name) {
  return key.ends_with(name) &&
         (key.size() == name.size() || key[key.size() - name.size() - 1] == '.');
}

// With "listener.name.x." or "zookeeper." before it or not.
const ConfigDefinition* definition_of(std::string_view key) {
  for (std::string_view rest = key;;) {
    if (const ConfigDefinition* definition = find_definition(rest)) return definition;
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) return nullptr;
    rest.remove_prefix(dot + 1);
  }
}

bool sounds_secret(std::string_view key) {
  std::string lower(key);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::any_of(
      std::array<std::string_view, 10>{"password", "passwd", "passphrase", "secret", "credential",
                                       "credentials", "token", "license", "user.info",
                                       "jaas.config"},
      [&](std::string_view end) { return lower.ends_with(end); });
}

Content content_of(std::string_view key) {
  const ConfigDefinition* const definition = definition_of(key);
  if (zk::is_password_config(key) || sounds_secret(key) ||
      (definition != nullptr && definition->type == ConfigType::Password))
    return Content::Secret;
  const auto named =
      std::ranges::find_if(kContents, [&](const auto& each) { return is_key(key, each.key); });
  if (named != kContents.end()) return named->content;
  if (definition == nullptr) return Content::Words;
  return definition->type == ConfigType::Class ? Content::Class : Content::Kept;
}

// Classes that everybody has.
bool is_public_class(std::string_view name) {
  return std::ranges::any_of(
      std::array<std::string_view, 7>{"org.apache.", "kafka.", "io.confluent.", "io.strimzi.",
                                      "java.", "javax.", "com.sun."},
      [&](std::string_view start) { return name.starts_with(start); });
}

std::string each_of(std::string_view value, char separator,
                    const std::function<std::string(std::string_view)>& part) {
  std::string result;
  while (true) {
    const std::size_t end = value.find(separator);
    std::string_view one = value.substr(0, end);
    const std::size_t begin = std::min(one.find_first_not_of(" \t"), one.size());
    const std::size_t last = one.find_last_not_of(" \t");
    result += one.substr(0, begin);
    if (last != std::string_view::npos) {
      result += part(one.substr(begin, last + 1 - begin));
      result += one.substr(last + 1);
    }
    if (end == std::string_view::npos) return result;
    result += separator;
    value.remove_prefix(end + 1);
  }
}

// As Java writes numbers: "-1", "0.5", "1.0E-7". A letter in one names nobody.
bool is_decimal_number(std::string_view text) {
  const auto digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  const auto sign = [&] {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  };
  sign();
  if (!digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (!text.starts_with('E') && !text.starts_with('e')) return text.empty();
  text.remove_prefix(1);
  sign();
  return digits() && text.empty();
}

// "salt=…,stored_key=…,server_key=…,iterations=4096"; "keyFactory:…,encryptedPassword:…".
std::string parts_replaced(Pseudonyms& names, std::string_view value, char equals,
                           std::initializer_list<std::string_view> secrets) {
  return each_of(value, ',', [&](std::string_view part) {
    const std::size_t at = part.find(equals);
    const std::string_view key = part.substr(0, at);
    if (at == std::string_view::npos || std::ranges::find(secrets, key) == secrets.end())
      return std::string(part);
    return std::string(part.substr(0, at + 1)) + names.base64_secret(part.substr(at + 1));
  });
}

// The file with each value that changes in its place, and as many lines.
std::string rewritten(
    const sim::PropertiesFile& file,
    const std::function<std::string(const sim::PropertiesFile::Element&)>& value_of) {
  std::string text;
  for (const sim::PropertiesFile::Element& element : file.elements()) {
    const std::size_t end = element.text.find_last_not_of("\r\n");
    const std::string line_end = element.text.substr(end == std::string::npos ? 0 : end + 1);
    switch (element.kind) {
      case sim::PropertiesFile::Kind::Blank:
        text += element.text;
        continue;
      case sim::PropertiesFile::Kind::Comment:
        text += "#" + line_end;
        continue;
      case sim::PropertiesFile::Kind::Entry:
        break;
    }
    const std::string value = value_of(element);
    if (value == element.value) {
      text += element.text;
      continue;
    }
    text += element.text.substr(0, element.value_begin) + sim::escaped_value(value) +
            element.text.substr(element.value_end);
    // Lines that the old value went on over.
    const std::string_view old =
        std::string_view(element.text)
            .substr(element.value_begin, element.value_end - element.value_begin);
    for (auto lines = std::ranges::count(old, '\n'); lines > 0; --lines) text += "#\n";
  }
  return text;
}

}  // namespace

std::string pseudonymous_value(Pseudonyms& names, std::string_view key, std::string_view value) {
  if (value.empty()) return {};
  if (key.starts_with("SCRAM-SHA-"))
    return parts_replaced(names, value, '=', {"salt", "stored_key", "server_key"});
  const auto references = references_in(value);
  const bool is_reference =
      references.size() == 1 && references[0].begin == 0 && references[0].end == value.size();
  switch (content_of(key)) {
    case Content::Secret:
      if (zk::looks_encoded(value))
        return parts_replaced(names, value, ':',
                              {"encryptedPassword", "salt", "initializationVector"});
      return is_reference ? std::string(value) : names.redacted(value);
    case Content::Kept:
      return std::string(value);
    case Content::Endpoints:
      return names.endpoints(value);
    case Content::Path:
      return each_of(value, ',', [&](std::string_view each) { return names.path(each); });
    case Content::Name:
      return names.name(value);
    case Content::Principals:
      return each_of(value, ';', [&](std::string_view each) { return names.principal(each); });
    case Content::Rules:
      // Patterns over names: of renamed ones none would fit.
      return "DEFAULT";
    case Content::Class:
      return each_of(value, ',', [&](std::string_view each) {
        return is_public_class(each) ? std::string(each) : names.name(each);
      });
    case Content::Words:
      return is_public_class(value) || is_reference || is_decimal_number(value)
                 ? std::string(value)
                 : names.words(value);
  }
  return {};
}

std::string pseudonymous_properties(Pseudonyms& names, const sim::PropertiesFile& file) {
  return rewritten(file, [&](const sim::PropertiesFile::Element& entry) {
    return pseudonymous_value(names, entry.key, entry.value);
  });
}

std::string pseudonymous_ensemble(Pseudonyms& names, const sim::PropertiesFile& file) {
  return rewritten(file, [&](const sim::PropertiesFile::Element& entry) -> std::string {
    const std::string_view key = entry.key;
    if (sounds_secret(key)) return entry.value.empty() ? "" : names.redacted(entry.value);
    if (key == "dataDir" || key == "dataLogDir" || key == "dynamicConfigFile" ||
        key.ends_with("ocation"))
      return names.path(entry.value);
    // "server.1=host:2888:3888:participant;0.0.0.0:2181", several addresses after '|'.
    if (key.starts_with("server."))
      return each_of(entry.value, ';', [&](std::string_view each) {
        return each_of(each, '|', [&](std::string_view one) { return names.endpoints(one); });
      });
    if (key == "clientPortAddress" || key == "secureClientPortAddress")
      return names.name(entry.value);
    return is_public_class(entry.value) ? entry.value : names.words(entry.value);
  });
}

}  // namespace migrate
