#include <doctest/doctest.h>

#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../durations.hpp"
#include "../support.hpp"

namespace tr = troupe;
using namespace durations;
using namespace support;

namespace {

/// Five items, of which one a second gets through.
struct paced {
  virtual_system sys;
  std::vector<int> got;

  tr::flow<void> flow() {
    return tr::from("n", numbers(5)) | tr::rate_limit("one a second", tr::every(1s))
           | tr::collect("end", got);
  }
  tr::run start(tr::run_options options = {}) {
    auto r = tr::start(sys, flow(), std::move(options));
    tr::detail::virtual_time::run_jobs(sys);
    return r;
  }
  bool all() const { return got.size() == 5; }
  tr::context clock() {
    return tr::context::background([this] { return tr::detail::now(*sys); });
  }
};

/// Waits for a child that ends a second after it was asked to; how long that took.
tr::duration stop_of_slow_child(tr::shutdown how) {
  virtual_system sys;
  tr::supervisor sup{sys, "sup"};
  const auto slow = [](caf::event_based_actor* self) -> caf::behavior {
    self->set_exit_handler([self](caf::scheduled_actor*, caf::exit_msg&) {
      self->delayed_send(self, std::chrono::seconds{1}, 1);
    });
    return {[self](int) { self->quit(); }};
  };
  REQUIRE(sup.add("slow", slow, {.shutdown = how}));
  const auto before = tr::detail::now(*sys);
  sup.stop();
  return tr::detail::now(*sys) - before;
}

/// How often a child that always crashes is started within a day.
int starts_in_a_day(tr::backoff b) {
  virtual_system sys;
  int starts = 0;
  {
    tr::supervisor sup{
        sys, "sup", {.intensity = tr::restart_intensity{3, 365 * 24h}, .backoff = b}};
    (void)sup.add("bad", [&starts](caf::event_based_actor* self) -> caf::behavior {
      ++starts;
      self->send(self, 1);
      return {[](int) { throw std::runtime_error{"crash"}; }};
    });
    tr::detail::virtual_time::run_for(sys, 24h);
  }
  return starts;
}

std::vector<row> runs() {
  return {
      {"run wait_for", "", takes::all,
       [](time_span d) {
         paced p;
         auto r = p.start();
         holds(r.wait_for(d).has_value() == for_ever(d));
       }},
      {"run drain", "", takes::all,
       [](time_span d) {
         paced p;
         holds(p.start().drain(d).clean() == for_ever(d));
         holds(p.all() == for_ever(d));
       }},
      {"run drain_limit", "", takes::all,
       [](time_span d) {
         paced p;
         { auto r = p.start({.drain_limit = d}); }
         holds(p.all() == for_ever(d));
       }},
      {"run ctx", "", takes::all,
       [](time_span d) {
         paced p;
         holds(p.start({.ctx = p.clock().with_timeout(d)}).wait().clean() == for_ever(d));
       }},
      {"shutdown_signals drain_limit", "", takes::all,
       [](time_span d) {
         threaded_system sys;
         tr::shutdown_signals signals{{.drain_limit = d}};
         auto r = tr::start(sys, tr::produce<int>("n", endless()) | tr::ignore("end"));
         std::raise(SIGTERM);
         holds((signals.wait(r).error() == std::nullopt || !for_ever(d)));
       }},
      {"shutdown_signals apart", "", takes::all,
       [](time_span d) {
         const tr::shutdown_signals signals{{.apart = d}};
         std::raise(SIGTERM);
         std::raise(SIGTERM);
         holds(signals.received() == (for_ever(d) ? 1 : 2));
       }},
      {"shutdown_signals wait_for", "", takes::all,
       [](time_span d) {
         threaded_system sys;
         tr::shutdown_signals signals;
         auto r = tr::start(sys, tr::produce<int>("n", endless()) | tr::ignore("end"));
         if (for_ever(d))
           std::raise(SIGTERM);
         holds(signals.wait_for(r, d).has_value() == for_ever(d));
         r.stop();
       }},
  };
}

std::vector<row> parts_of_flows() {
  return {
      {"sources ticks", "period = ", takes::above_zero,
       [](time_span d) {
         virtual_system sys;
         std::vector<std::uint64_t> got;
         auto r = tr::start(sys, tr::ticks("t", d) | tr::collect("end", got));
         tr::detail::virtual_time::run_for(sys, at_once(d) ? tr::duration{20ns} : 24h);
         r.stop();
         holds(got.empty() == for_ever(d));
         holds(got.size() <= 20);
       }},
      {"batch within", "within = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         std::vector<std::vector<int>> got;
         tr::start(sys, tr::from("n", numbers(5)) | tr::rate_limit("l", tr::every(1s))
                            | tr::batch("b", {.size = 100, .within = d}) | tr::collect("end", got))
             .wait();
         holds(got.size() == (d == 1ns ? 5 : 1));
       }},
      {"inbox push", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         auto [in, flow] = tr::inbox<int>("in", {.capacity = 1});
         auto r = tr::start(sys, flow | tr::rate_limit("l", tr::every(1s), {.buffer = 1})
                                     | tr::sink("end", [](int) {}, {.buffer = 1}));
         int taken = 0;
         for (int i = 0; i < 10; ++i)
           taken += in.push(i, d).has_value() ? 1 : 0;
         holds((taken == 10) == for_ever(d));
       }},
      {"outbox receive", "", takes::all,
       [](time_span d) {
         auto [out, end] = tr::outbox<int>("out");
         auto ctx = tr::context::background();
         std::thread other{[&] { ctx.cancel(); }};
         if (!for_ever(d))
           other.join();
         const auto r = out.receive(d, for_ever(d) ? ctx : tr::context::background());
         holds(r.error().code() == (for_ever(d) ? tr::errc::cancelled : tr::errc::timed_out));
         if (for_ever(d))
           other.join();
       }},
      {"on_error retry", "backoff.min = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         int calls = 0;
         const auto policy = tr::on_error::retry(
             {.attempts = 2, .backoff = {d, duration::max()}, .jitter = tr::jitter::none},
             tr::on_error::skip);
         auto r = tr::start(sys, tr::from("n", numbers(1))
                                     | tr::sink("bad",
                                                [&](int) {
                                                  ++calls;
                                                  throw 1;
                                                },
                                                {.on_error = policy}));
         tr::detail::virtual_time::run_for(sys, 24h);
         r.stop();
         holds(calls == (for_ever(d) ? 1 : 2));
       }},
  };
}

