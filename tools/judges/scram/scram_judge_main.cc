#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "sim/kafka/scram.h"
#include "sim/kafka/security/scram_exchange.h"
#include "tools/judges/peer/peer.h"

// Our side of `tools/conformance scram`. In each exchange Kafka's client and ours, with the same
// nonce, get the same messages, and so do Kafka's server and ours: each must write the same bytes,
// or fail in the same way. Some messages are changed on the way.
//
// What may differ: the words of an error that the other side never sees (all but
// SaslAuthenticationException's).
namespace {

using nlohmann::json;
using sim::Bytes;
using sim::ScramMechanism;
using tools::Draw;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}
std::string hex(const Bytes& bytes) {
  return hex(sim::as_text(bytes));
}
std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

constexpr std::array kNames{"alice", "CN=app,OU=it", "a=b", ",",   "=", "=3D",
                            "=2C,",  "b\xC3\xB6rk",  "bob", "x y", ""};
constexpr std::array kPasswords{"pencil",           "secret", "p\xC3\xA4ss,w=rd",
                                "\xF0\x9F\x98\x80", "a",      ""};

struct Exchange {
  ScramMechanism mechanism = ScramMechanism::ScramSha256;
  sim::ScramLogin login;
  std::map<std::string, sim::ScramCredential> users;
  std::map<std::string, sim::ScramIdentity> tokens;
  std::string story;
};

// What one side said: a message or an error, and who it is once complete.
struct Said {
  std::string message;
  std::string error;
  bool complete = false;
  std::string authorization_id = {};
  std::optional<std::int64_t> expiry = {};
  bool operator==(const Said&) const = default;
  std::string text() const {
    return fmt::format("'{}' {}{} {}{}", message, error, complete ? " complete" : "",
                       authorization_id, expiry ? fmt::format(" until {}", *expiry) : "");
  }
};

std::string error_of(const sim::SaslError& error) {
  switch (error.kind) {
    case sim::SaslErrorKind::Sasl:
      return "Sasl";
    case sim::SaslErrorKind::SaslAuthentication:
      return "SaslAuthentication: " + error.message;
    case sim::SaslErrorKind::IllegalSaslState:
      return "IllegalSaslState";
    case sim::SaslErrorKind::IllegalArgument:
      return "IllegalArgument";
  }
  return "?";
}

Said said_by(const sim::SaslResult<std::string>& result, bool complete) {
  return {.message = result.value_or(""),
          .error = result ? "" : error_of(result.error()),
          .complete = complete};
}

class Judged {
 public:
  Judged(tools::Peer& peer, Draw& draw, Exchange exchange)
      : peer_(peer), draw_(draw), exchange_(std::move(exchange)) {}

  // Why the two disagree, or nothing.
  std::optional<std::string> run() {
    begin();
    const std::string client_first = theirs("client", "").message;
    const std::size_t nonce = client_first.find(",r=") + 3;
    client_.emplace(exchange_.mechanism, exchange_.login,
                    client_first.substr(nonce, client_first.find(',', nonce) - nonce));
    if (const auto started = client_->start(); started != client_first) {
      return fmt::format("client first: theirs {}, ours {}", client_first,
                         started.value_or("an error"));
    }

    std::string message = changed(client_first);
    const Said server_first = theirs("server", message);
    const auto parsed = sim::ServerFirstMessage::parse(server_first.message);
    const auto asked = sim::ClientFirstMessage::parse(message);
    server_.emplace(exchange_.mechanism,
                    parsed && asked ? parsed->nonce.substr(asked->nonce.size()) : "unused");
    if (auto why = compared("server first", server_first, server(message))) return why;

    for (int round = 0; round < 2; ++round) {
      message = changed(last_ok_server_);
      const Said of_client = theirs("client", message);
      if (auto why = compared("client", of_client, client(message))) return why;
      message = changed(of_client.error.empty() ? of_client.message : "c=biws,r=x,p=");
      if (round == 1 && !draw_.one_in(4)) break;
      if (auto why = compared("server", theirs("server", message), server(message))) return why;
    }
    return std::nullopt;
  }
  bool authenticated() const { return client_->complete() && server_->complete(); }
  const std::map<std::string, int>& errors() const { return errors_; }
  const std::string& story() const { return exchange_.story; }
  bool tampered() const { return tampered_; }

