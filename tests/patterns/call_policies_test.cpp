#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

#include "call_fixture.hpp"

using namespace support;
using tr::detail::virtual_time::run_for;

TEST_SUITE("call: retry") {
  TEST_CASE("attempts counts the first") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(2);
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), at_once(3)));

    CHECK(svc.ask(4).get() == 8);
    CHECK(b.calls() == 3);

    b.answers = fails_first(100);
    const auto r = svc.ask(4).get();
    REQUIRE(!r);
    CHECK(b.calls() == 6);
    CHECK(r.error().code() == tr::errc::retries_exhausted);
    CHECK(r.error().attempts() == 3);
    CHECK(r.error().stage() == "x");
    CHECK(r.error().message().find("down") != std::string::npos);
  }

  TEST_CASE("delays are exponential and capped") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(100);
    auto svc = tr::serve(sys, tr::call("x", b.function(sys),
                                       tr::retry{.attempts = 5,
                                                 .backoff = {10ms, 40ms},
                                                 .jitter = tr::jitter::none,
                                                 .budget = 1e9}));
    (void)svc.ask(1).get();

    REQUIRE(b.calls() == 5);
    const std::vector<tr::duration> delays{10ms, 20ms, 40ms, 40ms};
    for (std::size_t i = 0; i < delays.size(); ++i)
      CHECK(b.asked[i + 1] - b.asked[i] == delays[i]);
  }

  TEST_CASE("a predicate decides which errors are worth another attempt") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t nth) { return failed(nth == 1 ? "again" : "hopeless"); };
    auto policy = at_once(5);
    policy.retry_if = [](const tr::error& e) { return e.message() == "again"; };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), policy));
    const auto r = svc.ask(1).get();

    CHECK(b.calls() == 2);
    CHECK(r.error().code() == tr::errc::stage_failed);
    CHECK(r.error().attempts() == 2);
  }

  TEST_CASE("a predicate that throws wants no other attempt") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(9);
    auto policy = at_once(5);
    policy.retry_if = [](const tr::error&) -> bool { throw std::runtime_error("oops"); };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), policy));

    CHECK_FALSE(svc.ask(1).get());
    CHECK(b.calls() == 1);
  }

  TEST_CASE("retry_after is honoured, and ends the call when it exceeds the backoff's maximum") {
    virtual_system sys;
    backend b;
    tr::duration hint = 70ms;
    b.answers = [&](int, std::size_t) -> tr::result<int> {
      return tl::unexpected<tr::error>{
          tr::error{tr::errc::stage_failed, {}, "busy"}.with_retry_after(hint)};
    };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys),
                                       tr::retry{.attempts = 2,
                                                 .backoff = {10ms, 100ms},
                                                 .jitter = tr::jitter::none,
                                                 .budget = 1e9}));
    (void)svc.ask(1).get();
    REQUIRE(b.calls() == 2);
    CHECK(b.asked[1] - b.asked[0] == 70ms);

    hint = 101ms;
    (void)svc.ask(1).get();
    CHECK(b.calls() == 3);
  }

  TEST_CASE("it never outlives its context") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(100);
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), every(40ms, 50)));
    const auto begun = tr::detail::now(*sys);

    SUBCASE("no delay is begun that would pass the deadline") {
      const auto r = svc.ask(1, on_clock(sys).with_timeout(100ms)).get();
      CHECK(b.calls() == 3); // at 0, 40 and 80 ms
      CHECK(r.error().attempts() == 3);
      CHECK(tr::detail::now(*sys) - begun == 80ms);
    }
    SUBCASE("cancelled in a delay, it ends at once and frees its place") {
      auto ctx = on_clock(sys).child();
      answers a;
      svc.ask(1, ctx, a.keep());
      run_for(sys, 50ms);
      ctx.cancel();
      tr::detail::virtual_time::run_jobs(sys);
      REQUIRE(a.got.size() == 1);
      CHECK(a.got[0].error().code() == tr::errc::cancelled);
      CHECK(svc.metrics().counters.in_flight == 0);
      run_for(sys, 1s);
      CHECK(b.calls() == 2);
    }
  }

  TEST_CASE("refusals are not retried unless asked for, and then only if retry_after fits") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    const auto with = [&](tr::duration cooldown, bool asked_for) {
      auto policy = every(10ms, 4);
      policy.backoff.max = 500ms;
      if (asked_for)
        policy.retry_if = [](const tr::error&) { return true; };
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), policy,
                                         tr::circuit_breaker{.window = tr::last_calls(1),
                                                             .minimum_calls = 1,
                                                             .cooldown = cooldown}));
      return svc.ask(1).get();
    };

    CHECK(with(200ms, false).error().code() == tr::errc::breaker_open);
    b.asked.clear();
    CHECK(with(200ms, true) == 2); // the refusal said 190 ms, and then it was let through
    CHECK(b.asked.back() - b.asked.front() == 200ms);
    b.asked.clear();
    CHECK(with(600ms, true).error().code() == tr::errc::breaker_open);
    CHECK(b.calls() == 1);
  }

  TEST_CASE("a budget of 20 % of calls, with a floor of 3, stops retry storms") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1'000'000);
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys), tr::retry{.attempts = 10, .backoff = {0ms, 0ms}}));

    for (int i = 0; i < 1'000; ++i) {
      svc.ask(i, [](tr::result<int>) {});
      run_for(sys, 1ms);
    }
    CHECK(b.calls() <= 1'203);
    CHECK(b.calls() >= 1'190);
  }
}

