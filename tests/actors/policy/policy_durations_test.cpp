#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../../durations.hpp"
#include <troupe/context.hpp>
#include <troupe/policy/balance.hpp>
#include <troupe/policy/batch_sizer.hpp>
#include <troupe/policy/breaker_machine.hpp>
#include <troupe/policy/bulkhead.hpp>
#include <troupe/policy/concurrency_limit.hpp>
#include <troupe/policy/expiring_lru.hpp>
#include <troupe/policy/hedge_delay.hpp>
#include <troupe/policy/optimizer_machine.hpp>
#include <troupe/policy/pool_resizer.hpp>
#include <troupe/policy/restart_intensity.hpp>
#include <troupe/policy/retry.hpp>
#include <troupe/policy/timeout.hpp>
#include <troupe/policy/token_bucket.hpp>
#include <troupe/supervision.hpp>

using namespace durations;
using namespace std::chrono_literals;
using troupe::time_point;

namespace {

constexpr time_point t0{1h};
constexpr auto an_age = 50 * 365 * 24h; // of which nobody waits to see the end

duration first_delay(const troupe::retry& r) {
  std::minstd_rand rng;
  troupe::retry_schedule tries{r};
  return tries.next(troupe::error{troupe::errc::stage_failed}, rng).value();
}

/// Two failures open it.
troupe::circuit_breaker fragile() {
  return {.window = troupe::last_calls(2), .minimum_calls = 2, .trials = 1};
}

troupe::breaker_machine opened(const troupe::circuit_breaker& options) {
  troupe::breaker_machine m{options};
  for (int i = 0; i < 2; ++i)
    m.record(m.admit(t0), troupe::outcome::failure, 1ms, t0);
  CHECK(m.state(t0) == troupe::breaker_state::open);
  return m;
}

bool is_half_open(troupe::breaker_machine m, time_point at) {
  (void)m.admit(at);
  return m.state(at) == troupe::breaker_state::half_open;
}

troupe::hedge_delay learnt(time_span took) {
  troupe::hedge_delay d{{.at_quantile = 0.5}};
  for (int i = 0; i < 100; ++i)
    d.record(took, t0);
  return d;
}

template <class Limit>
void sample(Limit limit, time_span rtt) {
  const auto before = limit.limit();
  for (int i = 0; i < 10; ++i)
    limit.on_sample(rtt, 5, false);
  CHECK(limit.limit() >= 1);
  if (rtt < duration::zero()) // the clock stepped back
    CHECK(limit.limit() >= before);
}

std::vector<row> limits_on_calls() {
  return {
      {"timeout after", "after = ", takes::above_zero,
       [](time_span d) { validate(troupe::timeout{d}); }},
      {"bulkhead wait", "wait = ", takes::from_zero,
       [](time_span d) {
         troupe::bulkhead_gate g{{.max = 1, .wait = d}};
         (void)g.enter(t0);
         const bool waits = g.enter(t0).verdict == troupe::bulkhead_gate::verdict::waits;
         holds(waits == (d > duration::zero()));
         holds(g.expire(t0 + an_age).expired.empty() == (!waits || for_ever(d)));
       }},
      {"hedge_delay after", "after = ", takes::from_zero,
       [](time_span d) {
         troupe::hedge_delay h{{.after = d, .at_quantile = d == 0s ? 0.9 : 0.0}};
         holds(h.next(t0).value_or(0s) == d);
       }},
      {"hedge_delay record", "", takes::all,
       [](time_span d) { holds(learnt(d).next(t0).value() > 0s); }},
      {"hedge_delay record_lost", "", takes::all,
       [](time_span d) {
         troupe::hedge_delay h{{.at_quantile = 0.5}};
         for (int i = 0; i < 100; ++i) {
           h.record(1ms, t0);
           h.record_lost(d, t0);
         }
         holds(h.next(t0).value() >= 1ms);
       }},
      {"backoff min", "backoff.min = ", takes::from_zero,
       [](time_span d) {
         const troupe::retry r{.backoff = {d, duration::max()}, .jitter = troupe::jitter::none};
         holds(first_delay(r) == d);
       }},
      {"backoff max", "backoff.max = ", takes::from_zero,
       [](time_span d) {
         const troupe::retry r{
             .attempts = 9, .backoff = {0s, d}, .jitter = troupe::jitter::decorrelated};
         holds(first_delay(r) == 0s);
       }},
      {"error with_retry_after", "", takes::all,
       [](time_span d) {
         const auto e = troupe::error{troupe::errc::stage_failed}.with_retry_after(d);
         std::minstd_rand rng;
         troupe::retry_schedule tries{{.attempts = 2, .backoff = {1ms, 1s}}};
         const auto wait = tries.next(e, rng);
         holds(wait.has_value() == !for_ever(d));
         if (wait)
           holds(*wait >= 0s);
       }},
      {"rate every", "", takes::all,
       [](time_span d) {
         if (d == duration::min()) { // no rate
           CHECK_THROWS_AS((troupe::token_bucket{troupe::every(d), 1, t0}), std::invalid_argument);
           return;
         }
         troupe::token_bucket b{troupe::every(d), 1, t0};
         holds(b.allow(t0));
         holds(b.allow(t0 + 2ns) == !for_ever(d));
       }},
      {"rate permits_in", "", takes::all,
       [](time_span d) { holds((troupe::per_second(1).permits_in(d) > 0) == (d > 0s)); }},
      {"token_bucket reserve", "", takes::all,
       [](time_span d) {
         troupe::token_bucket b{troupe::every(1h), 1, t0};
         holds(b.reserve(t0, 1, d).ok() == (d >= 0s));
         holds((d < 0s || b.reserve(t0, 1, d).ok() == for_ever(d)));
       }},
      {"aimd_limit timeout", "timeout = ", takes::above_zero,
       [](time_span d) {
         troupe::aimd_limit l{{.initial = 100, .timeout = d}};
         l.on_sample(an_age, 100, false);
         holds((l.limit() > 100) == for_ever(d));
       }},
      {"aimd_limit on_sample", "", takes::all,
       [](time_span d) { sample(troupe::aimd_limit{{.initial = 20, .min = 1}}, d); }},
      {"vegas_limit on_sample", "", takes::all,
       [](time_span d) { sample(troupe::vegas_limit{{}}, d); }},
      {"gradient_limit on_sample", "", takes::all,
       [](time_span d) { sample(troupe::gradient_limit{{.min = 1}}, d); }},
  };
}

std::vector<row> breakers() {
  return {
      {"circuit_breaker slow_after", "slow_after = ", takes::above_zero,
       [](time_span d) {
         auto o = fragile();
         o.slow_after = d;
         troupe::breaker_machine m{o};
         for (int i = 0; i < 2; ++i)
           m.record(m.admit(t0), troupe::outcome::success, an_age, t0);
         holds((m.state(t0) == troupe::breaker_state::closed) == for_ever(d));
       }},
      {"circuit_breaker cooldown", "cooldown = ", takes::above_zero,
       [](time_span d) {
         auto o = fragile();
         o.cooldown = d;
         holds(is_half_open(opened(o), t0 + an_age) == !for_ever(d));
       }},
      {"circuit_breaker max_cooldown", "max_cooldown = ", takes::above_zero,
       [](time_span d) {
         auto o = fragile();
         o.cooldown = 1s;
         o.cooldown_factor = 1e300;
         o.max_cooldown = d;
         auto m = opened(o);
         m.record(m.admit(t0 + 1s), troupe::outcome::failure, 1ms, t0 + 1s);
         holds(is_half_open(m, t0 + an_age) == !for_ever(d));
       }},
      {"circuit_breaker half_open_max_wait", "half_open_max_wait = ", takes::from_zero,
       [](time_span d) {
         auto o = fragile();
         o.half_open_max_wait = d;
         auto m = opened(o);
         m.half_open(t0);
         const bool waits = m.state(t0 + an_age) == troupe::breaker_state::half_open;
         holds(waits == (for_ever(d) || d == 0s));
       }},
      {"circuit_breaker last_time", "window = ", takes::above_zero,
       [](time_span d) {
         auto o = fragile();
         o.window = troupe::last_time(d);
         troupe::breaker_machine m{o};
         m.record(m.admit(t0), troupe::outcome::failure, 1ms, t0);
         m.record(m.admit(t0 + an_age), troupe::outcome::failure, 1ms, t0 + an_age);
         holds((m.state(t0 + an_age) == troupe::breaker_state::open) == for_ever(d));
       }},
      {"breaker_machine force_open", "for = ", takes::above_zero,
       [](time_span d) {
         troupe::breaker_machine m{fragile()};
         m.force_open(t0, d);
         holds(m.admit(t0 + an_age).has_value() == !for_ever(d));
       }},
      {"outcome_window time_window", "", takes::all,
       [](time_span d) {
         troupe::time_window w{std::max(d, time_span{1ns})}; // less is a programming error
         w.add({.total = 1}, t0);
         holds((w.sum(t0 + an_age).total == 1) == for_ever(d));
       }},
      {"breaker_machine record", "", takes::all,
       [](time_span d) {
         troupe::breaker_machine m{fragile()};
         for (int i = 0; i < 2; ++i)
           m.record(m.admit(t0), troupe::outcome::success, d, t0);
         holds((m.state(t0) == troupe::breaker_state::open) == for_ever(d));
       }},
  };
}

std::vector<row> the_others() {
  return {
      {"context with_timeout", "", takes::all,
       [](time_span d) {
         const auto ctx = troupe::context::background([] { return t0; }).with_timeout(d);
         holds(ctx.cancelled() == (d <= 0s));
         holds((ctx.remaining() == duration::max()) == for_ever(d));
       }},
      {"balance rest", "rest = ", takes::above_zero,
       [](time_span d) {
         troupe::balancer_machine b{{.failures = 1, .rest = d}, 2};
         std::minstd_rand rng;
         const auto sent = b.pick(t0, rng);
         b.failed(sent, t0);
         holds(b.is_eligible(sent.instance, t0 + an_age) == !for_ever(d));
       }},
      {"expiring_lru ttl", "", takes::all,
       [](time_span d) {
         troupe::expiring_lru<int, int> m{{.ttl = d}};
         m.put(1, 1, t0);
         holds((m.find(1, t0 + an_age) == nullptr) == (d == 1ns));
       }},
      {"batch_sizer batch_sizer", "target = ", takes::above_zero,
       [](time_span d) {
         troupe::batch_sizer s{100, d};
         for (int i = 0; i < 10; ++i)
           s.record(s.want(), an_age);
         holds(s.want() >= 1);
       }},
      {"batch_sizer record", "", takes::all,
       [](time_span d) {
         troupe::batch_sizer s{100};
         s.record(10, d);
         holds(s.want() >= 1);
         holds(s.per_item() >= 0s);
       }},
      {"pool_resizer cooldown", "cooldown = ", takes::from_zero,
       [](time_span d) {
         troupe::pool_resizer z{{.min = 1, .max = 10, .cooldown = d}};
         holds(z.decide(t0, 5, 5, 0s) == 1);
         holds(z.decide(t0 + an_age, 6, 6, 0s) == (for_ever(d) ? 0 : 2));
       }},
      {"pool_resizer wait_target", "wait_target = ", takes::from_zero,
       [](time_span d) {
         troupe::pool_resizer z{{.min = 1, .max = 10, .wait_target = d}};
         holds((z.decide(t0, 5, 4, an_age) > 0) == (d == 1ns));
       }},
      {"pool_resizer decide", "", takes::all,
       [](time_span d) {
         troupe::pool_resizer z{{.min = 1, .max = 10, .wait_target = 1s}};
         holds((z.decide(t0, 5, 4, d) > 0) == for_ever(d));
       }},
      {"restart_intensity restart_intensity", "period = ", takes::above_zero,
       [](time_span d) {
         troupe::restart_intensity i{1, d};
         holds(i.record(t0));
         holds(i.record(t0 + an_age) == !for_ever(d));
       }},
      {"optimizer_machine measure_for", "measure_for = ", takes::above_zero,
       [](time_span d) {
         const troupe::optimizer_machine m{{}, {.measure_for = d}};
         holds(m.sample_every() > 0s && m.sample_every() <= d.value());
       }},
      {"optimizer_machine try_again", "try_again = ", takes::from_zero,
       [](time_span d) {
         (void)troupe::optimizer_machine{{}, {.try_again = d}};
       }},
      {"supervision within", "within = ", takes::from_zero,
       [](time_span d) { holds(troupe::shutdown::within(d).limit() == d.value()); }},
  };
}

} // namespace

TEST_SUITE("policy durations") {
  TEST_CASE("limits on calls take the ends of their range, or refuse them by name") {
    check_all(limits_on_calls());
  }
  TEST_CASE("a breaker takes the ends of its ranges, or refuses them by name") {
    check_all(breakers());
  }
  TEST_CASE("all other policies take the ends of their ranges, or refuse them by name") {
    check_all(the_others());
  }
}
