#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "call_fixture.hpp"
#include <troupe/circuit_breaker.hpp>

using namespace support;
using tr::detail::virtual_time::run_for;
using tr::detail::virtual_time::run_jobs;

namespace {

tr::circuit_breaker opens_on(std::size_t failures) {
  return {.window = tr::last_calls(failures), .minimum_calls = failures, .cooldown = 1h};
}

} // namespace

TEST_SUITE("call: circuit_breaker") {
  TEST_CASE("as a supervisor it owns the workers, and a crash counts as a failure") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(sys, tr::call("x", b.function(sys),
                                       tr::call_options{.restarts = {100ms, 10s}}, opens_on(3)));
    const auto owned = [&svc] { return tr::detail::actors_of(svc).size(); };
    run_jobs(sys);
    REQUIRE(owned() == 2);
    const auto worker = tr::detail::actors_of(svc).front();
    answers a;

    SUBCASE("of a worker that is killed with a call in its hands") {
      tr::detail::anon_kill(worker);
      svc.ask(1, a.keep());
      run_jobs(sys);
      REQUIRE(a.got.size() == 1);
      CHECK(a.got[0].error().code() == tr::errc::worker_died);
      CHECK(svc.breaker().snapshot().failed == 1);
      CHECK(b.calls() == 0);
    }
    SUBCASE("of a function that throws, which is made anew") {
      b.answers = [](int, std::size_t) -> tr::result<int> { throw std::runtime_error("no"); };
      for (int i = 0; i < 3; ++i)
        CHECK(svc.ask(1).get().error().code() == tr::errc::worker_died);
      CHECK(svc.breaker().state() == tr::breaker_state::open);
      CHECK(svc.metrics().counters.restarts == 3);
      CHECK(owned() == 2);
    }
    SUBCASE("and it restarts them with backoff") {
      for (const auto delay : {100ms, 200ms, 400ms}) {
        tr::detail::anon_kill(tr::detail::actors_of(svc).front());
        run_jobs(sys);
        CHECK(owned() == 1);
        run_for(sys, delay - 1ms);
        CHECK(owned() == 1);
        run_for(sys, 1ms);
        CHECK(owned() == 2);
      }
      CHECK(svc.ask(1).get() == 2);
    }
    SUBCASE("and they end with it") {
      svc = {};
      run_jobs(sys);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("a late outcome of an old generation is returned to its caller and moves no state") {
    virtual_system sys;
    backend b;
    // 1 is answered after the delay of its retry, 2 fails at once.
    bool in_the_end = true;
    b.answers = [&](int request, std::size_t nth) -> tr::result<int> {
      if (request == 2)
        return failed("hopeless");
      return nth == 1 || !in_the_end ? failed("again") : tr::result<int>{request * 2};
    };
    auto slowly = every(100ms, 2);
    slowly.retry_if = [](const tr::error& e) { return e.message() == "again"; };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), opens_on(1), slowly));
    answers late;
    const auto begin_and_open = [&] {
      svc.ask(1, late.keep());
      run_for(sys, 10ms);
      CHECK_FALSE(svc.ask(2).get());
      REQUIRE(svc.breaker().state() == tr::breaker_state::open);
    };

    SUBCASE("a success does not close it") {
      begin_and_open();
      run_for(sys, 100ms);
      REQUIRE(late.got.size() == 1);
      CHECK(late.got[0] == 2);
      CHECK(svc.breaker().state() == tr::breaker_state::open);
      CHECK(svc.breaker().snapshot().late == 1);
    }
    SUBCASE("a failure does not open it") {
      in_the_end = false;
      begin_and_open();
      svc.breaker().reset();
      run_for(sys, 100ms);
      REQUIRE(late.got.size() == 1);
      CHECK(late.got[0].error().code() == tr::errc::retries_exhausted);
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
    }
    SUBCASE("neither decides half_open") {
      begin_and_open();
      svc.breaker().half_open();
      run_for(sys, 100ms);
      CHECK(late.got.size() == 1);
      CHECK(svc.breaker().state() == tr::breaker_state::half_open);
    }
  }

  TEST_CASE("forced_open refuses until released, disabled records nothing, of a running service") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), opens_on(1)));

    svc.breaker().force_open();
    run_for(sys, 2h);
    CHECK(svc.ask(1).get().error().code() == tr::errc::breaker_open);
    svc.breaker().disable();
    b.answers = [](int, std::size_t) { return failed(); };
    CHECK(svc.ask(1).get().error().message() == "down");
    svc.breaker().metrics_only();
    CHECK(svc.ask(1).get().error().message() == "down");
    CHECK(svc.breaker().state() == tr::breaker_state::metrics_only);
    svc.breaker().reset();
    CHECK(svc.ask(1).get().error().message() == "down");
    CHECK(svc.breaker().state() == tr::breaker_state::open);
    CHECK(svc.ask(1).get().error().retry_after() == 1h);
  }

  TEST_CASE("ignored outcomes count nothing, and a predicate that throws leaves a failure") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed("no such order"); };
    auto policy = opens_on(1);

    SUBCASE("ignored") {
      policy.ignore = [](const tr::error& e) { return e.message() == "no such order"; };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), policy));
      CHECK_FALSE(svc.ask(1).get());
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
      CHECK(svc.breaker().snapshot().buffered == 0);
    }
    SUBCASE("throws") {
      policy.is_failure = [](const tr::error&) -> bool { throw std::runtime_error("oops"); };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), policy));
      CHECK(svc.ask(1).get().error().message() == "no such order");
      CHECK(svc.breaker().state() == tr::breaker_state::open);
    }
  }

  TEST_CASE("as a stage only the time of the function counts as slow, in a batch too") {
    virtual_system sys;
    const auto slow_calls = [&](auto f, auto... outside) {
      auto r = tr::start(
          sys, tr::from("n", numbers(300))
                   | tr::call("x", f, tr::call_options{.on_error = tr::on_error::skip}, outside...,
                              tr::circuit_breaker{.slow_after = 10ms,
                                                  .window = tr::last_calls(1'000),
                                                  .minimum_calls = 1'000})
                   | tr::ignore("out"));
      const auto breaker = r.breaker("x");
      (void)r.wait();
      CHECK(breaker.snapshot().buffered == 300);
      return breaker.snapshot().slow;
    };
    const auto wait = [&sys] { run_for(sys, 11ms); };

    SUBCASE("the slow ones, and not those behind them") {
      CHECK(slow_calls([&](int x) {
              if (x % 3 == 1)
                wait();
              return x;
            })
            == 100);
    }
    SUBCASE("not what a fallback takes") {
      CHECK(slow_calls([](int x) { return x % 3 == 1 ? failed() : tr::result<int>{x}; },
                       tr::fallback([&] {
                         wait();
                         return 0;
                       }))
            == 0);
    }
    SUBCASE("not the wait for a token") {
      CHECK(slow_calls([](int x) { return x; }, tr::rate_limit(tr::every(20ms))) == 0);
    }
  }

  TEST_CASE("a call begins when the one before was answered, if no time may have passed since") {
    virtual_system sys;
    tr::detail::inline_host host{*sys, "x"};
    const auto t0 = tr::detail::now(*sys);
    const auto answer_and_wait = [&] {
      host.answered(t0);
      run_for(sys, 1s);
    };

    answer_and_wait();
    CHECK(host.begin_call() == t0);
    CHECK(host.begin_call() == t0 + 1s); // once
    answer_and_wait();
    host.begin_batch();
    CHECK(host.begin_call() == t0 + 2s);
    int request = 0;
    tr::context ctx;
    answer_and_wait();
    host.sleep(tr::detail::inline_attempt<int>{request, ctx}, 0ms, [] {});
    CHECK(host.go_on());
    CHECK(host.begin_call() == t0 + 3s);
  }

  TEST_CASE("a listener that throws, or asks the service again, does no harm") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), opens_on(1)));
    answers a;
    svc.breaker().on_event([&](const tr::breaker_event&) {
      svc.ask(2, a.keep());
      throw std::runtime_error("oops");
    });

    CHECK(svc.ask(1).get().error().message() == "down");
    run_jobs(sys);
    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0].error().code() == tr::errc::breaker_open);
    CHECK(svc.breaker().listener_failures() == 1);
  }
}