TEST_SUITE("call: timeout") {
  TEST_CASE("it abandons the call, counts it, and discards the late reply") {
    threaded_system sys;
    std::promise<void> go;
    auto gate = go.get_future().share();
    auto svc = tr::serve(sys, tr::call(
                                  "x",
                                  [gate](int x) {
                                    gate.wait();
                                    return x;
                                  },
                                  tr::timeout{5ms}));
    const auto r = svc.ask(1).get();

    REQUIRE(!r);
    CHECK(r.error().code() == tr::errc::timed_out);
    CHECK(r.error().message() == "no answer within 5 ms");
    CHECK(svc.metrics().counters.failed == 1);
    go.set_value();
    CHECK(svc.drain().stage("x").failed == 1);
  }

  TEST_CASE("the context of an abandoned attempt is cancelled, so that its worker can be free") {
    threaded_system sys;
    auto svc = tr::serve(sys, tr::call(
                                  "x",
                                  [](int x, tr::context& ctx) -> tr::result<int> {
                                    if (x == 2)
                                      return x;
                                    std::promise<void> over;
                                    (void)ctx.on_cancel([&over] { over.set_value(); });
                                    over.get_future().wait();
                                    return x;
                                  },
                                  tr::timeout{5ms}));

    CHECK(svc.ask(1).get().error().code() == tr::errc::timed_out);
    svc.configure({.timeout = 10s});
    CHECK(svc.ask(2).get() == 2); // by the same worker
  }

  TEST_CASE("one that waits for a worker when its time is over never reaches it") {
    threaded_system sys;
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::atomic<int> begun{0};
    auto svc = tr::serve(sys, tr::call(
                                  "x",
                                  [gate, &begun](int x) {
                                    ++begun;
                                    gate.wait();
                                    return x;
                                  },
                                  tr::timeout{5ms}));
    for (int i = 0; i < 10; ++i)
      CHECK(svc.ask(i).get().error().code() == tr::errc::timed_out);
    go.set_value();
    (void)svc.drain();
    CHECK(begun == 1);
  }

  TEST_CASE("a timed-out attempt is a failure for the breaker around it") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::call(
                             "x",
                             [&sys](int x) {
                               run_for(sys, 20ms);
                               return x;
                             },
                             tr::circuit_breaker{.window = tr::last_calls(1), .minimum_calls = 1},
                             tr::timeout{5ms}));

    CHECK(svc.ask(1).get().error().code() == tr::errc::timed_out);
    CHECK(svc.breaker().state() == tr::breaker_state::open);
    CHECK(svc.ask(1).get().error().code() == tr::errc::breaker_open);
    CHECK(svc.metrics().counters.shed == 1);
  }
}