 private:
  void begin() {
    json users = json::object();
    for (const auto& [name, credential] : exchange_.users)
      users[name] = credential_json(credential);
    json tokens = json::object();
    for (const auto& [id, identity] : exchange_.tokens) {
      tokens[id] = credential_json(*identity.credential);
      tokens[id]["owner"] = *identity.token_owner;
      tokens[id]["expiry"] = *identity.token_expiry_timestamp_ms;
    }
    json extensions = json::object();
    for (const auto& [key, value] : exchange_.login.extensions) extensions[key] = value;
    peer_.ask(json{
        {"new", sim::name_of(exchange_.mechanism)},
        {"user", exchange_.login.user},
        {"password", exchange_.login.password},
        {"extensions", extensions},
        {"users", users},
        {"tokens",
         tokens}}.dump());
  }
  static json credential_json(const sim::ScramCredential& credential) {
    return {{"salt", hex(credential.salt)},
            {"storedKey", hex(credential.stored_key)},
            {"serverKey", hex(credential.server_key)},
            {"iterations", credential.iterations}};
  }

  Said theirs(const char* side, std::string_view message) {
    const json answer = json::parse(peer_.ask(json{{side, hex(message)}}.dump()));
    Said said{.message = unhex(answer.value("message", "")),
              .error = answer.value("error", ""),
              .complete = answer.at("complete")};
    if (said.error == "SaslAuthentication")
      said.error += ": " + answer.at("text").get<std::string>();
    said.authorization_id = answer.value("authorizationId", "");
    if (answer.contains("expiry") && !answer.at("expiry").is_null())
      said.expiry = answer.at("expiry").get<std::int64_t>();
    return said;
  }
  Said client(std::string_view message) {
    const auto result = client_->evaluate_challenge(message);
    return said_by(result, client_->complete());
  }
  Said server(std::string_view message) {
    const auto result =
        server_->evaluate_response(message, [&](std::string_view name, sim::ScramName kind) {
          if (kind == sim::ScramName::TokenId) {
            const auto found = exchange_.tokens.find(std::string(name));
            return found == exchange_.tokens.end() ? sim::ScramIdentity{} : found->second;
          }
          const auto found = exchange_.users.find(std::string(name));
          return found == exchange_.users.end() ? sim::ScramIdentity{}
                                                : sim::ScramIdentity{.credential = found->second};
        });
    Said said = said_by(result, server_->complete());
    if (server_->complete()) {
      said.authorization_id = server_->authorization_id();
      said.expiry = server_->token_expiry_timestamp_ms();
    }
    return said;
  }

  std::optional<std::string> compared(const char* step, const Said& theirs, const Said& ours) {
    if (!theirs.error.empty()) ++errors_[fmt::format("{}: {}", step, theirs.error.substr(0, 60))];
    if (theirs.error.empty() && std::string_view(step).starts_with("server"))
      last_ok_server_ = theirs.message;
    if (theirs == ours) return std::nullopt;
    return fmt::format("{}: theirs {}, ours {}", step, theirs.text(), ours.text());
  }

  std::string changed(std::string message) {
    if (!draw_.one_in(8)) return message;
    tampered_ = true;
    const std::size_t at = message.empty() ? 0 : draw_.below(message.size());
    switch (draw_.below(12)) {
      case 0:
        return message.substr(0, at);
      case 1:
        message.insert(at, 1, static_cast<char>(draw_.below(256)));
        return message;
      case 2:
        if (!message.empty()) message[at] = static_cast<char>(draw_.below(256));
        return message;
      case 3:
        return message + ",ext=value";
      case 4:
        return "m=reserved," + message;
      case 5:
        return put_before(message, "n=", "m=x,");
      case 6:
        return put_before(message, "r=", "x=1,");
      case 7:
        return put_before(message, ",p=", ",zeta=1,tokenauth=true,b=2");
      case 8:
        return put_behind(message, "r=", "extra");
      case 9:
        return put_behind(message, "p=", "AAAA");
      case 10:
        return put_behind(message, "n,", draw_.one_in(2) ? "a=alice" : "a=a=3Db");
      default:
        return draw_.one_in(2) ? "e=other-error"
                               : "r=0,s=,i=" + std::to_string(draw_.word() >> draw_.below(64));
    }
  }
  static std::string put_before(std::string message, std::string_view what, std::string_view text) {
    const std::size_t at = message.find(what);
    return at == std::string::npos ? message : message.insert(at, text);
  }
  static std::string put_behind(std::string message, std::string_view what, std::string_view text) {
    const std::size_t at = message.find(what);
    return at == std::string::npos ? message : message.insert(at + what.size(), text);
  }

  tools::Peer& peer_;
  Draw& draw_;
  Exchange exchange_;
  std::optional<sim::ScramSaslClient> client_;
  std::optional<sim::ScramSaslServer> server_;
  std::string last_ok_server_;
  std::map<std::string, int> errors_;
  bool tampered_ = false;
};

Bytes salt(Draw& draw) {
  Bytes bytes(draw.below(24));
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(draw.below(256));
  return bytes;
}