TEST_SUITE("call: accounts") {
  TEST_CASE("each call is delivered, failed, shed, dropped or abandoned, and exactly one of them") {
    virtual_system sys;
    backend b;
    const auto counts = [](const auto& svc) {
      const auto c = svc.metrics().counters;
      CHECK(c.balanced());
      CHECK(c.in_flight == 0);
      return c;
    };

    SUBCASE("delivered: an answer, a fallback's too, however many attempts it took") {
      b.answers = fails_first(2);
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::fallback(7), at_once(2)));
      (void)svc.ask(1).get();
      (void)svc.ask(1).get();
      CHECK(counts(svc).delivered == 2);
      CHECK(counts(svc).failed == 0);
    }
    SUBCASE("failed: an error, a crash, attempts used up") {
      b.answers = [](int request, std::size_t) -> tr::result<int> {
        if (request == 2)
          throw std::runtime_error("no");
        return failed();
      };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), at_once(2)));
      (void)svc.ask(1).get();
      (void)svc.ask(2).get();
      CHECK(counts(svc).failed == 2);
    }
    SUBCASE("shed: what a breaker, a limit or a bulkhead refuses") {
      auto svc = tr::serve(
          sys, tr::call("x", b.function(sys), opens_on(1),
                        tr::rate_limit(tr::every(1h), {.burst = 2, .mode = tr::limit::shed}),
                        tr::bulkhead{.max = 1}, every(10ms, 2)));
      b.answers = fails_first(1);
      svc.breaker().disable();
      answers a;
      svc.ask(1, a.keep()); // holds its place for 10 ms
      svc.ask(2, a.keep()); // pool_full
      svc.ask(3, a.keep()); // rate_limited
      run_for(sys, 10ms);
      svc.breaker().force_open();
      svc.ask(4, a.keep());
      run_jobs(sys);
      CHECK(a.got.size() == 4);
      CHECK(counts(svc).shed == 3);
      CHECK(counts(svc).delivered == 1);
    }
    SUBCASE("dropped: the caller cancelled it, or its time was over") {
      b.answers = [](int, std::size_t) { return failed(); };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), every(1h, 2)));
      auto ctx = on_clock(sys).child();
      answers a;
      svc.ask(1, ctx, a.keep());
      run_jobs(sys);
      ctx.cancel();
      run_jobs(sys);
      REQUIRE(a.got.size() == 1);
      CHECK(counts(svc).dropped == 1);
    }
    SUBCASE("abandoned: the service ended before") {
      b.answers = [](int, std::size_t) { return failed(); };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), every(1h, 2)));
      answers a;
      svc.ask(1, a.keep());
      run_jobs(sys);
      svc.drain(1ms);
      REQUIRE(a.got.size() == 1);
      CHECK(a.got[0].error().code() == tr::errc::closed);
      CHECK(counts(svc).abandoned == 1);
    }
  }

  TEST_CASE("its events name the call, and it can be forced open for a time") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(sys, tr::call("pricing", b.function(sys), tr::circuit_breaker{}));
    std::vector<std::string> said;
    svc.breaker().on_event([&](const tr::breaker_event& e) { said.push_back(e.call); });

    svc.breaker().force_open(10s);
    const auto refused = svc.ask(1).get();
    REQUIRE(!refused);
    CHECK(refused.error().retry_after() == 10s);
    run_for(sys, 10s);
    CHECK(svc.ask(1).get() == 2);
    CHECK(said == std::vector<std::string>{"pricing", "pricing"});
  }

  TEST_CASE("its events name the run or the service, where these have a name") {
    virtual_system sys;
    const auto doubled = [](int i) { return 2 * i; };
    std::vector<std::string> said;
    const auto hear = [&said](const tr::breaker_handle& breaker) {
      breaker.on_event([&said](const tr::breaker_event& e) {
        std::ostringstream text;
        text << e;
        said.push_back(text.str());
      });
      breaker.force_open();
    };
    const auto hear_run = [&](const auto& part, const std::string& name) {
      auto r = tr::start(sys, tr::from("n", std::vector<int>{}) | part | tr::ignore("end"),
                         {.name = name});
      hear(r.breaker("price"));
      CHECK(r.wait().clean());
    };

    hear_run(tr::call("price", doubled, tr::circuit_breaker{}), "orders");
    hear_run(tr::call("price", doubled, tr::circuit_breaker{}, tr::timeout{1s}), "returns");
    hear_run(tr::call("price", doubled, tr::circuit_breaker{}), "");
    const auto svc
        = tr::serve(sys, tr::call("price", doubled, tr::circuit_breaker{}), {.name = "counter"});
    hear(svc.breaker());

    CHECK(said
          == std::vector<std::string>{"orders: call \"price\": closed -> forced_open",
                                      "returns: call \"price\": closed -> forced_open",
                                      "call \"price\": closed -> forced_open",
                                      "counter: call \"price\": closed -> forced_open"});
  }

  TEST_CASE("an attempt that never reached the function counts nothing") {
    virtual_system sys;
    int begun = 0;
    const auto busy = [&](int i) {
      ++begun;
      if (i == 0)
        run_for(sys, 300ms);
      return i;
    };
    const tr::circuit_breaker breaker{
        .window = tr::last_calls(10), .minimum_calls = 3, .trials = 3, .cooldown = 60s};
    answers a;
    const auto crowd = [&](const tr::service<int, int>& svc, tr::duration patience) {
      svc.ask(0, a.keep());
      for (int i = 1; i < 10; ++i)
        svc.ask(i, on_clock(sys).with_timeout(patience), a.keep());
      run_for(sys, 1s);
      CHECK(a.got.size() == 10);
      CHECK(begun == 1);
    };

    SUBCASE("for its caller's deadline passed in the queue") {
      auto svc = tr::serve(sys, tr::call("x", busy, breaker));
      crowd(svc, 50ms);
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
      CHECK(svc.breaker().snapshot().buffered == 1);
      CHECK(svc.breaker().snapshot().failed == 0);
    }
    SUBCASE("for a timeout inside of the breaker did; the one that ran is a failure") {
      auto svc = tr::serve(sys, tr::call("x", busy, breaker, tr::timeout{50ms}));
      crowd(svc, 1h);
      CHECK(svc.breaker().snapshot().buffered == 1);
      CHECK(svc.breaker().snapshot().failed == 1);
    }
    SUBCASE("and in half_open its permit is given to another") {
      auto svc = tr::serve(sys, tr::call("x", busy, breaker));
      svc.breaker().half_open();
      svc.ask(0, a.keep());
      svc.ask(1, on_clock(sys).with_timeout(50ms), a.keep());
      svc.ask(2, on_clock(sys).with_timeout(50ms), a.keep());
      run_for(sys, 1s);
      CHECK(svc.breaker().state() == tr::breaker_state::half_open);
      CHECK(svc.ask(3).get() == 3);
      CHECK(svc.ask(4).get() == 4);
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
    }
    SUBCASE("but one whose first attempts ran, and that waited for another, has failed") {
      auto svc = tr::serve(sys, tr::call(
                                    "x", [](int) -> tr::result<int> { return failed(); }, breaker,
                                    tr::timeout{50ms}, every(40ms, 3)));
      CHECK(svc.ask(1).get().error().code() == tr::errc::timed_out);
      CHECK(svc.breaker().snapshot().failed == 1);
    }
  }

  TEST_CASE("a service that ends lets go of what waits in its policies") {
    virtual_system sys;
    const auto ends_with = [&](auto... policies) {
      auto fails = [](const std::shared_ptr<int>&) { return failed(); };
      std::vector<std::weak_ptr<int>> requests;
      answers a;
      {
        auto svc = tr::serve(sys, tr::call("x", fails, policies...));
        for (int i = 0; i < 3; ++i) {
          auto request = std::make_shared<int>(i);
          requests.push_back(request);
          svc.ask(std::move(request), a.keep());
        }
        run_jobs(sys);
        svc.drain(1ms);
      }
      run_jobs(sys);
      CHECK(a.got.size() == 3);
      CHECK(sys.actors() == 0);
      for (const auto& r : requests)
        CHECK(r.expired());
    };

    SUBCASE("the delay of a retry") { ends_with(every(1h, 2)); }
    SUBCASE("a place") { ends_with(tr::bulkhead{.max = 1, .wait = 1h}, every(1h, 2)); }
    SUBCASE("a token") { ends_with(tr::rate_limit(tr::every(1h))); }
    SUBCASE("a timeout") { ends_with(tr::timeout{1h}, every(1h, 2)); }
    SUBCASE("all of them") {
      ends_with(tr::fallback(1), every(1h, 2), tr::hedge{.after = 10ms}, opens_on(100),
                tr::bulkhead{.max = 1, .wait = 1h}, tr::timeout{1h}, every(1h, 2));
    }
  }
}
