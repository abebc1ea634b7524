#include <troupe/alert_machine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/detail/curve.hpp>
#include <troupe/detail/growth_window.hpp>
#include <troupe/detail/stall_root.hpp>
#include <troupe/detail/stall_watch.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace troupe;

namespace {

const time_point t0{1000s};

} // namespace

TEST_SUITE("growth") {
  const auto leak = growth(memory()).per(1min) > 600;

  TEST_CASE(
      "a growth of exactly the limit is not beyond it, a little more is, within two samples") {
    for (const duration every : {duration{250ms}, duration{1s}, duration{7s}}) {
      CAPTURE(every.count());
      alert_machine at_limit{leak};
      alert_machine above{leak};
      const auto first_above = t0 + 5min;
      std::optional<alert> said;
      for (auto now = t0; now < t0 + 10min; now += every) {
        const auto s = std::chrono::duration<double>(now - t0).count();
        CHECK_FALSE(at_limit.feed(now, 10 * s).has_value()); // 600 a minute
        // From 5 minutes on 20 a second: above 600 a minute as soon as that is seen.
        const auto more = std::max(0.0, std::chrono::duration<double>(now - first_above).count());
        if (const auto a = above.feed(now, 10 * s + 10 * more))
          said = a;
      }
      REQUIRE(said.has_value());
      CHECK(said->at - first_above <= 2 * every);
    }
  }

  TEST_CASE("a value that only jumps is over when the jump is a window ago") {
    alert_machine machine{leak};
    std::vector<std::pair<duration, alert_state>> said;
    for (auto t = 0s; t < 5min; t += 1s)
      if (const auto a = machine.feed(t0 + t, t < 2min ? 0 : 1000))
        said.emplace_back(t, a->state);

    CHECK(said
          == std::vector<std::pair<duration, alert_state>>{{2min, alert_state::raised},
                                                           {3min, alert_state::resolved}});
  }

  TEST_CASE("before a window is over, too little growth is not known, and too much is") {
    alert_machine much{leak};
    CHECK_FALSE(much.feed(t0, 0).has_value());
    CHECK(much.feed(t0 + 1s, 601).has_value());

    alert_machine little{growth(memory()).per(1min) < 600};
    for (auto t = 0s; t < 1min; t += 1s)
      CHECK_FALSE(little.feed(t0 + t, 0).has_value());
    CHECK(little.feed(t0 + 1min, 0).has_value());
  }

  TEST_CASE("memory is bounded, however often it is fed and however long the window") {
    for (const duration window : {duration{1ns}, duration{1min}, duration::max()}) {
      detail::growth_window w{window};
      for (int i = 0; i < 100'000; ++i)
        (void)w.feed(t0 + i * 10ms, i);
      CHECK(w.size() <= detail::growth_window::points + 2);
    }
  }

  TEST_CASE("where samples are missing the value is taken from the line between those there are") {
    detail::growth_window w{10s};
    (void)w.feed(t0, 0);
    const auto g = w.feed(t0 + 100s, 50); // 0.5 a second
    CHECK(g.whole);
    CHECK(g.value == doctest::Approx(5));
  }

  TEST_CASE("a clock that steps back begins anew") {
    detail::growth_window w{10s};
    (void)w.feed(t0, 0);
    const auto g = w.feed(t0 - 1h, 1000);
    CHECK_FALSE(g.whole);
    CHECK(g.value == 0);
  }

  TEST_CASE("an alert of a growth tells by how much") {
    alert_machine machine{leak};
    (void)machine.feed(t0, 0);
    const auto said = machine.feed(t0 + 1s, 2048);
    REQUIRE(said.has_value());
    CHECK(to_string(*said) == "warning: growth(memory()).per(60s) = 2KiB > 600B");
    const auto over = machine.feed(t0 + 2s, 100);
    REQUIRE(over.has_value());
    CHECK(to_string(*over) == "resolved: growth(memory()).per(60s) = 100B, was > 600B for 1s");
  }
}

namespace {

/// One stage that has taken up an item, and another before it.
graph_sample working_at(duration since_start, duration item_began, std::uint64_t done = 0) {
  stage_sample s{.name = "ledger",
                 .totals = {.received = done + 1, .delivered = done, .in_flight = 1}};
  s.actors = {{.doing = phase::working, .since = t0 + item_began}};
  return {.at = t0 + since_start, .stages = {s}};
}

/// For how long "ledger" has stalled after these samples.
duration stalled_after(const std::vector<graph_sample>& samples, const stall& waits = {}) {
  detail::stall_watch w;
  for (std::size_t i = 1; i < samples.size(); ++i)
    w.feed(samples[i - 1], samples[i], waits);
  return w.of("ledger").value();
}

std::vector<graph_sample> twice(graph_sample s) {
  auto later = s;
  later.at += 1s;
  return {std::move(s), std::move(later)};
}

} // namespace

TEST_SUITE("stalls") {
  TEST_CASE("a stage in one call has stalled since the last sample that saw progress") {
    CHECK(stalled_after({working_at(0s, 0s), working_at(1s, 500ms, 1), working_at(2s, 500ms, 1),
                         working_at(3s, 500ms, 1)})
          == 2s);
  }

  TEST_CASE("progress of any kind ends it") {
    SUBCASE("an item is done") {
      CHECK(stalled_after({working_at(0s, 0s), working_at(1s, 0s, 1)}) == 0s);
    }
    SUBCASE("the next item of a batch has begun, though nothing is counted yet") {
      CHECK(stalled_after({working_at(0s, 0s), working_at(1s, 900ms)}) == 0s);
    }
    SUBCASE("without phases: the call that runs is younger than the sample before") {
      auto samples = twice(working_at(0s, 0s));
      for (auto& s : samples)
        s.stages[0].actors.clear();
      samples[1].stages[0].running = {999ms};
      CHECK(stalled_after(samples) == 0s);
      samples[1].stages[0].running = {1s};
      CHECK(stalled_after(samples) == 1s);
    }
    SUBCASE("something is emitted") {
      auto samples = twice(working_at(0s, 0s));
      samples[1].stages[0].totals.emitted = 1;
      CHECK(stalled_after(samples) == 0s);
    }
  }

  TEST_CASE("a stage that is held back, paused, at its rate, or without input is not stalled") {
    for (const auto doing : {phase::held_back, phase::paused, phase::pacing}) {
      CAPTURE(static_cast<int>(doing));
      auto s = working_at(0s, 0s);
      s.stages[0].actors[0].doing = doing;
      s.stages[0].mailbox_depth = 100;
      CHECK(stalled_after(twice(s)) == 0s);
    }
    auto idle = working_at(0s, 0s);
    idle.stages[0].actors[0].doing = phase::idle;
    CHECK(stalled_after(twice(idle)) == 0s);
    // A join that waits for the others of its inputs.
    idle.stages[0].mailbox_depth = 1;
    idle.stages[0].actors.clear();
    CHECK(stalled_after(twice(idle)) == 0s);
    idle.stages[0].actors = {{.doing = phase::idle}};
    // Something lies before it, and it does not take it up.
    idle.stages[0].mailbox_depth = 1;
    CHECK(stalled_after(twice(idle)) == 1s);
  }

  TEST_CASE("one worker that hangs beside others which go on is no stall, all of them are") {
    auto first = working_at(0s, 0s);
    first.stages[0].actors.push_back({.doing = phase::working, .since = t0});
    auto second = first;
    second.at += 1s;
    CHECK(stalled_after({first, second}) == 1s);
    second.stages[0].actors[1].since += 900ms;
    CHECK(stalled_after({first, second}) == 0s);
  }

  TEST_CASE("who waits for another, or is held up on purpose, is not stalled") {
    const auto samples = twice(working_at(0s, 0s));
    stall waits{.waits = {{.who = "ledger", .whom = "archive"}}, .roots = {{.stage = "archive"}}};
    CHECK(stalled_after(samples, waits) == 0s);
    waits = {.waits = {{.who = "parse", .whom = "ledger"}},
             .roots = {{.stage = "ledger", .cause = stall_cause::rate}}};
    CHECK(stalled_after(samples, waits) == 0s);
    waits.roots[0].cause = stall_cause::in_function;
    CHECK(stalled_after(samples, waits) == 1s);
  }

  TEST_CASE(
      "a rule about a stall is raised with the sample at which it has lasted, and since then") {
    alert_machine machine{stalled("ledger").for_at_least(5s), "orders"};
    CHECK_FALSE(machine.feed(t0 + 4s, 4.999).has_value());
    const auto said = machine.feed(t0 + 5s, 5);
    REQUIRE(said.has_value());
    CHECK(said->since == t0);
    CHECK(to_string(*said) == R"(warning: orders: stalled("ledger") for 5s)");
    CHECK_FALSE(machine.feed(t0 + 6s, 6).has_value());
    const auto over = machine.feed(t0 + 7s, 0);
    REQUIRE(over.has_value());
    CHECK(to_string(*over) == R"(resolved: orders: was stalled("ledger") for 7s)");
  }
}

TEST_SUITE("curves") {
  std::vector<duration> instants(detail::curve & c) {
    std::vector<duration> all;
    for (const auto& p : c.points())
      all.push_back(p.at - t0);
    return all;
  }

  TEST_CASE("a curve goes back as far as it is told, whole as long as there is room") {
    detail::curve c{10s};
    for (auto t = 0s; t <= 60s; t += 1s)
      c.add(t0 + t, {});
    const auto all = instants(c);
    REQUIRE(all.size() == 11);
    CHECK(all.front() == 50s);
    CHECK(all.back() == 60s);
  }

  TEST_CASE("with too many samples every second goes, and the curve still goes as far back") {
    detail::curve c{10min};
    for (auto t = 0ms; t <= 20min; t += 250ms)
      c.add(t0 + t, {});
    const auto all = instants(c);
    CHECK(all.size() <= detail::curve::most);
    CHECK(all.size() >= detail::curve::most / 2);
    CHECK(all.front() <= 10min + 2s);
    CHECK(all.back() >= 20min - 2s);
  }

  TEST_CASE("a curve without end stays within its bound") {
    detail::curve c{duration::max()};
    for (auto t = 0s; t <= 24h; t += 1s)
      c.add(t0 + t, {});
    CHECK(c.points().size() <= detail::curve::most);
    CHECK(instants(c).front() == 0s);
  }

  TEST_CASE("a curve shows each period as it was, also where nothing changes between two") {
    detail::curve c{1min};
    graph_metrics m{.name = "orders", .stages = {{.name = "parse"}}, .actors = 1};
    const auto put = [&](duration at, double throughput, duration max, std::uint64_t memory) {
      m.stages[0].throughput = throughput;
      m.stages[0].latency.max = max;
      m.memory = memory;
      c.add(t0 + at, m);
    };
    put(1s, 0, 0s, 10);
    put(2s, 0, 0s, 20);
    put(3s, 5, 0s, 20);
    put(4s, 5, 1s, 20);

    const auto all = c.points();
    REQUIRE(all.size() == 4);
    CHECK(all[1].metrics.name == "orders");
    CHECK(all[1].metrics.actors == 1);
    CHECK(all[0].metrics.memory == 10);
    CHECK(all[1].metrics.memory == 20);
    CHECK(all[1].metrics.stages.at(0).throughput == 0);
    CHECK(all[2].metrics.stages.at(0).throughput == 5);
    CHECK(all[2].metrics.stages.at(0).latency.max == 0s);
    CHECK(all[3].metrics.stages.at(0).latency.max == 1s);
  }

  TEST_CASE("none is kept where none is asked for") {
    detail::curve c{0s};
    c.add(t0, {});
    CHECK(c.points().empty());
  }
}
