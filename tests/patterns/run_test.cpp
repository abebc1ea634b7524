#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <caf/scheduler/test_coordinator.hpp>

#include "../support.hpp"
#include <troupe/run.hpp>

namespace tr = troupe;
using namespace support;

namespace {

// Every position of a flow that has sources, parallel and serial stages, and several consumers.
tr::flow<void> wide_flow(std::vector<int>& out) {
  return tr::produce<int>("source", endless(), {.producers = 2})
         | tr::map("parallel", [](int x) { return x + 1; }, {.parallel = 3})
         | tr::batch("batch", {.size = 10})
         | tr::flat_map("flat", [](std::vector<int> v) { return v; })
         | tr::sink("sink", [&](int x) { out.push_back(x); });
}

} // namespace

TEST_SUITE("run") {
  TEST_CASE("drain stops the sources and finishes what is inside") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::collect("out", out));

    CHECK(!r.wait_for(10s + 500ms));
    const auto end = accounted(r.drain());

    CHECK(end.clean());
    CHECK(out.size() == 10);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("drain abandons what is left after its limit, counted and explained") {
    virtual_system sys;
    auto r = tr::start(
        sys,
        tr::from("n", numbers(100))
            | tr::stage("stuck", [](int x) -> int { throw x; },
                        {.on_error = tr::on_error::retry({.attempts = 1000, .backoff = {1s, 1s}})})
            | tr::ignore("end"));

    r.wait_for(0s);
    const auto end = accounted(r.drain(5s));

    CHECK(end.stage("stuck").abandoned == end.stage("n").emitted);
    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::timed_out);
    CHECK(end.error()->message() == "the drain limit of 5 s has passed");
    CHECK(end.elapsed() == 5s);
  }

  TEST_CASE("stop abandons now, counts it, and is no error") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, wide_flow(out));

    const auto end = accounted(r.stop());

    CHECK(!end.error());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("every ending may be asked for twice and answers the same") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", numbers(10)) | tr::ignore("end"));
    const auto first = r.wait();

    CHECK(r.done());
    CHECK(r.wait().stages() == first.stages());
    CHECK(r.drain().stages() == first.stages());
    CHECK(r.stop().stages() == first.stages());
    CHECK(r.wait_for(0s)->stages() == first.stages());
  }

  TEST_CASE("wait_for that runs out leaves the run as it is") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::take("two", 2) | tr::ignore("end"));

    CHECK(!r.wait_for(1500ms));
    CHECK(!r.done());
    CHECK(r.wait().clean());
  }

  TEST_CASE("destroying a run drains it and leaves no actor") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    {
      auto r = tr::start(sys, tr::ticks("t", 1s) | tr::collect("out", out));
      r.wait_for(3500ms);
    }

    CHECK(out.size() == 3);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("assigning to a run ends the one it held") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::ignore("end"));

    r = tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"));

    CHECK(r.wait().stage("n").received == 3);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("an empty run says so") {
    tr::run r;

    CHECK_THROWS_AS(r.wait(), std::logic_error);
    CHECK_THROWS_AS((void)r.done(), std::logic_error);
  }

  TEST_CASE("a cancelled context ends the run and says why") {
    virtual_system sys;
    auto ctx = tr::context::background();
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::ignore("end"), tr::run_options{.ctx = ctx});
    r.wait_for(2500ms);

    ctx.cancel();
    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::cancelled);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a context that is cancelled already starts nothing") {
    virtual_system sys;
    int called = 0;
    auto ctx = tr::context::background();
    ctx.cancel();

    auto r = tr::start(sys, tr::from("n", numbers(100)) | tr::sink("end", [&](int) { ++called; }),
                       tr::run_options{.ctx = ctx});
    const auto end = accounted(r.wait());

    CHECK(called == 0);
    CHECK(end.error()->code() == tr::errc::cancelled);
  }

  TEST_CASE("the deadline of its context ends the run") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::ignore("end"),
                       tr::run_options{.ctx = tr::context::background().with_timeout(10s)});

    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::deadline_exceeded);
    CHECK(end.elapsed() <= 10s);
    CHECK(end.elapsed() > 9s);
  }

  TEST_CASE("a stage function sees the end of the run through its context") {
    virtual_system sys;
    bool seen = false;
    tr::context kept;
    auto r = tr::start(sys,
                       tr::ticks("t", 1s) | tr::map("look", [&](std::uint64_t x, tr::context& ctx) {
                         kept = ctx;
                         return x;
                       }) | tr::ignore("end"));
    r.wait_for(1500ms);
    seen = kept.cancelled();
    r.stop();

    CHECK(!seen);
    CHECK(kept.cancelled());
  }

  TEST_CASE("cancelling a run leaves the caller's context alone") {
    virtual_system sys;
    const auto ctx = tr::context::background();
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::ignore("end"), tr::run_options{.ctx = ctx});

    r.stop();

    CHECK(!ctx.cancelled());
  }

  TEST_CASE("a paused stage takes up nothing; what waits is delivered after resume") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::map("gate", [](std::uint64_t x) { return x; })
                                | tr::collect("out", out));
    r.wait_for(3500ms);
    REQUIRE(out.size() == 3);

    r.pause("gate");
    r.wait_for(5s);
    CHECK(out.size() == 3);
    CHECK(r.metrics("gate").mailbox_depth > 0);

    r.resume("gate");
    r.wait_for(1ms);
    CHECK(out.size() > 3);
    CHECK(accounted(r.drain()).clean());
  }

  TEST_CASE("a paused source makes nothing") {
    virtual_system sys;
    int made = 0;
    auto r = tr::start(sys, tr::produce<int>("n", [&] { return std::optional{made++}; })
                                | tr::map("slow", [](int x) { return x; }, {.buffer = 4})
                                | tr::ignore("end"));

    r.pause("n");
    troupe::detail::virtual_time::run_for(sys, 1s);
    const auto before = made;
    troupe::detail::virtual_time::run_for(sys, 1s);

    CHECK(made == before);
    r.resume("n");
    r.stop();
  }

  TEST_CASE("a paused stage cannot be drained: past the limit its items are abandoned") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", numbers(10)) | tr::map("gate", [](int x) { return x; })
                                | tr::ignore("end"));
    r.pause("gate");

    const auto end = accounted(r.drain(1s));

    CHECK(end.stage("gate").abandoned == end.stage("n").emitted);
  }

  TEST_CASE("an unknown stage is refused with the names there are") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", numbers(1)) | tr::ignore("end"));

    CHECK(refusal([&] { r.pause("m"); }) == "run: there is no stage \"m\"; stages are: n, end");
    CHECK(refusal([&] { (void)r.metrics("m"); })
          == "run: there is no stage \"m\"; stages are: n, end");
    CHECK(refusal([&] { (void)r.wait().stage("m"); })
          == "report: there is no stage \"m\" in this flow");
  }

  TEST_CASE("a wait that can never end under the testing scheduler says so instead of hanging") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in");
    auto r = tr::start(sys, source | tr::ignore("end"));

    CHECK_THROWS_AS(r.wait(), std::logic_error);
    in.close();
    CHECK(r.wait().clean());
  }

  TEST_CASE("metrics count what the report will say") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::filter("odd", [](std::uint64_t x) {
                              return x % 2 == 1;
                            }) | tr::ignore("end"));
    r.wait_for(10s);

    const auto odd = r.metrics("odd");
    CHECK(odd.counters.received == 10);
    CHECK(odd.counters.filtered == 5);
    CHECK(odd.counters.delivered == 5);
    CHECK(odd.throughput == doctest::Approx(1.0));
    CHECK(odd.workers == 1);
    const auto all = r.metrics();
    CHECK(all.stages.size() == 3);
    CHECK(all.actors == 4);
    CHECK(all.memory > 0);
    r.drain();
    CHECK(r.metrics().actors == 0);
  }
}

