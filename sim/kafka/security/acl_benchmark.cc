#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "sim/kafka/scram.h"
#include "sim/kafka/security/acl_authorizer.h"
#include "sim/kafka/security/standard_authorizer.h"

// What a decision costs, over ACLs of as many topics as the argument says, one in ten a prefix; and
// what a proof costs.
namespace {

sim::Acl acl_of(std::int64_t i) {
  return {.id = sim::Uuid(1, i),
          .resource_type = sim::AclResourceType::Topic,
          .resource_name = fmt::format("topic-{}", i),
          .pattern_type = i % 10 == 0 ? sim::PatternType::Prefixed : sim::PatternType::Literal,
          .principal = fmt::format("User:app-{}", i % 97),
          .host = "*",
          .operation = i % 3 == 0 ? sim::AclOperation::Write : sim::AclOperation::Read,
          .permission_type = sim::AclPermissionType::Allow};
}

sim::AclsPart acls_of(std::int64_t count) {
  sim::AclsPart acls;
  for (std::int64_t i = 0; i < count; ++i) acls.acls.emplace(acl_of(i));
  return acls;
}

void ask(benchmark::State& state, const auto& authorizer) {
  std::vector<sim::Action> actions;
  for (std::int64_t i = 0; i < 997; ++i) {
    actions.push_back({.operation = sim::AclOperation::Describe,
                       .resource = {.resource_type = sim::AclResourceType::Topic,
                                    .name = fmt::format("topic-{}", i * 7 % state.range(0))}});
  }
  const sim::RequestContext context{.principal = {"User", "app-7"}, .host = "10.0.0.1"};
  std::size_t at = 0;
  for (auto step : state) {
    benchmark::DoNotOptimize(authorizer.authorize(context, actions[at]));
    at = at + 1 == actions.size() ? 0 : at + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void standard_authorizer(benchmark::State& state) {
  ask(state, *sim::StandardAuthorizer::of({}, acls_of(state.range(0))));
}
BENCHMARK(standard_authorizer)->Arg(1'000)->Arg(100'000);

void acl_authorizer(benchmark::State& state) {
  sim::AclAuthorizer authorizer({});
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const sim::Acl acl = acl_of(i);
    authorizer.update_cache({acl.resource_type, acl.pattern_type, acl.resource_name},
                            {{acl.principal, acl.host, acl.operation, acl.permission_type}});
  }
  ask(state, authorizer);
}
BENCHMARK(acl_authorizer)->Arg(1'000)->Arg(100'000);

void load(benchmark::State& state) {
  const sim::AclsPart acls = acls_of(state.range(0));
  for (auto step : state) benchmark::DoNotOptimize(sim::StandardAuthorizer::of({}, acls));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(load)->Arg(100'000)->Unit(benchmark::kMillisecond);

void salted_password(benchmark::State& state) {
  const sim::Bytes salt(16, 7);
  for (auto step : state) {
    benchmark::DoNotOptimize(sim::salted_password(sim::ScramMechanism::ScramSha512, "pencil", salt,
                                                  sim::kLeastScramIterations));
  }
}
BENCHMARK(salted_password)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
