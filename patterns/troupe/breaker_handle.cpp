#include <troupe/breaker_handle.hpp>

#include <stdexcept>

#include <troupe/detail/shared_breaker.hpp>

namespace troupe {

detail::shared_breaker& breaker_handle::get() const {
  if (!breaker_)
    throw std::logic_error{"breaker: this service has no circuit_breaker"};
  return *breaker_;
}

breaker_state breaker_handle::state() const { return get().state(); }
duration breaker_handle::retry_after() const { return get().retry_after(); }
breaker_snapshot breaker_handle::snapshot() const { return get().snapshot(); }

void breaker_handle::force_open(time_span for_how_long) const { get().force_open(for_how_long); }
void breaker_handle::disable() const { get().disable(); }
void breaker_handle::metrics_only() const { get().metrics_only(); }
void breaker_handle::half_open() const { get().half_open(); }
void breaker_handle::reset() const { get().reset(); }

void breaker_handle::on_event(std::function<void(const breaker_event&)> f) const {
  get().on_event(std::move(f));
}

std::uint64_t breaker_handle::listener_failures() const { return get().listener_failures(); }
std::uint64_t breaker_handle::dropped_events() const { return get().dropped_events(); }

} // namespace troupe
