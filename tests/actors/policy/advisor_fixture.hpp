#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <troupe/policy/advisor.hpp>

// What the tests of the advisor and of the optimizer say of a flow that ran.
namespace advisor_tests {

using namespace std::chrono_literals;

/// A stage over `span`, and what is known of it.
struct stage {
  std::string name;
  troupe::pattern_kind kind = troupe::pattern_kind::pipeline;
  std::uint64_t items = 0; ///< finished
  double busy = 0;         ///< share of its workers' time
  std::size_t workers = 1;
  double fill = 0;                     ///< of its edge
  std::vector<troupe::phase> phases{}; ///< of its workers, at each instant
  std::size_t emits = 1;               ///< from each item
  std::size_t capacity = 100;
  std::uint64_t failed = 0; ///< of the items
  std::uint64_t shed = 0;
  std::optional<troupe::breaker_state> breaker{};
  std::vector<troupe::input_sample> inputs{};
};

constexpr auto span = 10s;

inline troupe::graph_sample sample_of(const std::vector<stage>& stages) {
  troupe::graph_sample all;
  all.name = "orders";
  all.at = troupe::time_point{} + 100s + span;
  all.memory = 1024 * 1024;
  for (const auto& s : stages) {
    troupe::stage_sample out;
    out.name = s.name;
    out.kind = s.kind;
    out.totals.received = s.items;
    out.totals.failed = s.failed;
    out.totals.shed = s.shed;
    out.totals.delivered = s.items - s.failed - s.shed;
    out.totals.emitted = s.items * s.emits;
    out.busy = std::chrono::duration_cast<troupe::duration>(s.busy * static_cast<double>(s.workers)
                                                            * std::chrono::duration<double>{span});
    out.workers = s.workers;
    out.capacity = s.capacity;
    out.mailbox_depth = static_cast<std::uint64_t>(s.fill * static_cast<double>(s.capacity));
    out.breaker = s.breaker;
    out.inputs = s.inputs;
    for (const auto p : s.phases)
      out.actors.push_back({.doing = p});
    all.stages.push_back(std::move(out));
  }
  return all;
}

/// The sample before, when nothing had happened.
inline troupe::graph_sample begin_of(const std::vector<stage>& stages) {
  std::vector<stage> nothing = stages;
  for (auto& s : nothing) {
    s.items = s.failed = s.shed = 0;
    s.busy = 0;
  }
  auto all = sample_of(nothing);
  all.at -= span;
  return all;
}

/// In a row, each resized by `how`; the first is a source.
inline std::vector<troupe::stage_form> forms_of(const std::vector<stage>& stages,
                                                troupe::resizing how = troupe::resizing::parallel) {
  std::vector<troupe::stage_form> forms;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    troupe::stage_form f{.name = stages[i].name};
    if (i > 0) {
      f.inputs = {i - 1};
      f.resized = how;
    }
    forms.push_back(std::move(f));
  }
  return forms;
}

inline troupe::advice advice_for(const std::vector<stage>& stages,
                                 std::vector<troupe::stage_form> forms,
                                 troupe::advisor_bounds bounds = {}) {
  return troupe::advisor{std::move(forms), bounds}.advise(begin_of(stages), sample_of(stages));
}
inline troupe::advice advice_for(const std::vector<stage>& stages) {
  return advice_for(stages, forms_of(stages));
}

} // namespace advisor_tests
