#include <troupe/monitor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "monitor_fixture.hpp"
#include <troupe/manager.hpp>
#include <troupe/sinks.hpp>
#include <troupe/sources.hpp>

using namespace std::chrono_literals;
using namespace troupe;
using monitor_tests::fake_run;
using monitor_tests::fixture;
using strings = std::vector<std::string>;

namespace {

/// parse -> price -> ledger: each in its function, until a test says otherwise.
class line_of_three : public observable {
public:
  explicit line_of_three(caf::actor_system& sys, std::string name = "orders") : sys_{sys} {
    now_.name = std::move(name);
    for (const auto* stage : {"parse", "price", "ledger"}) {
      now_.stages.push_back({.name = stage, .workers = 1, .capacity = 100});
      now_.stages.back().actors.push_back({.doing = phase::working, .since = detail::now(sys)});
    }
    for (const std::size_t i : {1u, 2u}) {
      auto& edge = now_.stages[i].inputs.emplace_back();
      edge.from = i - 1;
      edge.capacity = 100;
    }
  }

  graph_sample sample() const override {
    auto copy = now_;
    copy.at = detail::now(sys_);
    return copy;
  }
  bool ended() const override { return over; }

  stage_sample& stage(std::size_t i) { return now_.stages[i]; }
  graph_sample& all() { return now_; }
  void move_on(std::size_t i) { stage(i).totals.delivered += 1; }
  void does(std::size_t i, phase what) { stage(i).actors[0].doing = what; }

  bool over = false;

private:
  caf::actor_system& sys_;
  graph_sample now_;
};

struct rules_fixture : fixture {
  std::shared_ptr<line_of_three> new_line(std::string name = "orders") {
    return std::make_shared<line_of_three>(sys, std::move(name));
  }
};

} // namespace

