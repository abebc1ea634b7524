#include <troupe/monitor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <caf/actor_registry.hpp>

#include <doctest/doctest.h>

#include "monitor_fixture.hpp"

using namespace std::chrono_literals;
using monitor_tests::fake_run;
using monitor_tests::fixture;
using troupe::alert;
using troupe::mailbox_depth;
using troupe::monitor;
using troupe::throughput;

TEST_SUITE("monitor") {

  TEST_CASE_FIXTURE(fixture, "a run is sampled when it is watched and once per period") {
    monitor watch{sys, options({})};
    const auto run = new_run();
    watch.watch(run);
    CHECK(run->samples == 1);

    pass(249ms);
    CHECK(run->samples == 1);
    pass(1ms);
    CHECK(run->samples == 2);
    pass(1s);
    CHECK(run->samples == 6);
  }

  TEST_CASE_FIXTURE(fixture, "metrics are those of the last period") {
    monitor watch{sys, options({})};
    const auto run = new_run();
    run->deliver(1'000'000); // before it is watched: not of the first period
    watch.watch(run);
    CHECK(watch.metrics().empty());

    run->deliver(100);
    pass(250ms);
    REQUIRE(watch.metrics().size() == 1);
    CHECK(watch.metrics().at(0).stages.at(0).throughput == doctest::Approx(400));
    CHECK(watch.metrics().at(0).stages.at(0).counters.delivered == 1'000'100);

    run->deliver(25);
    pass(250ms);
    CHECK(watch.metrics().at(0).stages.at(0).throughput == doctest::Approx(100));
  }

  TEST_CASE_FIXTURE(fixture, "a run that ended gives one last sample and is let go") {
    monitor watch{sys, options({})};
    const auto run = new_run();
    watch.watch(run);
    pass(1s);
    run->deliver(10);
    run->over = true;
    pass(250ms);

    CHECK(run->samples == 6);
    CHECK(run.use_count() == 1);
    CHECK(watch.metrics().at(0).stages.at(0).counters.delivered == 10);
  }

  TEST_CASE_FIXTURE(fixture, "the timer runs only while a run is alive") {
    monitor watch{sys, options({})};
    pass(1s);
    CHECK_FALSE(timer_runs());

    const auto first = new_run();
    watch.watch(first);
    pass(1s);
    CHECK(timer_runs());
    first->over = true;
    pass(250ms);
    CHECK_FALSE(timer_runs());

    const auto second = new_run();
    watch.watch(second);
    pass(1s);
    CHECK(second->samples == 5);
  }

  TEST_CASE_FIXTURE(fixture, "a second run does not start a second timer") {
    monitor watch{sys, options({})};
    const auto a = new_run();
    const auto b = new_run();
    watch.watch(a);
    watch.watch(b);
    pass(1s);

    CHECK(a->samples == 5);
    CHECK(b->samples == 5);
  }

  TEST_CASE_FIXTURE(fixture, "a run that joins just before the timer is not judged by a sliver") {
    monitor watch{sys, options({throughput("late") < 1000})};
    const auto early = new_run("early");
    const auto late = new_run("late");
    watch.watch(early);
    pass(240ms);
    watch.watch(late);
    pass(10ms);
    CHECK(said.empty());
    CHECK(watch.metrics().size() == 1);

    late->deliver(520); // 2000 a second over 260 ms
    pass(250ms);
    CHECK(said.empty());
    CHECK(watch.metrics().at(1).stages.at(0).throughput == doctest::Approx(2000));
  }

  TEST_CASE_FIXTURE(fixture, "the last metrics of ended runs are kept for sixteen of them") {
    monitor watch{sys, options({})};
    for (std::uint64_t i = 1; i <= 20; ++i) {
      const auto run = new_run();
      watch.watch(run);
      run->deliver(i);
      run->over = true;
      pass(250ms);
    }

    const auto kept = watch.metrics();
    REQUIRE(kept.size() == 16);
    CHECK(kept.front().stages.at(0).counters.delivered == 5);
    CHECK(kept.back().stages.at(0).counters.delivered == 20);
  }

  TEST_CASE_FIXTURE(fixture,
                    "destruction ends the actor, lets go of the runs, and judges no more") {
    const auto before = sys.registry().running();
    const auto run = new_run();
    {
      monitor watch{sys, options({mailbox_depth("book") > 100})};
      watch.watch(run);
      run->depth(101);
      pass(100ms);
      CHECK(sys.registry().running() == before + 2); // one tells the callback
    }
    CHECK(sys.registry().running() == before);
    CHECK(run.use_count() == 1);

    pass(1s);
    CHECK(said.empty());
  }

  TEST_CASE_FIXTURE(fixture, "a monitor that was never used ends as well") {
    const auto before = sys.registry().running();
    { const monitor watch{sys}; }
    CHECK(sys.registry().running() == before);
  }

  TEST_CASE_FIXTURE(fixture, "wrong options are refused with option, value and valid range") {
    const auto refusal = [this](troupe::monitor_options opts) -> std::string {
      try {
        const monitor watch{sys, std::move(opts)};
      } catch (const std::invalid_argument& e) {
        return e.what();
      }
      return "accepted";
    };
    CHECK(refusal({.sample_every = 0s}) == "monitor: sample_every = 0s, needs more than 0s");
    CHECK(refusal({.sample_every = -250ms})
          == "monitor: sample_every = -250ms, needs more than 0s");
    CHECK(refusal({.history = 0}) == "monitor: history = 0, needs at least 1");
    CHECK(refusal({.listener_buffer = 0}) == "monitor: listener_buffer = 0, needs at least 1");
    CHECK(refusal({.listeners = {troupe::callback_listener([](const alert&) {}), nullptr}})
          == "monitor: listeners[1] = null, needs a listener");
    CHECK(refusal({.sample_every = 1ns}) == "accepted");

    monitor watch{sys};
    CHECK_THROWS_WITH_AS(watch.watch(nullptr), "monitor: run = null, needs a run",
                         std::invalid_argument);
  }

  TEST_CASE_FIXTURE(fixture, "curves are a run's periods, as long ago as is asked for") {
    auto opts = options({});
    opts.keep = 1s;
    monitor watch{sys, std::move(opts)};
    const auto orders = new_run();
    const auto bills = new_run();
    orders->call_it("orders");
    watch.watch(orders);
    watch.watch(bills);
    CHECK(watch.curves("orders").empty());
    const auto start = troupe::detail::now(sys);
    for (std::uint64_t i = 0; i < 8; ++i) {
      orders->deliver(i);
      pass(250ms);
    }

    const auto points = watch.curves("orders");
    REQUIRE(points.size() == 5); // from 1 s to 2 s
    CHECK(points.front().at == start + 1s);
    CHECK(points.back().at == start + 2s);
    CHECK(points.front().metrics.stages.at(0).throughput == doctest::Approx(4 * 3));
    CHECK(points.back().metrics.stages.at(0).throughput == doctest::Approx(4 * 7));
    CHECK(watch.curves("").size() == 5);
    CHECK(watch.curves("nobody").empty());
  }

  TEST_CASE_FIXTURE(fixture, "curves are those of the newest run of a name, and of the last 16") {
    monitor watch{sys, options({})};
    for (int i = 0; i < 18; ++i) {
      const auto run = new_run();
      run->call_it(i < 2 ? "first " + std::to_string(i) : "later");
      watch.watch(run);
      pass(i == 17 ? 1s : 250ms);
      run->over = true;
      pass(250ms);
    }
    CHECK(watch.curves("first 0").empty());
    CHECK(watch.curves("first 1").empty());
    CHECK(watch.curves("later").size() == 5);
  }

  TEST_CASE("destruction waits for a call that is under way, and none comes after it") {
    caf::actor_system_config cfg;
    caf::actor_system sys{cfg};
    std::atomic<bool> inside = false;
    std::atomic<bool> gone = false;
    std::atomic<int> late = 0;
    const auto run = std::make_shared<fake_run>(sys);
    run->depth(101);
    run->over = true; // raised and resolved: two calls
    {
      monitor watch{sys,
                    {.sample_every = 1ms,
                     .alert_when = {mailbox_depth("book") > 100},
                     .on_alert = [&](const alert&) {
                       inside = true;
                       const auto end = std::chrono::steady_clock::now() + 20ms;
                       while (!gone && std::chrono::steady_clock::now() < end)
                         std::this_thread::yield();
                       if (gone)
                         ++late;
                     }}};
      watch.watch(run);
      while (!inside)
        std::this_thread::yield();
    }
    gone = true;
    sys.await_all_actors_done();

    CHECK(late == 0);
  }

  TEST_CASE("runs may be added and everything read from several threads") {
    caf::actor_system_config cfg;
    caf::actor_system sys{cfg};
    monitor watch{sys, {.sample_every = 1ms, .alert_when = {mailbox_depth("book") > 100}}};
    std::vector<std::shared_ptr<fake_run>> runs;
    for (int i = 0; i < 64; ++i) {
      runs.push_back(std::make_shared<fake_run>(sys));
      runs.back()->depth(101);
      runs.back()->over = true;
    }
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < 4; ++first)
      threads.emplace_back([&, first] {
        for (std::size_t i = first; i < runs.size(); i += 4) {
          watch.watch(runs[i]);
          (void)watch.metrics();
          (void)watch.open_alerts();
        }
      });
    for (auto& thread : threads)
      thread.join();
    while (watch.history().size() < 2 * runs.size())
      std::this_thread::yield();

    CHECK(watch.dropped_alerts() == 0);
    CHECK(watch.history().size() == 2 * runs.size());
  }

} // TEST_SUITE
