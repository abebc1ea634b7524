#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <troupe/limit_policy.hpp>
#include <troupe/ops/rate_kernel.hpp>
#include <troupe/transforms.hpp>

namespace troupe {

namespace detail {

template <class R>
concept no_rate = !std::convertible_to<R, rate>;

/// Errors: std::invalid_argument for a rate or burst out of range.
node rate_limit_node(std::string name, rate r, const rate_limit_options& options);

template <class T>
class rate_kernel final : public rate_kernel_base {
public:
  using rate_kernel_base::rate_kernel_base;

private:
  void hand_on(batch_base& in, batch_base& out, std::size_t n, kernel_host& host) override {
    auto& items = static_cast<batch<T>&>(in).items;
    try {
      const passing done{in, host.counts(), in.cursor};
      emitter<T> emit{&out};
      for (auto left = n; left > 0; --left, ++in.cursor)
        emit(std::move(items[in.cursor]));
    } catch (...) { // the item's move constructor
      if (!host.failed(caught(), in, view_of(items[in.cursor], false)).stays)
        ++in.cursor;
    }
  }

  void show_rest(batch_base& in, const error& why, kernel_host& host) override {
    auto& items = static_cast<batch<T>&>(in).items;
    for (auto i = in.cursor; i < items.size(); ++i)
      host.show(why, view_of(items[i], true));
  }
};

} // namespace detail

/// Lets at most `r` items per period pass, in order; the rest wait.
///
///     | troupe::rate_limit("throttle", troupe::per_second(500), {.burst = 50})
///
/// Shape:  flow<T> -> flow<T>; one actor; order kept. Under `limit::shed` nothing waits: what comes
///         too fast is refused.
/// Bound:  `buffer` items on the edge into it; while they wait it does not ask upstream for more.
/// Units:  permits are items; a period is any std::chrono duration, resolution 1 ms: what a timer
///         is late by, up to that, is made good. Where timers may be later, as on a busy machine,
///         the rate is reached with a burst of what comes in that time.
/// Errors: std::invalid_argument for a rate <= 0 or a burst < 1; none at run time. `limit::shed`
///         counts refusals as shed; dead letters show them as rate_limited.
/// Live:   `run.configure("throttle", {.rate = per_second(900), .burst = 90})`.
/// Drain:  what waits goes on at its rate until the drain's limit; what is left then is abandoned.
/// Cost:   about 1 ns an item while the rate does not limit; a timer for each wait while it does.
/// Source: token bucket with reservations, as golang.org/x/time/rate.
inline auto rate_limit(std::string name, rate r, rate_limit_options options = {}) {
  return detail::pipe_of{[n = detail::rate_limit_node(std::move(name), r, options), r,
                          options]<class T>(const flow<T>& f) {
    auto made = n;
    made.make_kernel = [r, options](caf::actor_system& sys) -> std::unique_ptr<detail::kernel> {
      return std::make_unique<detail::rate_kernel<T>>(r, options, sys);
    };
    return detail::extend<T>(f, std::move(made));
  }};
}

template <detail::no_rate R>
auto rate_limit(std::string, const R&, rate_limit_options = {}) {
  static_assert(detail::never<R>, "troupe: a rate needs its period; write per_second(500), "
                                  "per_minute(90) or every(250ms)");
  return detail::pipe_of{[]<class T>(const flow<T>&) { return flow<detail::invalid>{}; }};
}

} // namespace troupe
