#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <vector>

#include "../durations.hpp"
#include "../support.hpp"
#include "monitor_fixture.hpp"
#include <troupe/alert_machine.hpp>

namespace tr = troupe;
using namespace durations;
using namespace support;

namespace {

constexpr tr::time_point t0{1h};
constexpr auto an_age = 50 * 365 * 24h;

/// Whether the rule tells of a breach that lasts for an age.
bool raises(const tr::threshold& rule, double value) {
  tr::alert_machine machine{rule};
  return machine.feed(t0, value) || machine.feed(t0 + an_age, value);
}

/// Five items, of which one a second gets through, on their way.
struct managed_flow {
  virtual_system sys;
  tr::manager by{sys};

  managed_flow() {
    by.add("f", tr::from("n", numbers(5)) | tr::rate_limit("one a second", tr::every(1s))
                    | tr::ignore("end"));
    by.start("f");
    tr::detail::virtual_time::run_jobs(sys);
  }
};

std::vector<row> rules() {
  return {
      {"threshold hold", "for_at_least", takes::from_zero,
       [](time_span d) {
         holds((tr::mailbox_depth("x") > 1).for_at_least(d).options().hold == d);
       }},
      {"threshold for_at_least", "for_at_least", takes::from_zero,
       [](time_span d) {
         const auto rule = (tr::mailbox_depth("x") > 10).for_at_least(d);
         holds(raises(rule, 11) == !for_ever(d));
       }},
      {"threshold cooldown", "cooldown", takes::from_zero,
       [](time_span d) {
         tr::alert_machine machine{(tr::mailbox_depth("x") > 10).cooldown(d)};
         holds(machine.feed(t0, 11).has_value());
         holds(machine.feed(t0, 9).has_value());
         holds(machine.feed(t0 + an_age, 11).has_value() == !for_ever(d));
       }},
      {"threshold for_at_least", "for_at_least", takes::above_zero,
       [](time_span d) {
         // A stall that has lasted for 50 years.
         const auto rule = tr::stalled("x").for_at_least(d);
         const auto age = std::chrono::duration<double>(an_age).count();
         holds(tr::alert_machine{rule}.feed(t0, age).has_value() == !for_ever(d));
       }},
      {"threshold per", "per", takes::above_zero,
       [](time_span d) {
         // Before a window without end is over, growth is what has come since the beginning.
         tr::alert_machine machine{tr::growth(tr::memory()).per(d) > 10};
         holds(!machine.feed(t0, 0).has_value());
         holds(machine.feed(t0 + 1ns, 11).has_value());
         holds(machine.feed(t0 + an_age, 11).has_value() == !for_ever(d));
       }},
      {"condition window", "", takes::all,
       [](time_span d) {
         holds(tr::condition{.window = d}.is_growth() == (d > tr::duration::zero()));
       }},
      {"threshold operator>", "threshold", takes::from_zero,
       [](time_span d) { holds(raises(tr::p99_latency("x") > d, 3600.0) == !for_ever(d)); }},
      {"threshold operator<", "threshold", takes::from_zero,
       [](time_span d) { holds(raises(tr::p99_latency("x") < d, 3600.0) == for_ever(d)); }},
  };
}

std::vector<row> watchers() {
  return {
      {"monitor sample_every", "sample_every = ", takes::above_zero,
       [](time_span d) {
         virtual_system sys;
         tr::monitor m{sys, {.sample_every = d}};
         const auto run = std::make_shared<monitor_tests::fake_run>(sys);
         m.watch(run);
         tr::detail::virtual_time::run_for(sys, at_once(d) ? tr::duration{20ns} : 24h);
         holds((run->samples == 1) == for_ever(d));
         run->over = true;
       }},
      {"monitor keep", "keep = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         tr::monitor m{sys, {.sample_every = 1s, .keep = d}};
         const auto run = std::make_shared<monitor_tests::fake_run>(sys);
         m.watch(run);
         tr::detail::virtual_time::run_for(sys, 3s);
         const std::size_t kept = d == tr::duration::zero() ? 0 : at_once(d) ? 1 : 3;
         holds(m.curves("").size() == kept);
         run->over = true;
       }},
      {"monitor drain_limit", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         int told = 0;
         const auto run = std::make_shared<monitor_tests::fake_run>(sys);
         run->depth(11);
         {
           tr::monitor m{sys,
                         {.sample_every = 1s,
                          .alert_when = {tr::mailbox_depth("book") > 10},
                          .on_alert = [&](const tr::alert&) { ++told; },
                          .drain_limit = d}};
           m.watch(run);
           tr::detail::virtual_time::run_for(sys, 1s);
         }
         holds(told == (d > 0s ? 2 : 1)); // of the end there is no time to tell
       }},
      {"manager stop", "", takes::all,
       [](time_span d) {
         managed_flow f;
         holds(f.by.stop("f", d).clean() == for_ever(d));
       }},
      {"manager restart", "", takes::all,
       [](time_span d) {
         managed_flow f;
         holds(f.by.restart("f", d).clean() == for_ever(d));
       }},
      {"manager remove", "", takes::all,
       [](time_span d) {
         managed_flow f;
         const auto before = tr::detail::now(*f.sys);
         f.by.remove("f", d);
         holds((tr::detail::now(*f.sys) - before >= 4s) == for_ever(d));
       }},
  };
}

} // namespace

TEST_SUITE("watch durations") {
  TEST_CASE("rules take the ends of their ranges, or refuse them by name") { check_all(rules()); }
  TEST_CASE("who watches and manages takes the ends of the ranges, or refuses them by name") {
    check_all(watchers());
  }
}
