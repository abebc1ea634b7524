#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/policy/timeout.hpp>

namespace troupe::detail {

struct timeout_state {
  std::atomic<duration::rep> after;

  explicit timeout_state(const timeout& t) : after(t.after.count()) {}
};

/// Abandons what takes too long, and discards its late answer.
template <class Resp, class Next>
struct timeout_layer : layer<Resp, timeout_state, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    struct race {
      Done done;
      std::uint64_t timer = 0;
      bool over = false;
    };
    const duration limit{this->state->after.load(std::memory_order_relaxed)};
    auto inner = attempt.branch();
    auto r = std::make_shared<race>(race{std::move(done)});
    r->timer = host.set_timer(limit, [&host, r, inner, limit]() mutable {
      r->over = true;
      const error why{errc::timed_out, host.service_name(), "no answer within " + as_text(limit)};
      inner.give_up(why);
      r->done(result<Resp>{tl::unexpected<error>{why}});
    });
    this->next.run(host, std::move(inner), [&host, r](result<Resp>&& answer) {
      if (std::exchange(r->over, true))
        return;
      host.drop_timer(r->timer);
      r->done(std::move(answer));
    });
  }
};

} // namespace troupe::detail