// Asks Kafka for the keys of a password, and holds ours against them.
bool same_keys(tools::Peer& peer, const sim::ScramCredential& ours, const std::string& password) {
  const json theirs = json::parse(peer.ask(json{
      {"credential", sim::name_of(ours.mechanism)},
      {"password", password},
      {"salt", hex(ours.salt)},
      {"iterations", ours.iterations}}.dump()));
  return theirs.at("storedKey") == hex(ours.stored_key) &&
         theirs.at("serverKey") == hex(ours.server_key);
}

Exchange exchange_of(Draw& draw) {
  Exchange made{.mechanism =
                    draw.one_in(2) ? ScramMechanism::ScramSha256 : ScramMechanism::ScramSha512};
  made.login.user = draw.of(kNames);
  const std::string password = draw.of(kPasswords);
  made.login.password = password;
  const std::string kept = password.empty() ? "x" : password;
  const std::int32_t iterations =
      draw.one_in(12) ? 4095 : 4096 + static_cast<std::int32_t>(draw.below(30));
  const auto credential =
      sim::generate_credential(made.mechanism, made.login.user, kept, salt(draw), iterations);
  made.story = "good";
  if (draw.one_in(4)) {
    made.story = "token";
    made.login.extensions.emplace_back("tokenauth", draw.one_in(5) ? "TRUE" : "true");
    made.tokens[made.login.user] = {.credential = credential,
                                    .token_owner = "owner",
                                    .token_expiry_timestamp_ms = 1'700'000'000'000};
  } else {
    made.users[made.login.user] = credential;
  }
  for (std::size_t n = draw.one_in(6) ? 1 + draw.below(14) : 0; n > 0; --n) {
    std::string key;
    for (std::size_t length = 1 + draw.below(3); length > 0; --length)
      key += static_cast<char>('a' + draw.below(26));
    if (std::ranges::find(made.login.extensions, key,
                          &std::pair<std::string, std::string>::first) ==
        made.login.extensions.end())
      made.login.extensions.emplace_back(key, "v=" + std::to_string(n));
  }
  std::ranges::sort(made.login.extensions);  // as JSON names them to the peer
  switch (draw.below(6)) {
    case 0:
      made.story = "wrong password";
      made.login.password = kept + "!";
      break;
    case 1:
      made.story = "unknown";
      made.users.clear();
      made.tokens.clear();
      break;
    default:
      break;
  }
  if (iterations < sim::kLeastScramIterations) made.story += ", few iterations";
  return made;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    fmt::print(stderr, "scram_judge SEED EXCHANGES PEER…\n");
    return 3;
  }
  const std::uint64_t seed = std::stoull(words[1]);
  const std::uint64_t exchanges = std::stoull(words[2]);
  tools::Peer peer(std::vector<std::string>(words + 3, words + count));
  std::map<std::string, std::pair<int, int>>
      stories;  // how many, and how many of them authenticated
  std::map<std::string, int> errors;
  std::uint64_t different = 0;
  int keys = 0;
  for (std::uint64_t i = 0; i < exchanges; ++i) {
    Draw draw(sim::Digest::mix(seed) ^ i);
    const Exchange exchange = exchange_of(draw);
    if (draw.one_in(10)) {
      const std::string password = exchange.login.password.empty() ? "x" : exchange.login.password;
      const auto ours = sim::generate_credential(exchange.mechanism, "u", password, salt(draw),
                                                 1 + static_cast<std::int32_t>(draw.below(99)));
      ++keys;
      if (!same_keys(peer, ours, password) && ++different < 6)
        fmt::print("DIFFERENT: keys of '{}', exchange {}\n", password, i);
    }
    Judged judged(peer, draw, exchange);
    if (const auto why = judged.run()) {
      if (++different < 6)
        fmt::print("DIFFERENT: exchange {} ({}, user '{}'{})\n  {}\n", i, judged.story(),
                   exchange.login.user, judged.tampered() ? ", changed on the way" : "", *why);
      continue;
    }
    auto& [all, good] = stories[judged.story() + (judged.tampered() ? ", changed on the way" : "")];
    ++all;
    good += judged.authenticated() ? 1 : 0;
    for (const auto& [error, times] : judged.errors()) errors[error] += times;
  }
  for (const auto& [story, times] : stories)
    fmt::print("  {:<44} {:>6} exchanges, {:>6} authenticated\n", story, times.first, times.second);
  for (const auto& [error, times] : errors) fmt::print("  {:<80} {:>6} times\n", error, times);
  fmt::print("scram: {} exchanges, {} derived keys, {} disagreements\n", exchanges, keys,
             different);
  if (different > 0) return 1;
  if (std::ranges::none_of(stories, [](const auto& each) { return each.second.second > 0; }) ||
      errors.empty() || keys == 0) {
    fmt::print(
        "scram: nobody authenticated, nothing failed or no key was derived, so that this proves "
        "little: more exchanges\n");
    return 2;
  }
  fmt::print("scram: agreed\n");
  return 0;
}