TEST_SUITE("call: budget") {
  TEST_CASE("an error says when the budget was the reason that there was no other attempt") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(100);
    auto none = at_once(3);
    none.budget = 0;
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::call_options{.workers = 4}, none));
    answers a;
    for (int i = 0; i < 10; ++i) // three at a time are free
      svc.ask(i, a.keep());
    run_for(sys, 1s);

    int told = 0;
    for (const auto& r : a.got) {
      REQUIRE(!r);
      const bool says = r.error().message().find("retry budget") != std::string::npos;
      told += says ? 1 : 0;
      CHECK(says == (r.error().code() == tr::errc::stage_failed));
      CHECK(r.error().message().find("down") != std::string::npos);
      CHECK((says ? r.error().attempts() < 3 : r.error().attempts() == 3));
    }
    CHECK(a.got.size() == 10);
    CHECK(told > 0);
  }
}

TEST_SUITE("call: bulkhead, rate_limit, fallback") {
  TEST_CASE("at most n at once: the next is refused, or waits for a bounded time") {
    threaded_system sys;
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::latch inside{2};
    const auto slow = [gate, &inside](int x) {
      inside.count_down();
      gate.wait();
      return x;
    };
    const auto blocked = [&](tr::duration wait) {
      auto svc = tr::serve(sys, tr::call("x", slow, tr::call_options{.workers = 4},
                                         tr::bulkhead{.max = 2, .wait = wait}));
      auto a = svc.ask(1);
      auto b = svc.ask(2);
      inside.wait();
      auto refused = svc.ask(3).get();
      std::vector<std::future<tr::result<int>>> waiting;
      go.set_value();
      CHECK(a.get() == 1);
      CHECK(b.get() == 2);
      CHECK(svc.ask(4).get() == 4); // there is room again
      return refused;
    };

    SUBCASE("refused") { CHECK(blocked(0ms).error().code() == tr::errc::pool_full); }
    SUBCASE("waited in vain") { CHECK(blocked(2ms).error().code() == tr::errc::pool_full); }
  }

  TEST_CASE("who waits at the bulkhead goes in when a place is free, first come first served") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    // The first call holds its place through the delay of its retry.
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys), tr::bulkhead{.max = 1, .wait = 1s}, every(100ms, 2)));
    std::vector<int> order;
    for (int i = 0; i < 3; ++i)
      svc.ask(i, [&order, i](tr::result<int> r) {
        CHECK(r == 2 * i);
        order.push_back(i);
      });
    run_for(sys, 99ms);
    CHECK(order.empty());
    run_for(sys, 1ms);
    CHECK(order == std::vector{0, 1, 2});
  }

  TEST_CASE("rate_limit shapes: calls wait for their token, in order") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys), tr::rate_limit(tr::per_second(10), {.burst = 2})));
    const auto t0 = tr::detail::now(*sys);
    for (int i = 0; i < 4; ++i)
      svc.ask(i, [](tr::result<int> r) { CHECK(r); });
    run_for(sys, 1s);

    REQUIRE(b.calls() == 4);
    const std::vector<tr::duration> due{0ms, 0ms, 100ms, 200ms};
    for (std::size_t i = 0; i < due.size(); ++i)
      CHECK(b.asked[i] - t0 == due[i]);
  }

  TEST_CASE("rate_limit sheds: a refusal says when to come again") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys),
                      tr::rate_limit(tr::per_second(10), {.burst = 1, .mode = tr::limit::shed})));

    CHECK(svc.ask(1).get() == 2);
    const auto r = svc.ask(1).get();
    CHECK(r.error().code() == tr::errc::rate_limited);
    CHECK(r.error().retry_after() == 100ms);
    run_for(sys, 100ms);
    CHECK(svc.ask(1).get() == 2);
    svc.configure({.rate = tr::per_second(1000)});
    run_for(sys, 1ms);
    CHECK(svc.ask(1).get() == 2);
  }

  TEST_CASE("a call cancelled while it waits for its token gives the reservation back") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::rate_limit(tr::every(100ms))));
    const auto t0 = tr::detail::now(*sys);
    auto ctx = on_clock(sys).child();
    (void)svc.ask(1).get();
    svc.ask(2, ctx, [](tr::result<int> r) { CHECK(!r); });
    run_for(sys, 10ms);
    ctx.cancel();
    run_for(sys, 1ms);
    CHECK(svc.ask(3).get() == 6);

    REQUIRE(b.calls() == 2);
    CHECK(b.asked[1] - t0 == 100ms);
  }

  TEST_CASE("fallback is a value, the last value, or a function") {
    virtual_system sys;
    backend b;
    b.answers = [](int request, std::size_t) {
      return request < 0 ? failed() : tr::result<int>{request};
    };
    const auto with
        = [&](auto policy) { return tr::serve(sys, tr::call("x", b.function(sys), policy)); };

    CHECK(with(tr::fallback(7)).ask(-1).get() == 7);
    auto last = with(tr::fallback(tr::last_value));
    CHECK(last.ask(-1).get().error().message() == "down"); // there is none yet
    CHECK(last.ask(5).get() == 5);
    CHECK(last.ask(-1).get() == 5);
    CHECK(with(tr::fallback([] { return 8; })).ask(-1).get() == 8);
    CHECK(
        with(tr::fallback([](const tr::error& e) { return int(e.message().size()); })).ask(-1).get()
        == 4);
    CHECK(with(tr::fallback([](const int& r, const tr::error&) { return r * 10; })).ask(-3).get()
          == -30);
    CHECK(with(tr::fallback([](const tr::error&) -> tr::result<int> {
            return tr::fail(tr::errc::closed, "both");
          }))
              .ask(-3)
              .get()
              .error()
              .code()
          == tr::errc::closed);
  }
}

