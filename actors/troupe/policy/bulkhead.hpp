#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include <troupe/error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/fifo_permits.hpp>

namespace troupe {

/// Lets at most `max` calls run at once; others wait, but not for long and not too many.
///
///     troupe::bulkhead{.max = 10, .wait = 50ms}
///
/// Errors: std::invalid_argument for options out of range, thrown at composition.
struct bulkhead {
  count max = 10;        ///< calls at once, at least 1
  time_span wait = {};   ///< how long a call waits for its turn; zero: it is refused at once
  count waiting = 1'000; ///< how many may wait
};

void validate(const bulkhead& options, std::string_view where = "bulkhead");

/// Decides who may run now, who waits, and who waited in vain.
///
///     troupe::bulkhead_gate g{{.max = 1, .wait = 50ms}};
///     g.enter(now).verdict;                  // admitted
///     auto e = g.enter(now);                 // waits, under e.ticket
///     auto [admitted, expired] = g.leave(now); // e.ticket is admitted
///
/// Shape:  a plain value, no clock. First come, first served; nobody overtakes who waits. Who has
///         waited for exactly `wait` is admitted if a place is free by then.
/// Bound:  an entry for each waiter, at most `waiting`.
/// Units:  `now` may step back: then nobody waits for longer than `wait` from there.
/// Errors: std::invalid_argument from the constructor.
/// Source: Resilience4j's SemaphoreBulkhead, whose waiters are not bounded in number.
class bulkhead_gate {
public:
  using ticket = fifo_permits::ticket;
  enum class verdict { admitted, waits, full };
  struct entry {
    bulkhead_gate::verdict verdict = verdict::full;
    ticket number = 0; ///< of who waits
  };
  /// What a change meant for those who waited.
  struct turns {
    std::vector<ticket> admitted;
    std::vector<ticket> expired;
  };

  explicit bulkhead_gate(bulkhead options);

  entry enter(time_point now);

  /// One of those admitted is done. As many more as there is room for are admitted.
  turns leave(time_point now);

  /// Those whose time is over.
  turns expire(time_point now);

  /// One who waits goes away; false: it no longer waits.
  bool cancel(ticket t);

  /// When `expire` is of use next.
  std::optional<time_point> next_expiry() const;

  std::size_t running() const noexcept { return places_.total() - places_.available(); }
  std::size_t waiting() const noexcept { return waiters_.size(); }

private:
  struct waiter {
    ticket number;
    time_point until;
  };

  void step_back(time_point now);
  void drop(turns& t, time_point now, bool also_at_now);

  bulkhead options_;
  fifo_permits places_;
  std::deque<waiter> waiters_; // in order of arrival, and so of expiry
};

} // namespace troupe
