#include "migrate/plan/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <map>
#include <queue>
#include <set>

#include "migrate/plan/stage.h"

namespace migrate {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Index = std::map<std::string, Vertex, std::less<>>;

std::unexpected<sim::Problem> wrong(const std::string& source, std::string what,
                                    std::string remedy) {
  return sim::refused(sim::Severity::Usage, source, std::move(what), std::move(remedy));
}

sim::Expected<Index> index_of(const zk2kraft::Plan& plan, const std::string& source) {
  Index index;
  for (int i = 0; i < plan.steps_size(); ++i) {
    if (!index.emplace(plan.steps(i).id(), static_cast<Vertex>(i)).second)
      return wrong(source, fmt::format("there are two steps {}", plan.steps(i).id()),
                   "Each step has an id of its own.");
  }
  return index;
}

sim::Expected<Graph> graph_of(const zk2kraft::Plan& plan, const Index& index,
                              const std::string& source) {
  Graph graph(index.size());
  for (const zk2kraft::PlanStep& step : plan.steps()) {
    for (const std::string& before : step.after()) {
      const auto at = index.find(before);
      if (at == index.end())
        return wrong(source,
                     fmt::format("step {} waits for {}, which is not there", step.id(), before),
                     "Take the name out of its 'after', or put the step back.");
      boost::add_edge(at->second, index.find(step.id())->second, graph);
    }
    for (const std::string& back : step.way_back()) {
      if (!index.contains(back))
        return wrong(
            source,
            fmt::format("the way back of step {} names {}, which is not there", step.id(), back),
            "Without that step there is no way back from here: put it back.");
    }
  }
  return graph;
}

// Of those whose steps before are all taken, always the one that stands first.
std::vector<Vertex> in_order(const Graph& graph) {
  std::vector<std::size_t> waits(boost::num_vertices(graph));
  std::priority_queue<Vertex, std::vector<Vertex>, std::greater<>> free;
  for (const Vertex vertex : boost::make_iterator_range(boost::vertices(graph))) {
    waits[vertex] = boost::in_degree(vertex, graph);
    if (waits[vertex] == 0) free.push(vertex);
  }
  std::vector<Vertex> order;
  while (!free.empty()) {
    const Vertex vertex = free.top();
    free.pop();
    order.push_back(vertex);
    for (const auto edge : boost::make_iterator_range(boost::out_edges(vertex, graph))) {
      if (--waits[boost::target(edge, graph)] == 0) free.push(boost::target(edge, graph));
    }
  }
  return order;
}

// The steps of one circle.
std::string circle_in(const zk2kraft::Plan& plan, const Graph& graph) {
  std::vector<int> component(boost::num_vertices(graph));
  const int count = boost::strong_components(
      graph,
      boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
  std::vector<std::string> members(static_cast<std::size_t>(count));
  std::vector<int> sizes(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < component.size(); ++i) {
    const auto at = static_cast<std::size_t>(component[i]);
    const std::string& id = plan.steps(static_cast<int>(i)).id();
    members[at] += members[at].empty() ? id : ", " + id;
    ++sizes[at];
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (sizes[i] > 1) return members[i];
  }
  for (const zk2kraft::PlanStep& step : plan.steps()) {
    if (std::ranges::find(step.after(), step.id()) != step.after().end()) return step.id();
  }
  return "";
}

}  // namespace

sim::Expected<void> order_steps(zk2kraft::Plan& plan, const std::string& source) {
  const auto index = index_of(plan, source);
  if (!index) return std::unexpected(index.error());
  const auto graph = graph_of(plan, *index, source);
  if (!graph) return std::unexpected(graph.error());
  const std::vector<Vertex> order = in_order(*graph);
  if (order.size() < index->size())
    return wrong(source, fmt::format("steps wait for each other: {}", circle_in(plan, *graph)),
                 "Take one of them out of another's 'after'.");
  google::protobuf::RepeatedPtrField<zk2kraft::PlanStep> ordered;
  for (const Vertex vertex : order)
    ordered.Add()->Swap(plan.mutable_steps(static_cast<int>(vertex)));
  plan.mutable_steps()->Swap(&ordered);
  return {};
}

std::vector<const zk2kraft::PlanStep*> ready_steps(const zk2kraft::Plan& plan) {
  std::set<std::string> behind;  // done, and all that they waited for
  std::vector<const zk2kraft::PlanStep*> ready;
  const bool going_back = plan.phase() == name_of(Phase::R1) || plan.phase() == name_of(Phase::R2);
  for (const zk2kraft::PlanStep& step : plan.steps()) {
    const auto stage = parse_stage(step.stage());
    if (!stage || is_way_back(*stage) != going_back) continue;
    const bool is_free = std::ranges::all_of(
        step.after(), [&](const std::string& id) { return behind.contains(id); });
    if (!is_free) continue;
    if (step.done())
      behind.insert(step.id());
    else
      ready.push_back(&step);
  }
  return ready;
}

std::string draw(const zk2kraft::Plan& plan) {
  std::string text = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n";
  for (int stage = 0; stage < kStageCount; ++stage) {
    const std::string_view name = name_of(static_cast<Stage>(stage));
    std::string inside;
    for (const zk2kraft::PlanStep& step : plan.steps()) {
      if (step.stage() != name) continue;
      inside += fmt::format("    \"{}\" [label=\"{}\"{}{}];\n", step.id(), step.title(),
                            step.done() ? ", style=dashed" : "",
                            step.point_of_no_return() ? ", color=red" : "");
    }
    if (!inside.empty())
      text += fmt::format("  subgraph \"cluster_{}\" {{\n    label=\"{}\";\n{}  }}\n", name, name,
                          inside);
  }
  for (const zk2kraft::PlanStep& step : plan.steps()) {
    for (const std::string& before : step.after())
      text += fmt::format("  \"{}\" -> \"{}\";\n", before, step.id());
  }
  return text + "}\n";
}

}  // namespace migrate