std::vector<row> supervisors() {
  return {
      {"supervision within", "within = ", takes::from_zero,
       [](time_span d) {
         holds((stop_of_slow_child(tr::shutdown::within(d)) == 1s) == for_ever(d));
       }},
      {"backoff min", "backoff.m", takes::from_zero,
       [](time_span d) {
         holds(starts_in_a_day({.min = d, .max = duration::max()}) == (for_ever(d) ? 1 : 4));
       }},
      {"backoff max", "backoff.max = ", takes::from_zero,
       [](time_span d) { holds(starts_in_a_day({.min = 0s, .max = d}) == 4); }},
      {"supervisor wait_for", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         tr::supervisor sup{sys, "sup", {.auto_shutdown = tr::auto_shutdown::any_significant}};
         (void)sup.add(
             "brief",
             [](caf::event_based_actor* self) -> caf::behavior {
               self->delayed_send(self, std::chrono::seconds{1}, 1);
               return {[self](int) { self->quit(); }};
             },
             {.restart = tr::restart::temporary, .significance = tr::significance::significant});
         holds(sup.wait_for(d) == for_ever(d));
       }},
  };
}

std::vector<row> tools() {
  return {
      {"semaphore try_acquire_for", "", takes::all,
       [](time_span d) {
         tr::semaphore s{1};
         REQUIRE(s.try_acquire());
         std::thread other;
         if (for_ever(d))
           other = std::thread{[&s] {
             while (s.waiting() == 0)
               std::this_thread::yield();
             s.release();
           }};
         holds(s.try_acquire_for(d) == for_ever(d));
         if (other.joinable())
           other.join();
       }},
      {"with_timeout with_timeout", "", takes::all,
       [](time_span d) {
         const auto r = tr::with_timeout([] { return 1; }, d);
         if (!at_once(d))
           holds(r.has_value());
         if (d <= 0s)
           holds(r.error().code() == tr::errc::timed_out);
       }},
      {"cache ttl", "ttl = ", takes::from_zero,
       [](time_span d) {
         tr::time_point now{1h};
         tr::cache<int, int> c{{.capacity = 2, .ttl = d, .clock = [&now] { return now; }}};
         c.put(1, 1);
         now += 24h;
         holds(c.get(1).has_value() == (for_ever(d) || d == 0s));
       }},
  };
}

} // namespace

TEST_SUITE("flow durations") {
  TEST_CASE("runs take the ends of the range of a duration, and max() is no limit") {
    check_all(runs());
  }
  TEST_CASE("parts of flows take the ends of their ranges, or refuse them by name") {
    check_all(parts_of_flows());
  }
  TEST_CASE("supervisors take the ends of their ranges, or refuse them by name") {
    check_all(supervisors());
  }
  TEST_CASE("tools take the ends of their ranges, or refuse them by name") { check_all(tools()); }
}