TEST_SUITE("monitor rules") {
  TEST_CASE_FIXTURE(rules_fixture, "a joined rule is raised once, within a period, and resolved") {
    monitor watch{sys, options({mailbox_depth("parse") > 100 && memory() > 1000})};
    const auto run = new_line();
    watch.watch(run);
    run->stage(0).mailbox_depth = 101;
    pass(1s);
    CHECK(said.empty());

    run->all().memory = 1024;
    pass(250ms);
    const std::string raised
        = R"(warning: orders: mailbox_depth("parse") = 101 > 100 && memory() = 1KiB > 1000B)";
    CHECK(said == strings{raised});
    pass(1s);
    run->all().memory = 0;
    pass(250ms);
    CHECK(said
          == strings{raised, R"(resolved: orders: mailbox_depth("parse") = 101 && memory() = 0B, )"
                             R"(was mailbox_depth("parse") > 100 && memory() > 1000B for 1.25s)"});
  }

  TEST_CASE_FIXTURE(rules_fixture, "a rule about any stage gives each its own alert") {
    monitor watch{sys, options({mailbox_depth(any_stage) > 100})};
    const auto run = new_line();
    watch.watch(run);
    run->stage(0).mailbox_depth = 101;
    pass(250ms);
    run->stage(2).mailbox_depth = 102;
    pass(250ms);
    run->stage(0).mailbox_depth = 0;
    pass(250ms);

    CHECK(said
          == strings{R"(warning: orders: mailbox_depth("parse") = 101 > 100)",
                     R"(warning: orders: mailbox_depth("ledger") = 102 > 100)",
                     R"(resolved: orders: mailbox_depth("parse") = 0, was > 100 for 500ms)"});
    REQUIRE(watch.open_alerts().size() == 1);
    CHECK(watch.open_alerts()[0].rule == R"(mailbox_depth("ledger") > 100)");
  }

  TEST_CASE_FIXTURE(rules_fixture,
                    "a stage that comes is judged, the alert of one that goes is over") {
    monitor watch{sys, options({mailbox_depth(any_stage) > 100})};
    const auto run = new_line();
    watch.watch(run);
    pass(250ms);
    run->all().stages.push_back({.name = "audit", .mailbox_depth = 101});
    pass(250ms);
    CHECK(said == strings{R"(warning: orders: mailbox_depth("audit") = 101 > 100)"});
    run->all().stages.pop_back();
    pass(250ms);
    CHECK(
        said.back()
        == R"(resolved: orders: mailbox_depth("audit") = 101, was > 100 for 250ms, the stage is gone)");
    CHECK(watch.open_alerts().empty());
  }

  TEST_CASE_FIXTURE(rules_fixture, "a rule with a pattern is about the runs of that name only") {
    monitor watch{sys, options({(mailbox_depth("parse") > 100).run("orders*"),
                                (active_actors() > 5).run("*-2")})};
    for (const auto* name : {"orders-1", "orders-2", "bills", ""}) {
      const auto run = new_line(name);
      run->stage(0).mailbox_depth = 101;
      run->all().actors = 6;
      watch.watch(run);
    }
    pass(250ms);

    CHECK(said
          == strings{R"(warning: orders-1: mailbox_depth("parse") = 101 > 100)",
                     R"(warning: orders-2: mailbox_depth("parse") = 101 > 100)",
                     "warning: orders-2: active_actors() = 6 > 5"});
  }

  TEST_CASE_FIXTURE(rules_fixture, "a leak is told of, once, and that it has stopped") {
    monitor watch{sys, options({growth(memory()).per(10s) > 1000})};
    const auto run = new_line();
    run->all().memory = 10'000;
    watch.watch(run);
    const auto grow = [&](std::uint64_t a_second, duration for_so_long) {
      for (duration t{}; t < for_so_long; t += 250ms) {
        run->all().memory += a_second / 4;
        pass(250ms);
      }
    };
    grow(100, 1min); // exactly at the limit
    CHECK(said.empty());
    grow(400, 500ms);
    REQUIRE(said.size() == 1);
    CHECK(said[0] == "warning: growth(memory()).per(10s) = 1.05KiB > 1000B");
    grow(400, 1min);
    CHECK(said.size() == 1);
    // What was added within 10 s is at the limit again after 7.5.
    grow(0, 8s);
    CHECK(said.size() == 2);
  }

  TEST_CASE_FIXTURE(
      rules_fixture,
      "the thresholds of the tutorial: raised within two periods, once, and resolved") {
    struct row {
      threshold rule;
      void (*break_it)(line_of_three&);
      void (*mend_it)(line_of_three&);
    };
    const row rows[] = {
        {p99_latency("price") > 250ms, [](auto& r) { r.stage(1).running = {300ms}; },
         [](auto& r) { r.stage(1).running = {100ms}; }},
        {memory() > 1000, [](auto& r) { r.all().memory = 1001; },
         [](auto& r) { r.all().memory = 1000; }},
        {error_rate("price") > 0.5, [](auto& r) { r.stage(1).totals.failed += 1; },
         [](auto& r) { r.stage(1).totals.delivered += 1; }},
        {throughput("price") < 4, [](auto&) {}, [](auto& r) { r.stage(1).totals.delivered += 1; }},
        {active_actors() > 3, [](auto& r) { r.all().actors = 4; },
         [](auto& r) { r.all().actors = 3; }},
        {cpu() > 0.5, [](auto& r) { r.all().cpu += 200ms; }, [](auto& r) { r.all().cpu += 100ms; }},
        {breaker("price") == breaker_state::open,
         [](auto& r) { r.stage(1).breaker = breaker_state::open; },
         [](auto& r) { r.stage(1).breaker = breaker_state::closed; }},
        {stalled("price").for_at_least(1s), [](auto&) {}, [](auto& r) { r.move_on(1); }},
    };
    for (const auto& row : rows) {
      CAPTURE(to_string(row.rule));
      said.clear();
      monitor watch{sys, options({row.rule})};
      const auto run = new_line();
      run->all().cpu = 1s;
      watch.watch(run);
      const auto go_on = [&](auto step, int periods) {
        for (int i = 0; i < periods; ++i) {
          step(*run);
          pass(250ms);
        }
      };
      go_on(row.mend_it, 8);
      CHECK(said.empty());
      go_on(row.break_it, row.rule.metric() == metric_kind::stalled ? 4 + 2 : 2);
      CHECK(said.size() == 1);
      go_on(row.break_it, 20);
      CHECK(said.size() == 1);
      go_on(row.mend_it, 2);
      CHECK(said.size() == 2);
      CHECK(watch.open_alerts().empty());
    }
  }

  TEST_CASE_FIXTURE(fixture, "of 200 managed flows with one rule the alert names the one") {
    monitor watch{sys, options({throughput("tick") < 0.5})};
    manager m{sys, watch};
    for (int i = 0; i < 200; ++i)
      m.add("flow-" + std::to_string(i), ticks("tick", i == 123 ? 1h : 100ms) | ignore("end"));
    for (const auto& name : m.list())
      m.start(name);
    pass(500ms);

    CHECK(said == strings{R"(warning: flow-123: throughput("tick") = 0 < 0.5)"});
    REQUIRE(watch.open_alerts().size() == 1);
    CHECK(watch.open_alerts()[0].run == "flow-123");
    CHECK(watch.open_alerts()[0].stage == "tick");
  }
}

