#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <troupe/detail/flow_model.hpp>

// What may be better of a stage.
namespace troupe::detail {

/// All that is known of a flow.
struct flow_look {
  const flow_view& view;
  const flow_model& model;
  const advisor_bounds& bounds;
  flow_plan now;
  flow_plan best; ///< with what can be changed while it runs
  flow_plan anew; ///< and with what it could be composed of
};

/// A recommendation before it is known what comes of it together with others.
struct draft {
  recommendation rec;
  std::size_t stage = 0;
  std::size_t workers = 0; ///< of that stage; 0: it is about something else
  double after = 0;        ///< the flow's throughput then, where it is about something else
  double seconds_less = 0; ///< and its latency
  std::uint64_t bytes_less = 0;
};

using drafts = std::vector<draft>;

draft about(const flow_look& look, std::size_t i, advice_type type, int priority);
bool is_worth_it(double before, double after);

// What several patterns have in common. Each puts at most one behind `out`.

/// `composed_by`: the option that sets their number where it cannot be changed.
void workers(const flow_look& look, std::size_t i, std::string_view composed_by, drafts& out);
void buffer(const flow_look& look, std::size_t i, drafts& out);
void batch(const flow_look& look, std::size_t i, drafts& out);
void fused(const flow_look& look, std::size_t i, drafts& out);
void memory(const flow_look& look, std::size_t i, drafts& out);

/// All that is to be said of a stage, by its kind.
void optimize(const flow_look& look, std::size_t stage, drafts& out);

} // namespace troupe::detail