TEST_SUITE("call: hedge") {
  TEST_CASE(
      "a second attempt after a delay; the first acceptable answer wins, the loser is cancelled") {
    threaded_system sys;
    std::atomic<int> n{0};
    std::atomic<bool> cancelled{false};
    auto svc = tr::serve(sys, tr::call(
                                  "x",
                                  [&](int x, tr::context& ctx) -> tr::result<int> {
                                    if (++n > 1)
                                      return x + 1;
                                    std::promise<void> over;
                                    (void)ctx.on_cancel([&over] { over.set_value(); });
                                    over.get_future().wait();
                                    cancelled = true;
                                    return x;
                                  },
                                  tr::call_options{.workers = 2}, tr::hedge{.after = 2ms}));

    CHECK(svc.ask(1).get() == 2);
    (void)svc.drain();
    CHECK(n == 2);
    CHECK(cancelled);
  }

  TEST_CASE("an answer before the delay makes no second attempt, a failure neither") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::call_options{.workers = 2},
                                       tr::hedge{.after = 5ms}));

    CHECK(svc.ask(1).get().error().message() == "down");
    CHECK(svc.ask(1).get() == 2);
    run_for(sys, 1s);
    CHECK(b.calls() == 2);
  }

  TEST_CASE("hedges share the budget of retries") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1'000'000);
    // Each attempt takes as long as the delays of its inner retry: hedges are due meanwhile.
    auto svc = tr::serve(
        sys,
        tr::call("x", b.function(sys), tr::call_options{.workers = 8},
                 tr::hedge{.after = 1ms, .max = 5},
                 tr::retry{.attempts = 2, .backoff = {20ms, 20ms}, .jitter = tr::jitter::none}));
    for (int i = 0; i < 200; ++i)
      svc.ask(i, [](tr::result<int>) {});
    run_for(sys, 5s);

    CHECK(b.calls() <= 240);
  }
}
