#include <troupe/detail/account.hpp>

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
  version_.store(version + 2, std::memory_order_release);
}

void metric_block::add_to(counters& out, duration& busy) const noexcept {
  std::array<std::uint64_t, fields> seen{};
  for (;;) {
    const auto before = version_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < fields; ++i)
      seen[i] = values_[i].load(std::memory_order_acquire);
    if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before)
      break;
  }
  out += counters{seen[0], seen[1], seen[2], seen[3], seen[4], seen[5],
                  seen[6], seen[7], seen[8], seen[9], seen[10]};
  busy += duration{static_cast<duration::rep>(seen[11])};
}

} // namespace troupe::detail