TEST_SUITE("kill") {
  TEST_CASE("killing any actor in any position ends the run, or it goes on without, with accounts "
            "in order"
            * doctest::test_suite("long")) {
    for (std::size_t victim = 0; victim < 15; ++victim) {
      for (int steps = 0; steps < 20; ++steps) {
        CAPTURE(victim);
        CAPTURE(steps);
        virtual_system sys;
        std::vector<int> out;
        auto r = tr::start(sys, wide_flow(out));
        const auto actors = troupe::detail::actors_of(r);
        if (victim >= actors.size())
          return;
        auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>((*sys).scheduler());
        scheduler.run(static_cast<std::size_t>(steps * 37));

        const bool spare = can_spare(r, actors[victim], {"parallel"});
        troupe::detail::anon_kill(actors[victim]);
        if (spare)
          scheduler.run(500);
        const auto end = accounted(spare ? r.drain() : r.wait());

        CHECK(sys.actors() == 0);
        if (spare) {
          CHECK(end.clean());
          CHECK(end.stage("sink").delivered == end.stage("source").emitted);
          continue;
        }
        REQUIRE(end.error());
        CHECK(end.error()->code() == tr::errc::worker_died);
        CHECK(!end.error()->stage().empty());
      }
    }
  }

  TEST_CASE("an actor that is asked to exit from outside counts as killed") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, wide_flow(out));

    troupe::detail::anon_exit(troupe::detail::actors_of(r, "batch").at(0));
    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "batch");
    CHECK(end.error()->code() == tr::errc::worker_died);
  }

  TEST_CASE("items and functions are destroyed before wait returns, also after a kill") {
    virtual_system sys;
    const auto token = std::make_shared<int>(0);
    {
      auto r = tr::start(
          sys, tr::produce<std::shared_ptr<int>>("n", [token] { return std::optional{token}; })
                   | tr::map("same", [token](std::shared_ptr<int> p) { return p; }, {.parallel = 2})
                   | tr::ignore("end"));
      auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>((*sys).scheduler());
      scheduler.run(50);
      troupe::detail::anon_kill(troupe::detail::actors_of(r, "end").front());
      r.wait();
    }

    CHECK(token.use_count() == 1);
  }
}

