#include <troupe/fan_out.hpp>

namespace troupe::detail {

std::vector<std::size_t> check_weights(std::string_view what, const std::string& name,
                                       const std::vector<count>& weights, std::size_t parties) {
  constexpr long long most = 1'000'000;
  if (weights.size() != parties)
    refuse(what, name, "weights", std::to_string(weights.size()) + " numbers",
           "one for each of the " + std::to_string(parties));
  std::vector<std::size_t> plain;
  for (const auto w : weights) {
    if (w.value() < 1 || w.value() > most)
      refuse(what, name, "weights", std::to_string(w.value()), "1 to " + std::to_string(most));
    plain.push_back(w);
  }
  return plain;
}

node fan_out_node(std::string name, const fan_out_options& options) {
  auto n = stage_node(std::move(name), "fan_out",
                      {.parallel = options.workers,
                       .buffer = options.buffer,
                       .batch = options.batch,
                       .on_error = options.on_error,
                       .intensity = options.intensity,
                       .thread = options.thread});
  n.kind = pattern_kind::fan_out;
  n.how = options.to.name();
  n.deal.lanes = true;
  n.deal.to = options.to.chosen();
  if (const auto& weights = options.to.weights(); n.deal.to == dispatcher::rule::weighted) {
    // The weights alone say how many workers there are.
    if (n.workers.value() == 1)
      n.workers = weights.size();
    n.deal.weights = check_weights("fan_out", n.name, weights, n.workers);
  }
  return n;
}

node stand_in() {
  node n;
  n.name = "troupe.stand_in";
  n.what = "stand_in";
  return n;
}

void take_part(node& n, const ends& part) {
  const auto& inner = *part.last.node;
  const bool one_stage = part.closed == nullptr && inner.role == role::stage && !inner.deal.lanes
                         && inner.upstreams.front().node->role == role::source;
  if (!one_stage)
    refuse("fan_out", n.name, "function", "several stages", "a function or one stage");
  if (n.on_error.chosen() != on_error::action::stop || n.on_error.retries() != nullptr)
    refuse("fan_out", n.name, "on_error", "given twice",
           "to be left to the stage \"" + inner.name + "\" that its workers run");
  n.on_error = inner.on_error;
  if (n.intensity.restarts() == 0)
    n.intensity = inner.intensity;
  if (inner.thread == thread::own)
    n.thread = thread::own;
  n.answers_each = inner.answers_each;
  n.holds = inner.holds;
  n.paced = inner.paced;
  n.make_kernel = inner.make_kernel;
  n.make_kit = inner.make_kit;
}

} // namespace troupe::detail
