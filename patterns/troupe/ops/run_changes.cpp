#include <troupe/ops/run_changes.hpp>

#include <optional>

#include <troupe/detail/refusal.hpp>
#include <troupe/launch/spawner.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/policy/token_bucket.hpp>

namespace troupe::detail {

std::vector<stage_shape> shapes_of(const graph& flow) {
  std::vector<stage_shape> all;
  for (std::size_t i = 0; i < flow.nodes().size(); ++i) {
    const auto& n = flow.at(i);
    stage_shape s{.what = n.what,
                  .name = n.name,
                  .passes_on = n.role == role::split || n.role == role::join,
                  .has_workers = n.deal.lanes || n.pool.resizable,
                  .resizable = n.pool.resizable,
                  .dealt_to = flow.has_distributor(i),
                  .paced = n.paced,
                  .adapts = n.most_workers() > std::size_t{n.workers},
                  .thread = n.thread,
                  .batch = n.batch,
                  .how = n.how,
                  .inputs = {}};
    for (const auto& e : flow.into(i)) {
      s.inputs.push_back(e.from);
      s.item_bytes = flow.at(e.from).output.bytes;
    }
    all.push_back(std::move(s));
  }
  return all;
}

namespace {

// The range of workers that `s` asks for. Errors: as `run::configure`.
worker_range checked_range(const stage_shape& n, const settings& s) {
  const char* const option = s.parallel ? "parallel" : "workers";
  const auto range = s.parallel ? worker_range{*s.parallel} : *s.workers;
  const auto shown
      = std::to_string(range.min.value())
        + (range.max.value() == range.min.value() ? ""
                                                  : " to " + std::to_string(range.max.value()));
  if (s.parallel && s.workers)
    refuse(n.what, n.name, "workers", shown, "not to be given together with parallel");
  if (s.parallel.has_value() == n.has_workers || !n.dealt_to)
    refuse(n.what, n.name, option, shown,
           n.has_workers ? "workers: it has no parallel"
                         : "a stage composed with parallel or consumers > 1, a fan_out or a "
                           "worker_pool");
  constexpr long long most = 10'000;
  if (range.min.value() < 1 || range.max.value() < range.min.value() || range.max.value() > most)
    refuse(n.what, n.name, option, shown, "1 to " + std::to_string(most));
  if (range.max.value() > range.min.value() && !n.resizable)
    refuse(n.what, n.name, option, shown, "one number: only a worker_pool follows its load");
  return range;
}

// What `s` asks of a rate limit. Errors: as `run::configure`.
tuning checked_tuning(const stage_shape& n, const settings& s) {
  if (!n.paced)
    refuse(n.what, n.name, s.rate ? "rate" : "burst",
           s.rate ? to_string(*s.rate) : as_text(s.burst->value()), "a rate_limit");
  const auto where = std::string{n.what} + " \"" + n.name + "\"";
  if (s.rate)
    check_limit(where, *s.rate);
  if (s.burst)
    check_limit(where, *s.burst);
  return {s.rate, s.burst};
}

} // namespace

// Fewer than it asks for may come later all the same, if others are quicker.
void run_changes::check_room(std::size_t stage, const worker_range& range) const {
  const auto book = state()->book();
  const auto there = actors_.actors->workers(stage).size();
  if (book == nullptr || range.min <= there)
    return;
  const auto& n = shapes()[stage];
  const std::size_t more = range.min - there;
  book->check({{"configure: stage \"" + n.name + "\"",
                {more, has_own_thread(state()->system(), n.thread) ? more : 0}}});
}

void run_changes::retune(std::size_t stage, const settings& s) const {
  if (const auto& shared = state()->stages()[stage].kit.controls) {
    if (over()) // there may be no clock any more
      return;
    shared->configure(
        {.rate = s.rate, .burst = s.burst, .timeout = s.timeout, .attempts = s.attempts});
    return;
  }
  const auto& n = shapes()[stage];
  if (s.timeout || s.attempts)
    refuse(n.what, n.name, s.timeout ? "timeout" : "attempts",
           s.timeout ? as_text(*s.timeout) : std::to_string(s.attempts->value()),
           "a call with this policy");
  const auto wanted = checked_tuning(n, s);
  if (!state()->tuned(stage).put(wanted))
    return;
  // Behind what has been sent to them: not before they are wired.
  for (const auto& worker : actors_.actors->workers(stage))
    anon_send(worker, retune_msg{});
}

void run_changes::configure(const std::string& stage, const settings& s) const {
  const auto index = state()->index_of(stage);
  const auto range
      = s.parallel || s.workers ? std::optional{checked_range(shapes()[index], s)} : std::nullopt;
  if (range)
    check_room(index, *range);
  if (s.rate || s.burst || s.timeout || s.attempts)
    retune(index, s);
  if (range && state()->wish({index, range->min, range->max}))
    anon_send(actors_.actors->supervisor(), wishes_msg{}); // not before what begins the run
}

} // namespace troupe::detail