TEST_SUITE("watch") {
  TEST_CASE("start hands the run to its observer, with a context or without") {
    virtual_system sys;
    tr::monitor watch{sys, {.sample_every = 1s}};
    {
      auto r = tr::start(sys, tr::ticks("t", 100ms) | tr::ignore("end"), watch);
      r.wait_for(3500ms);
      REQUIRE(watch.metrics().size() == 1);
      CHECK(watch.metrics().front().stages.front().throughput == doctest::Approx(10.0));
      auto other = tr::start(sys, tr::ticks("t", 1s) | tr::ignore("end"), watch,
                             tr::context::background().with_timeout(2s));
      CHECK(other.wait().error()->code() == tr::errc::deadline_exceeded);
    }
  }

  TEST_CASE(
      "an alert on mailbox_depth is raised while a slow stage's buffer fills, and resolved after") {
    virtual_system sys;
    std::vector<std::string> said;
    tr::monitor watch{sys,
                      {.sample_every = 1s,
                       .alert_when = {tr::mailbox_depth("slow") > 500},
                       .on_alert = [&](const tr::alert& a) { said.push_back(to_string(a)); }}};
    auto r = tr::start(sys,
                       tr::from("n", numbers(1000)) | tr::map("slow", [](int x) { return x; })
                           | tr::ignore("end"),
                       watch);
    r.pause("slow");
    r.wait_for(2500ms);
    CHECK(said.size() == 1);
    CHECK(r.metrics("slow").buffer_fill > 0.9);
    r.resume("slow");
    CHECK(r.wait().clean());
    tr::detail::virtual_time::run_for(sys, 2s);

    REQUIRE(said.size() == 2);
    CHECK(said[0].find("mailbox_depth(\"slow\")") != std::string::npos);
    CHECK(said[1].find("resolved") != std::string::npos);
  }
}
