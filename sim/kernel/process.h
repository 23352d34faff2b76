#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "sim/base/check.h"
#include "sim/core/core.h"

namespace sim {

// How often a process was started, from 1: the number of its present life.
using Incarnation = std::uint32_t;

// A program that a node can run, and the state of its present run, if any. The one virtual seam between
// the kernel and all protocols. `Host` implements it for every Core; nothing else should need to.
class Process {
 public:
  virtual ~Process() = default;
  // Makes the core anew from what the disk kept. Requires !alive().
  virtual void boot(Instant now, const Durable& disk, Incarnation incarnation) = 0;
  // Forgets the core, as a crash does.
  virtual void kill() = 0;
  virtual bool alive() const = 0;
  // Requires alive(), like the rest.
  virtual Effects step(Instant now, Input input, Choices& choices) = 0;
  virtual std::optional<Instant> deadline() const = 0;
  virtual void digest_into(Digest& digest) const = 0;
  // An independent copy: a branch of the world steps it without touching this one.
  virtual std::unique_ptr<Process> clone() const = 0;
  // The core if it is of the type that `tag` names (see core_tag), else null.
  virtual const void* core(const void* tag) const = 0;

  Process() = default;
  Process(const Process&) = default;
  Process& operator=(const Process&) = delete;
};

// A process held by value: copying clones it.
class Program {
 public:
  Program() = default;
  explicit Program(std::unique_ptr<Process> process) : process_(std::move(process)) {}
  Program(Program&&) noexcept = default;
  Program& operator=(Program&&) noexcept = default;
  Program(const Program& other) : process_(other.process_ ? other.process_->clone() : nullptr) {}
  Program& operator=(const Program& other) { return *this = Program(other); }
  ~Program() = default;

  explicit operator bool() const { return process_ != nullptr; }
  Process* operator->() { return process_.get(); }
  const Process* operator->() const { return process_.get(); }

 private:
  std::unique_ptr<Process> process_;
};

template <class C>
const void* core_tag() {
  static constexpr char tag = 0;
  return &tag;
}

// Runs a core: holds it by value, remakes it by its factory.
template <Core C>
class Host final : public Process {
 public:
  // Configuration is captured in the factory and never changes; the disk and the incarnation come in.
  using Factory = std::function<C(Instant now, const Durable& disk, Incarnation incarnation)>;
  explicit Host(Factory make) : make_(std::make_shared<const Factory>(std::move(make))) {}

  void boot(Instant now, const Durable& disk, Incarnation incarnation) override {
    check(!core_, "a process is started only when it does not run");
    core_.emplace((*make_)(now, disk, incarnation));
  }
  void kill() override { core_.reset(); }
  bool alive() const override { return core_.has_value(); }
  Effects step(Instant now, Input input, Choices& choices) override {
    return core_->step(now, std::move(input), choices);
  }
  std::optional<Instant> deadline() const override { return core_->deadline(); }
  void digest_into(Digest& digest) const override { core_->digest_into(digest); }
  std::unique_ptr<Process> clone() const override {
    return std::unique_ptr<Process>(new Host(*this));
  }
  const void* core(const void* tag) const override {
    return tag == core_tag<C>() && core_ ? &*core_ : nullptr;
  }

 private:
  Host(const Host&) = default;

  // Shared between branches: a factory is a constant.
  std::shared_ptr<const Factory> make_;
  std::optional<C> core_;
};

}  // namespace sim
