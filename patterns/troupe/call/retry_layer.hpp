#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/call/shared_budget.hpp>
#include <troupe/policy/retry.hpp>

namespace troupe::detail {

struct retry_state {
  retry options;
  std::atomic<std::size_t> attempts;
  std::shared_ptr<shared_budget> budget;

  retry_state(const retry& o, std::shared_ptr<shared_budget> b)
      : options(o), attempts(o.attempts), budget(std::move(b)) {}
};

/// Why the last attempt was the last one; `unaffordable`: the budget had none left.
error given_up(error last, std::size_t made, std::size_t most, bool unaffordable);

/// Tries again, as often and with such delays as its options and the budget say.
template <class Resp, class Next>
struct retry_layer : layer<Resp, retry_state, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    auto options = this->state->options;
    options.attempts = this->state->attempts.load(std::memory_order_relaxed);
    using step = progress<Attempt, Done>;
    try_once(host, std::make_shared<step>(step{retry_schedule{options}, options.attempts,
                                               std::move(attempt), std::move(done)}));
  }

private:
  template <class Attempt, class Done>
  struct progress {
    retry_schedule schedule;
    std::size_t most;
    Attempt attempt;
    Done done;
    bool granted = false;      ///< the budget's leave for this attempt
    bool unaffordable = false; ///< and what it said of the next one
  };

  template <class Host, class Progress>
  void try_once(Host& host, std::shared_ptr<Progress> p) {
    auto attempt = p->attempt;
    this->next.run(host, std::move(attempt), [this, &host, p](result<Resp>&& r) mutable {
      if (std::exchange(p->granted, false))
        this->state->budget->finished();
      if (r || !again(host, p, r.error()))
        settle(*p, std::move(r));
    });
  }

  // Whether there will be another attempt.
  template <class Host, class Progress>
  bool again(Host& host, const std::shared_ptr<Progress>& p, const error& e) {
    const auto delay = delay_after(host, *p, e);
    const auto left = p->attempt.remaining();
    if (!delay || p->attempt.over() || (left && *delay >= *left))
      return false;
    if (!this->state->budget->take(host.now())) {
      p->unaffordable = true;
      return false;
    }
    p->granted = true;
    host.sleep(p->attempt, *delay, [this, &host, p] {
      if (auto why = p->attempt.over())
        settle(*p, tl::unexpected<error>{std::move(*why)});
      else
        try_once(host, p);
    });
    return true;
  }

  // A predicate that throws wants no other attempt.
  template <class Host, class Progress>
  std::optional<duration> delay_after(Host& host, Progress& p, const error& e) {
    try {
      return p.schedule.next(e, host.rng());
    } catch (...) {
      return std::nullopt;
    }
  }

  template <class Progress>
  void settle(Progress& p, result<Resp>&& r) {
    if (std::exchange(p.granted, false))
      this->state->budget->finished();
    if (!r)
      r = tl::unexpected<error>{
          given_up(std::move(r).error(), p.schedule.attempts(), p.most, p.unaffordable)};
    p.done(std::move(r));
  }
};

} // namespace troupe::detail
