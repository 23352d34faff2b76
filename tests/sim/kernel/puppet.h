#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/match.h"
#include "sim/kernel/world.h"

// A process on strings, for tests of the kernel: it remembers what it was handed and does what the
// test tells it to.
namespace sim::puppet {

struct Word {
  std::string text;
  static constexpr std::string_view kName = "puppet.Word";
  static constexpr auto fields(auto&& visit) { return visit(field("text", &Word::text)); }
};
struct Said {
  std::string text;
  static constexpr std::string_view kName = "puppet.Said";
  static constexpr std::string_view kRule = "README.md of sim/kernel";
  static constexpr auto fields(auto&& visit) { return visit(field("text", &Said::text)); }
};

inline Payload word(std::string text) {
  return Payload::of(Word{std::move(text)});
}
inline std::string text_of(const Payload& payload) {
  return payload.as<Word>().text;
}

// "Word 'a' from 2", "Wake", "Connected 1/1 to 2"…
inline std::string brief(const Input& input) {
  const auto over = [](ConnectionId id) {
    return fmt::format("{}/{}", id.opener.value(), id.serial);
  };
  return match(
      input,
      [](const Received& received) {
        return fmt::format("'{}' from {}", text_of(received.message),
                           received.from == kOperator ? std::string("operator")
                                                      : std::to_string(received.from.value()));
      },
      [](const Wake&) { return std::string("wake"); },
      [&](const Connected& connected) {
        return fmt::format("connected {} to {}", over(connected.connection),
                           connected.peer.value());
      },
      [&](const Disconnected& gone) {
        return fmt::format("disconnected {} from {}", over(gone.connection), gone.peer.value());
      },
      [](const DiskFailed& failed) { return fmt::format("disk failed {}", failed.file.value()); });
}

class Puppet {
 public:
  struct Context {
    Instant now;
    const Input& input;
    Choices& choices;
    Puppet& self;
    // The text of the message received, or empty.
    std::string text() const {
      const auto* const received = std::get_if<Received>(&input);
      return received == nullptr ? std::string{} : text_of(received->message);
    }
  };
  using Script = std::function<Effects(const Context&)>;

  Puppet(Instant now, const Durable& disk, Incarnation life, std::shared_ptr<const Script> script)
      : born(now), found(disk), incarnation(life), script_(std::move(script)) {}

  Effects step(Instant now, Input input, Choices& choices) {
    heard.push_back(brief(input));
    times.push_back(now);
    if (std::holds_alternative<Wake>(input)) wake_at.reset();
    return (*script_)(Context{now, input, choices, *this});
  }
  std::optional<Instant> deadline() const { return wake_at; }
  void digest_into(Digest& digest) const {
    sim::digest_into(digest, heard);
    sim::digest_into(digest, times);
    sim::digest_into(digest, wake_at);
  }

  Instant born;
  Durable found;  // on the disk when this life began
  Incarnation incarnation;
  std::vector<std::string> heard;
  std::vector<Instant> times;  // local, of each input
  std::optional<Instant> wake_at;

 private:
  std::shared_ptr<const Script> script_;
};

inline Host<Puppet>::Factory acting(Puppet::Script script,
                                    std::optional<Duration> first_wake = std::nullopt) {
  return [shared = std::make_shared<const Puppet::Script>(std::move(script)), first_wake](
             Instant now, const Durable& disk, Incarnation life) {
    Puppet puppet(now, disk, life, shared);
    if (first_wake) puppet.wake_at = now + *first_wake;
    return puppet;
  };
}
inline Host<Puppet>::Factory listening() {
  return acting([](const Puppet::Context&) { return Effects{}; });
}

inline const std::vector<std::string>& heard(const World& world, NodeId node) {
  return world.core<Puppet>(node).heard;
}

// All words in a file, in order.
inline std::vector<std::string> words(const FileContent& content) {
  std::vector<std::string> texts;
  for (const Payload& entry : content.entries) texts.push_back(text_of(entry));
  return texts;
}

}  // namespace sim::puppet
