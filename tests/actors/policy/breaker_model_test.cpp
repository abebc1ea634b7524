#include "breaker_model.hpp"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;

namespace {

// Times are whole seconds, and windows at most 256 of them: then sums of outcomes are exact.

circuit_breaker some_options() {
  const auto seconds
      = [](int from, int to) { return std::chrono::seconds{*rc::gen::inRange(from, to)}; };
  const auto rate = rc::gen::element(0.25, 0.5, 0.75, 1.0);
  circuit_breaker o;
  o.failure_rate = *rate;
  o.slow_rate = *rate;
  o.slow_after = 1s;
  o.window = *rc::gen::arbitrary<bool>() ? last_time(seconds(1, 12))
                                         : last_calls(*rc::gen::inRange(1, 9));
  o.minimum_calls = *rc::gen::inRange(1, 9);
  o.trials = *rc::gen::inRange(1, 6);
  o.cooldown = seconds(1, 6);
  o.cooldown_factor = *rc::gen::element(1.0, 2.0, 3.0);
  o.max_cooldown = seconds(1, 20);
  o.half_open_max_wait = seconds(0, 8);
  return o;
}

time_point moved(time_point now) {
  const int kind = *rc::gen::inRange(0, 20);
  if (kind == 0)
    return now - std::chrono::seconds{*rc::gen::inRange(0, 30)};
  if (kind < 8)
    return now + std::chrono::seconds{*rc::gen::inRange(0, 6)};
  return now;
}

bool same(const troupe::breaker_snapshot& a, const troupe::breaker_snapshot& b) {
  return a.failure_rate == b.failure_rate && a.slow_rate == b.slow_rate && a.buffered == b.buffered
         && a.failed == b.failed && a.slow == b.slow && a.not_permitted == b.not_permitted
         && a.late == b.late;
}

class pair_of_breakers {
public:
  explicit pair_of_breakers(const circuit_breaker& o) : machine_(o), model_(o) {
    machine_.on_event([this](const breaker_event& e) { last_ = e; });
  }

  void step(time_point now) {
    const int what = *rc::gen::inRange(0, 100);
    if (what < 45)
      admit(now);
    else if (what < 90)
      end(now);
    else if (what < 97)
      static_cast<void>(machine_.state(now)); // look at it, and so let time pass
    else
      change(now);
    compare(now);
  }

private:
  void admit(time_point now) {
    const auto p = machine_.admit(now);
    const auto t = model_.admit(now);
    RC_ASSERT(p.has_value() == t.has_value());
    if (p)
      calls_.emplace_back(*p, *t);
    RC_ASSERT(model_.trials_out() <= machine_.options().trials);
  }

  void end(time_point now) {
    if (calls_.empty())
      return;
    const auto i = *rc::gen::inRange<std::size_t>(0, calls_.size());
    const auto [p, t] = calls_[i];
    calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(i));
    const int how = *rc::gen::inRange(0, 20);
    const bool slow = *rc::gen::arbitrary<bool>();
    if (how == 0) {
      machine_.release(p, now);
      model_.release(t, now);
      return;
    }
    const auto o = how < 3 ? outcome::ignored : how < 11 ? outcome::failure : outcome::success;
    machine_.record(p, o, slow ? 1s + 1ns : 1s, now);
    model_.record(t, o, slow, now);
  }

  void change(time_point now) {
    using enum breaker_state;
    const auto to = *rc::gen::element(closed, half_open, forced_open, disabled, metrics_only);
    switch (to) {
    case half_open:
      machine_.half_open(now);
      break;
    case forced_open:
      if (const auto seconds = *rc::gen::inRange(0, 6); seconds > 0) {
        machine_.force_open(now, std::chrono::seconds{seconds});
        model_.change(to, now, std::chrono::seconds{seconds});
        return;
      }
      machine_.force_open(now);
      break;
    case disabled:
      machine_.disable(now);
      break;
    case metrics_only:
      machine_.metrics_only(now);
      break;
    default:
      machine_.reset(now);
    }
    model_.change(to, now);
  }

  void compare(time_point now) {
    RC_ASSERT(machine_.state(now) == model_.state(now));
    RC_ASSERT(machine_.retry_after(now) == model_.retry_after(now));
    RC_ASSERT(same(machine_.snapshot(now), model_.snapshot(now)));
    if (last_)
      RC_ASSERT(last_->to == machine_.state(now)); // no transition without an event
  }

  breaker_machine machine_;
  breaker_model model_;
  std::vector<std::pair<permit, breaker_model::ticket>> calls_;
  std::optional<breaker_event> last_;
};

} // namespace

TEST_SUITE("circuit_breaker") {
  TEST_CASE("does what a breaker would do that remembers every outcome") {
    CHECK(rc::check([] {
      pair_of_breakers both{some_options()};
      auto now = t0;
      const int steps = *rc::gen::inRange(0, 400);
      for (int i = 0; i < steps; ++i) {
        now = moved(now);
        both.step(now);
      }
    }));
  }
}
