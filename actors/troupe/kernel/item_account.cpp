#include <troupe/kernel/item_account.hpp>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

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
  return p;
}

void metric_block::add_to(counters& out, duration& busy) const noexcept {
  const auto p = read();
  out += p.totals;
  busy += p.busy;
}

std::optional<duration> metric_block::add_live_to(counters& out, duration& busy,
                                                  time_point now) const noexcept {
  auto p = read();
  std::optional<duration> so_far;
  if (p.busy_since != 0) {
    p.busy += elapsed(time_point{duration{p.busy_since}}, now);
    so_far = elapsed(time_point{duration{p.call_since}}, now);
    // What was dealt with since the last publication stays where it was: on the edge.
    if (p.in_hand > p.totals.in_flight) {
      p.totals.received += p.in_hand - p.totals.in_flight;
      p.totals.in_flight = p.in_hand;
    }
  }
  out += p.totals;
  busy += p.busy;
  return so_far;
}

} // namespace troupe::detail
