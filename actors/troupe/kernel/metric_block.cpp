#include <troupe/kernel/metric_block.hpp>

#include <new>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

void shared_histogram::add_to(histogram& out) const noexcept {
  const auto* const counts = counts_.load(std::memory_order_acquire);
  if (counts == nullptr)
    return;
  for (std::size_t i = 0; i < histogram::size; ++i)
    out.add(i, (*counts)[i].load(std::memory_order_relaxed));
  out.add_totals(sum_.load(std::memory_order_relaxed), max_.load(std::memory_order_relaxed));
}

// Without memory nothing is recorded: figures are no reason to fail.
void shared_histogram::record_first(std::uint64_t value, std::uint64_t times) noexcept {
  auto* const made = new (std::nothrow) buckets{};
  if (made == nullptr)
    return;
  counts_.store(made, std::memory_order_release);
  record(value, times);
}

void metric_block::publish(const counters& c, duration busy) noexcept {
  const std::array<std::uint64_t, fields> now{
      c.received,  c.emitted,     c.delivered, c.filtered,
      c.dropped,   c.shed,        c.failed,    c.in_flight,
      c.abandoned, c.redelivered, c.restarts,  static_cast<std::uint64_t>(busy.count())};
  const auto version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  // Release, so that whoever sees one of these values also sees that the version is odd.
  for (std::size_t i = 0; i < fields; ++i)
    values_[i].store(now[i], std::memory_order_release);
  busy_since_.store(0, std::memory_order_release);
  version_.store(version + 2, std::memory_order_release);
}

void metric_block::stand(const actor_sample& what) noexcept {
  stands_since_.store(ticks(what.since), std::memory_order_release);
  stands_until_.store(what.until ? ticks(*what.until) : 0, std::memory_order_release);
  stands_.store(what.doing, std::memory_order_release);
}

metric_block::picture metric_block::read() const noexcept {
  picture p;
  std::array<std::uint64_t, fields> seen{};
  for (;;) {
    const auto before = version_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < fields; ++i)
      seen[i] = values_[i].load(std::memory_order_acquire);
    p.busy_since = busy_since_.load(std::memory_order_acquire);
    p.call_since = call_since_.load(std::memory_order_acquire);
    p.in_hand = in_hand_.load(std::memory_order_acquire);
    if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before)
      break;
  }
  p.totals = {seen[0], seen[1], seen[2], seen[3], seen[4], seen[5],
              seen[6], seen[7], seen[8], seen[9], seen[10]};
  p.busy = duration{static_cast<duration::rep>(seen[11])};
  if (p.busy_since != 0) {
    p.actor = {.doing = phase::working,
               .since = time(p.call_since),
               .first_item = first_item_.load(std::memory_order_acquire),
               .last_item = last_item_.load(std::memory_order_acquire)};
  } else {
    p.actor.doing = stands_.load(std::memory_order_acquire);
    p.actor.since = time(stands_since_.load(std::memory_order_acquire));
    if (const auto until = stands_until_.load(std::memory_order_acquire); until != 0)
      p.actor.until = time(until);
  }
  return p;
}

void metric_block::add_to(counters& out, duration& busy) const noexcept {
  const auto p = read();
  out += p.totals;
  busy += p.busy;
}

metric_block::look metric_block::look_at(time_point now) const noexcept {
  auto p = read();
  look seen;
  if (p.busy_since != 0) {
    p.busy += elapsed(time(p.busy_since), now);
    const duration expected{expected_.load(std::memory_order_relaxed)};
    seen.slow_for = elapsed(later(time(p.call_since), expected), now);
    // What was dealt with since the last publication stays where it was: on the edge.
    if (p.in_hand > p.totals.in_flight) {
      p.totals.received += p.in_hand - p.totals.in_flight;
      p.totals.in_flight = p.in_hand;
    }
  }
  seen.totals = p.totals;
  seen.busy = p.busy;
  seen.actor = p.actor;
  return seen;
}

} // namespace troupe::detail