TEST_SUITE("monitor roots") {
  TEST_CASE_FIXTURE(rules_fixture,
                    "the stage that hangs is told of first, those it holds up with it") {
    monitor watch{sys, options({mailbox_depth(any_stage) > 50, memory() > 1000,
                                stalled(any_stage).for_at_least(1s).critical()})};
    const auto run = new_line();
    watch.watch(run);
    run->move_on(2);
    pass(250ms);
    // All at once, so that one sample sees it.
    run->all().memory = 1001;
    run->does(0, phase::held_back);
    run->does(1, phase::held_back);
    pass(750ms);
    CHECK(said == strings{"warning: memory() = 1001B > 1000B"});
    said.clear();
    for (const std::size_t i : {0u, 1u, 2u})
      run->stage(i).mailbox_depth = 100;
    pass(250ms);

    CHECK(said
          == strings{R"(warning: orders: mailbox_depth("ledger") = 100 > 50)",
                     R"(critical: orders: stalled("ledger") for 1s)",
                     R"(warning: orders: mailbox_depth("parse") = 100 > 50, held up by "ledger")",
                     R"(warning: orders: mailbox_depth("price") = 100 > 50, held up by "ledger")"});
    CHECK(watch.open_alerts().size() == 5);
    for (const auto& a : watch.open_alerts())
      CHECK(a.root == (a.stage == "parse" || a.stage == "price" ? "ledger" : ""));
  }

  TEST_CASE_FIXTURE(rules_fixture,
                    "no stall in ten minutes of a slow flow, one at its rate, paused or idle") {
    monitor watch{sys, options({stalled(any_stage).for_at_least(5s)})};
    const auto slow = new_line("slow");
    const auto paced = new_line("paced");
    const auto paused = new_line("paused");
    const auto idle = new_line("idle");
    for (const std::size_t i : {0u, 1u}) {
      paced->does(i, phase::held_back);
      paused->does(i, phase::held_back);
    }
    paced->does(2, phase::pacing);
    paused->does(2, phase::paused);
    for (const auto& run : {paced, paused})
      for (const std::size_t i : {0u, 1u, 2u})
        run->stage(i).mailbox_depth = 100;
    for (const std::size_t i : {0u, 1u, 2u})
      idle->does(i, phase::idle);
    for (const auto& run : {slow, paced, paused, idle})
      watch.watch(run);
    for (auto t = 0s; t < 10min; t += 4s) {
      for (const std::size_t i : {0u, 1u, 2u})
        slow->move_on(i);
      pass(4s);
    }
    CHECK(said.empty());
  }
}
