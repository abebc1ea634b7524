#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/shutdown_signals.hpp>

namespace tr = troupe;
using namespace support;

namespace {

auto endless_flow() { return tr::produce<int>("numbers", endless()) | tr::ignore("end"); }

/// Cannot be drained: its sink holds on to the first item until the run is stopped.
auto stubborn_flow(std::promise<void>& holding) {
  return tr::produce<int>("numbers", endless())
         | tr::sink("hold",
                    [&holding](int, tr::context& ctx) {
                      std::promise<void> cancelled;
                      if (!ctx.cancelled())
                        holding.set_value();
                      ctx.on_cancel([&] { cancelled.set_value(); });
                      cancelled.get_future().wait();
                    },
                    {.buffer = 1, .thread = tr::thread::own});
}

/// What SIGTERM does at the moment.
auto handler() {
  struct sigaction now {};
  sigaction(SIGTERM, nullptr, &now);
  return now.sa_handler;
}

std::atomic<int> strays{0};

} // namespace

TEST_SUITE("shutdown_signals") {
  TEST_CASE("without a signal a run ends by itself") {
    threaded_system sys;
    tr::shutdown_signals signals;
    auto r = tr::start(sys, tr::from("numbers", numbers(10)) | tr::ignore("end"));

    CHECK(accounted(signals.wait(r)).clean());
    CHECK(signals.received() == 0);
    CHECK(signals.first() == 0);
  }

  TEST_CASE("the first signal drains: the sources end and all that they made is delivered") {
    threaded_system sys;
    std::atomic<int> told{0};
    tr::shutdown_signals signals{{.on_drain = [&] { ++told; }}};
    auto r = tr::start(sys, endless_flow());
    while (r.metrics("end").counters.delivered == 0)
      std::this_thread::yield();
    auto waiting = std::async(std::launch::async, [&] { return signals.wait(r); });

    std::raise(SIGTERM);

    const auto end = accounted(waiting.get());
    CHECK(end.clean());
    CHECK(told == 1);
    CHECK(signals.received() == 1);
    CHECK(signals.first() == SIGTERM);
  }

  TEST_CASE("a signal that comes before wait, even before start, is not lost") {
    threaded_system sys;
    tr::shutdown_signals signals;
    std::raise(SIGINT);

    auto r = tr::start(sys, endless_flow());

    CHECK(accounted(signals.wait(r)).clean());
  }

  TEST_CASE("the second signal stops what the first could not drain") {
    threaded_system sys;
    std::promise<void> holding;
    std::promise<void> draining;
    std::atomic<int> stopping{0};
    tr::shutdown_signals signals{{.drain_limit = 1h,
                                  .apart = 0s,
                                  .on_drain = [&] { draining.set_value(); },
                                  .on_stop = [&] { ++stopping; }}};
    auto r = tr::start(sys, stubborn_flow(holding));
    holding.get_future().wait();
    auto waiting = std::async(std::launch::async, [&] { return signals.wait(r); });

    std::raise(SIGINT);
    draining.get_future().wait();
    std::raise(SIGTERM);

    const auto end = accounted(waiting.get());
    CHECK(stopping == 1);
    CHECK(signals.received() == 2);
    CHECK(signals.first() == SIGINT);
    CHECK(end.stage("hold").delivered == 1); // what it held, and no other
  }

  TEST_CASE("two signals before wait stop") {
    threaded_system sys;
    std::promise<void> holding;
    std::promise<void> stopping;
    tr::shutdown_signals signals{
        {.drain_limit = 1h, .apart = 0s, .on_stop = [&] { stopping.set_value(); }}};
    auto r = tr::start(sys, stubborn_flow(holding));
    holding.get_future().wait();
    std::raise(SIGTERM);
    std::raise(SIGTERM);
    stopping.get_future().wait();

    CHECK(accounted(signals.wait(r)).stage("hold").delivered == 1);
  }

  TEST_CASE("signals that come together are one: what the first began is not stopped") {
    threaded_system sys;
    std::promise<void> draining;
    std::atomic<int> stopping{0};
    tr::shutdown_signals signals{
        {.apart = 1h, .on_drain = [&] { draining.set_value(); }, .on_stop = [&] { ++stopping; }}};
    auto r = tr::start(sys, endless_flow());
    signals.add(r);

    std::raise(SIGINT);
    draining.get_future().wait();
    std::raise(SIGTERM);
    std::raise(SIGINT);

    CHECK(accounted(signals.wait(r)).clean());
    CHECK(signals.received() == 1);
    CHECK(stopping == 0);
  }

  TEST_CASE("a run that was given to it once is drained whoever waits") {
    threaded_system sys;
    tr::shutdown_signals signals;
    auto r = tr::start(sys, endless_flow());

    SUBCASE("added") { signals.add(r); }
    SUBCASE("polled before, and more than once") {
      CHECK_FALSE(signals.wait_for(r, 0s));
      CHECK_FALSE(signals.wait_for(r, 1ms));
    }
    SUBCASE("and moved since") {
      signals.add(r);
      auto moved = std::move(r);
      r = std::move(moved);
    }
    std::raise(SIGTERM);

    CHECK(accounted(r.wait()).clean());
  }

  TEST_CASE("wait_for answers with the report of a run that a signal has ended") {
    threaded_system sys;
    tr::shutdown_signals signals;
    auto r = tr::start(sys, endless_flow());
    CHECK_FALSE(signals.wait_for(r, 1ms));

    std::raise(SIGTERM);

    std::optional<tr::report> end;
    while (!end)
      end = signals.wait_for(r, 1ms);
    CHECK(accounted(*end).clean());
  }

  TEST_CASE("a run that is gone concerns it no more") {
    threaded_system sys;
    tr::shutdown_signals signals{{.apart = 0s}};
    { signals.add(tr::start(sys, tr::from("numbers", numbers(10)) | tr::ignore("end"))); }
    auto r = tr::start(sys, endless_flow());
    signals.add(r);

    std::raise(SIGTERM);

    CHECK(accounted(r.wait()).clean());
  }

  TEST_CASE("the drain limit holds") {
    threaded_system sys;
    std::promise<void> holding;
    tr::shutdown_signals signals{{.drain_limit = 1ms}};
    auto r = tr::start(sys, stubborn_flow(holding));
    holding.get_future().wait();
    std::raise(SIGTERM);

    const auto end = accounted(signals.wait(r));

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::timed_out);
  }

  TEST_CASE("one signal ends all runs that are waited for") {
    threaded_system sys;
    tr::shutdown_signals signals;
    auto a = tr::start(sys, endless_flow());
    auto b = tr::start(sys, endless_flow());
    auto c = tr::start(sys, endless_flow());
    auto third = std::async(std::launch::async, [&] { return signals.wait(c); });

    std::raise(SIGTERM);

    const auto ends = signals.wait({&a, &b});
    REQUIRE(ends.size() == 2);
    CHECK(accounted(ends[0]).clean());
    CHECK(accounted(ends[1]).clean());
    CHECK(accounted(third.get()).clean());
  }

  TEST_CASE("the previous handlers are back when it goes, and from the third signal on") {
    std::signal(SIGTERM, [](int) { ++strays; });
    const auto mine = handler();
    {
      threaded_system sys;
      std::promise<void> stopping;
      tr::shutdown_signals signals{{.apart = 0s, .on_stop = [&] { stopping.set_value(); }}};
      CHECK((handler() != mine));
      std::raise(SIGTERM);
      CHECK((handler() != mine));
      std::raise(SIGTERM);
      stopping.get_future().wait();
      CHECK(strays == 0);

      std::raise(SIGTERM);

      CHECK(strays == 1);
      CHECK(signals.received() == 2);
    }
    {
      tr::shutdown_signals another;
      CHECK(another.received() == 0);
      CHECK((handler() != mine));
    }
    CHECK((handler() == mine));
    std::signal(SIGTERM, SIG_DFL);
  }

  TEST_CASE("there is one at a time, and an empty run is refused") {
    tr::shutdown_signals signals;

    CHECK_THROWS_AS(tr::shutdown_signals{}, std::logic_error);
    tr::run nothing;
    CHECK_THROWS_AS(signals.wait(nothing), std::logic_error);
  }
}
