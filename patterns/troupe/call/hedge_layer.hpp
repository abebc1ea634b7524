#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <troupe/call/layer.hpp>
#include <troupe/call/shared_budget.hpp>
#include <troupe/policy/hedge_delay.hpp>

namespace troupe::detail {

struct hedge_state {
  std::size_t max;   ///< attempts beyond the first
  hedge_delay delay; ///< used by the call's actor only
  std::shared_ptr<shared_budget> budget;
};

/// Makes another attempt where the first is slow; the first good answer wins.
template <class Resp, class Next>
struct hedge_layer : layer<Resp, hedge_state, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    auto r = std::make_shared<race<Attempt, Done>>(std::move(attempt), std::move(done));
    begin(host, r, false);
    wait_for_next(host, r);
  }

private:
  template <class Attempt>
  struct racer {
    Attempt attempt;
    time_point began;
    bool runs = true;
  };

  template <class Attempt, class Done>
  struct race {
    race(Attempt a, Done d) : attempt(std::move(a)), done(std::move(d)) {}

    Attempt attempt;
    Done done;
    std::vector<racer<Attempt>> runners;
    std::size_t open = 0;
    std::size_t hedges = 0;
    std::uint64_t timer = 0;
    bool over = false;
  };

  template <class Host, class Race>
  void begin(Host& host, const std::shared_ptr<Race>& r, bool granted) {
    ++r->open;
    auto branch = r->attempt.branch();
    const auto began = host.now();
    const auto mine = r->runners.size();
    r->runners.push_back({branch, began});
    this->next.run(host, std::move(branch),
                   [this, &host, r, mine, began, granted](result<Resp>&& answer) {
                     --r->open;
                     if (granted)
                       this->state->budget->finished();
                     if (r->over)
                       return;
                     r->runners[mine].runs = false;
                     const auto now = host.now();
                     // An error says of the time for an answer only that it is longer.
                     answer ? this->state->delay.record(now - began, now)
                            : this->state->delay.record_lost(now - began, now);
                     // Whoever failed leaves it to those that still run.
                     if (answer || r->open == 0)
                       finish(host, *r, std::move(answer));
                   });
  }

  template <class Host, class Race>
  void wait_for_next(Host& host, const std::shared_ptr<Race>& r) {
    if (r->over || r->hedges >= this->state->max)
      return;
    const auto delay = this->state->delay.next(host.now());
    if (!delay)
      return;
    r->timer = host.set_timer(*delay, [this, &host, r] {
      r->timer = 0;
      if (!this->state->budget->take(host.now()))
        return;
      ++r->hedges;
      begin(host, r, true);
      wait_for_next(host, r);
    });
  }

  template <class Host, class Race>
  void finish(Host& host, Race& r, result<Resp>&& answer) {
    r.over = true;
    host.drop_timer(r.timer);
    const error lost{errc::cancelled, host.service_name(), "another attempt was faster"};
    const auto now = host.now();
    for (const auto& runner : std::exchange(r.runners, {})) {
      if (runner.runs)
        this->state->delay.record_lost(now - runner.began, now);
      runner.attempt.give_up(lost);
    }
    r.done(std::move(answer));
  }
};

} // namespace troupe::detail
