#include <troupe/monitor.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "monitor_fixture.hpp"

using namespace std::chrono_literals;
using monitor_tests::fixture;
using troupe::alert;
using troupe::alert_state;
using troupe::mailbox_depth;
using troupe::monitor;
using troupe::throughput;

namespace {

const std::string book_raised = R"(warning: mailbox_depth("book") = 101 > 100)";

} // namespace

TEST_SUITE("monitor alerts") {

  TEST_CASE_FIXTURE(fixture, "an alert is told once when raised and once when resolved") {
    monitor watch{sys, options({mailbox_depth("book") > 100})};
    const auto run = new_run();
    watch.watch(run);

    run->depth(100);
    pass(1s);
    CHECK(said.empty());
    run->depth(101);
    pass(1s);
    CHECK(said == std::vector{book_raised});
    run->depth(40);
    pass(1s);
    // Raised at 1.25 s, seen resolved at 2.25 s.
    CHECK(said
          == std::vector{book_raised,
                         std::string{R"(resolved: mailbox_depth("book") = 40, was > 100 for 1s)"}});
  }

  TEST_CASE_FIXTURE(fixture, "a rule with a duration is raised by the sample that completes it") {
    monitor watch{sys, options({(mailbox_depth("book") > 100).for_at_least(2s).critical()})};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);

    pass(250ms + 2s - 1ms);
    CHECK(said.empty());
    pass(1ms);
    CHECK(said
          == std::vector<std::string>{R"(critical: mailbox_depth("book") = 101 > 100 for 2s)"});
  }

  TEST_CASE_FIXTURE(fixture, "runs with a stage of the same name are judged apart") {
    monitor watch{sys, options({mailbox_depth("book") > 100})};
    const auto a = new_run();
    const auto b = new_run();
    watch.watch(a);
    watch.watch(b);

    a->depth(101);
    pass(250ms);
    CHECK(said.size() == 1);
    b->depth(101);
    pass(250ms);
    CHECK(said.size() == 2);
    CHECK(watch.open_alerts().size() == 2);
  }

  TEST_CASE_FIXTURE(fixture,
                    "an alert and the metrics name their run, one about the process none") {
    monitor watch{sys, options({mailbox_depth("book") > 100, troupe::memory() > 1000.0})};
    const auto run = new_run();
    run->call_it("orders");
    watch.watch(run);

    run->depth(101);
    run->memory(2000);
    pass(250ms);

    REQUIRE(watch.open_alerts().size() == 2);
    CHECK(watch.open_alerts()[0].run == "orders");
    CHECK(watch.open_alerts()[1].run.empty());
    CHECK(said.at(0) == R"(warning: orders: mailbox_depth("book") = 101 > 100)");
    CHECK(said.at(1) == "warning: memory() = 1.95KiB > 1000B");
    CHECK(watch.metrics().at(0).name == "orders");

    run->over = true;
    pass(250ms);
    CHECK(
        said.at(2)
        == R"(resolved: orders: mailbox_depth("book") = 101, was > 100 for 250ms, the run ended)");
  }

  TEST_CASE_FIXTURE(fixture, "a rule about a stage that no run has says nothing") {
    monitor watch{sys, options({mailbox_depth("missing") > 0, throughput("missing") < 1000})};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);

    pass(10s);
    CHECK(said.empty());
  }

  TEST_CASE_FIXTURE(fixture, "the end of a run resolves its open alerts, and says why") {
    monitor watch{sys, options({mailbox_depth("book") > 100})};
    raise_and_end(watch);

    REQUIRE(said.size() == 2);
    CHECK(said[1]
          == R"(resolved: mailbox_depth("book") = 101, was > 100 for 250ms, the run ended)");
    CHECK(watch.open_alerts().empty());
  }

  TEST_CASE_FIXTURE(fixture, "the last span of a run can raise an upper limit, not a lower one") {
    monitor watch{sys, options({troupe::error_rate("book") > 0.01, throughput("book") < 1000})};
    const auto run = new_run();
    watch.watch(run);
    pass(100ms);
    run->stage().totals.failed = 5;
    run->over = true;
    pass(150ms);

    CHECK(said
          == std::vector<std::string>{
              R"(warning: error_rate("book") = 1 > 0.01)",
              R"(resolved: error_rate("book") = 1, was > 0.01, the run ended)"});
  }

  TEST_CASE_FIXTURE(fixture, "a rule about the process is raised once for all runs") {
    monitor watch{sys, options({troupe::memory() > 1000, troupe::active_actors() > 5})};
    const auto a = new_run();
    const auto b = new_run();
    watch.watch(a);
    pass(250ms);
    CHECK(said.empty());

    a->memory(2048);
    b->memory(2048);
    watch.watch(b); // 3 + 3 actors
    pass(250ms);
    CHECK(said
          == std::vector<std::string>{"warning: memory() = 2KiB > 1000B",
                                      "warning: active_actors() = 6 > 5"});

    a->over = true;
    pass(250ms);
    CHECK(said.back() == "resolved: active_actors() = 3, was > 5 for 250ms");
    b->over = true;
    pass(250ms);
    CHECK(said.back() == "resolved: memory() = 2KiB, was > 1000B for 500ms, no run is watched");
  }

  TEST_CASE_FIXTURE(fixture, "what the callback throws is counted and stops nothing") {
    int calls = 0;
    monitor watch{sys,
                  {.sample_every = 250ms,
                   .alert_when = {mailbox_depth("book") > 100},
                   .on_alert = [&](const alert&) {
                     if (++calls == 1)
                       throw std::runtime_error("no network");
                     throw 42;
                   }}};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);
    pass(250ms);
    run->depth(0);
    pass(250ms);

    CHECK(calls == 2);
    CHECK(watch.callback_errors() == 2);
    CHECK(watch.history().size() == 2);
  }

  TEST_CASE_FIXTURE(fixture, "the history keeps the newest alerts and counts the lost ones") {
    auto opts = options({mailbox_depth("book") > 100});
    opts.history = 3;
    monitor watch{sys, std::move(opts)};
    const auto run = new_run();
    watch.watch(run);
    for (std::uint64_t depth = 200; depth < 204; ++depth) { // raised with each
      run->depth(depth);
      pass(250ms);
      run->depth(0);
      pass(250ms);
    }

    const auto kept = watch.history();
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].state == alert_state::resolved);
    CHECK(kept[1].state == alert_state::raised);
    CHECK(kept[1].value == 203);
    CHECK(kept[2].state == alert_state::resolved);
    CHECK(watch.dropped_alerts() == 8 - 3);
    CHECK(said.size() == 8); // the callback misses none
  }

  TEST_CASE_FIXTURE(fixture, "the callback may read the monitor, and finds its alert there") {
    const monitor* watch = nullptr;
    std::size_t open = 0;
    std::size_t known = 0;
    auto opts = options({mailbox_depth("book") > 100});
    opts.on_alert = [&](const alert&) {
      open = watch->open_alerts().size();
      known = watch->history().size();
    };
    monitor m{sys, std::move(opts)};
    watch = &m;
    const auto run = new_run();
    m.watch(run);
    run->depth(101);
    pass(250ms);

    CHECK(open == 1);
    CHECK(known == 1);
  }

  TEST_CASE_FIXTURE(fixture, "an open alert carries the latest value") {
    monitor watch{sys, options({mailbox_depth("book") > 100})};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);
    pass(250ms);
    run->depth(700);
    pass(250ms);

    REQUIRE(watch.open_alerts().size() == 1);
    CHECK(watch.open_alerts().at(0).value == 700);
    CHECK(watch.history().size() == 1);
  }

  TEST_CASE_FIXTURE(fixture, "where run and monitor end together the alerts are resolved") {
    const auto run = new_run();
    {
      monitor watch{sys, options({mailbox_depth("book") > 100, troupe::memory() > 1000})};
      watch.watch(run);
      run->depth(101);
      run->memory(1001);
      pass(250ms);
      said.clear();
      run->over = true;
    }
    CHECK(said
          == std::vector<std::string>{
              R"(resolved: mailbox_depth("book") = 101, was > 100, the run ended)",
              "resolved: memory() = 1001B, was > 1000B, no run is watched"});
    CHECK(run.use_count() == 1);
    pass(1s);
    CHECK(said.size() == 2);
  }

  TEST_CASE_FIXTURE(fixture, "the last span before the monitor ends is judged of runs that ended") {
    const auto ended = new_run();
    const auto goes_on = new_run();
    ended->call_it("ended");
    goes_on->call_it("goes on");
    {
      monitor watch{sys, options({mailbox_depth("book") > 100, troupe::memory() > 1000})};
      for (const auto& run : {ended, goes_on}) {
        watch.watch(run);
        run->depth(101);
        run->memory(1001);
      }
      ended->over = true;
    }
    CHECK(said
          == std::vector<std::string>{
              R"(warning: ended: mailbox_depth("book") = 101 > 100)",
              R"(resolved: ended: mailbox_depth("book") = 101, was > 100, the run ended)"});
    CHECK(goes_on.use_count() == 1);
  }

} // TEST_SUITE
