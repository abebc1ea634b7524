#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

#include "call_fixture.hpp"
#include <troupe/call_options.hpp>

using namespace support;

namespace {

int twice(int x) { return 2 * x; }

} // namespace

TEST_SUITE("call") {
  TEST_CASE("without policies it answers what the function answers") {
    virtual_system sys;
    backend b;
    auto svc = tr::serve(sys, tr::call("x", b.function(sys)));

    CHECK(svc.ask(4).get() == 8);
    b.answers = [](int, std::size_t) { return failed("no such order"); };
    const auto r = svc.ask(4).get();

    REQUIRE(!r);
    CHECK(r.error().code() == tr::errc::stage_failed);
    CHECK(r.error().message() == "no such order");
    CHECK(r.error().stage() == "x");
  }

  TEST_CASE("policies are applied in the order they are written, outermost first") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    const tr::circuit_breaker two{.window = tr::last_calls(2), .minimum_calls = 2};

    SUBCASE("retry(breaker(f)): each attempt is a call for the breaker") {
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), at_once(5), two));
      const auto r = svc.ask(1).get();

      CHECK(b.calls() == 2); // then it is open, and a refusal is not retried
      CHECK(r.error().code() == tr::errc::breaker_open);
    }
    SUBCASE("breaker(retry(f)): all attempts are one call for the breaker") {
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), two, at_once(5)));
      const auto r = svc.ask(1).get();

      CHECK(b.calls() == 5);
      CHECK(r.error().code() == tr::errc::retries_exhausted);
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
    }
    SUBCASE("fallback outside answers for refusals too, fallback inside is a success for others") {
      auto outside
          = tr::serve(sys, tr::call("x", b.function(sys), tr::fallback(-1), at_once(2), two));
      CHECK(outside.ask(1).get() == -1);
      CHECK(b.calls() == 2);

      auto inside
          = tr::serve(sys, tr::call("y", b.function(sys), at_once(2), two, tr::fallback(-1)));
      CHECK(inside.ask(1).get() == -1);
      CHECK(b.calls() == 3);
    }
  }

  TEST_CASE("what the function throws is worker_died, and makes it anew") {
    virtual_system sys;
    int copies = 0;
    struct crasher {
      int* copies;
      int asked = 0;
      explicit crasher(int& n) : copies(&n) {}
      crasher(const crasher& other) : copies(other.copies) { ++*copies; }
      crasher(crasher&&) = default;
      crasher& operator=(const crasher&) = delete;
      ~crasher() = default;
      int operator()(int x) {
        if (x < 0)
          throw std::runtime_error("negative");
        return ++asked;
      }
    };
    auto svc = tr::serve(sys, tr::call("x", crasher{copies}));

    CHECK(svc.ask(1).get() == 1);
    CHECK(svc.ask(1).get() == 2);
    const auto r = svc.ask(-1).get();
    REQUIRE(!r);
    CHECK(r.error().code() == tr::errc::worker_died);
    CHECK(r.error().message().find("negative") != std::string::npos);
    CHECK(svc.ask(1).get() == 1); // its state began anew
    CHECK(svc.metrics().counters.restarts == 1);
  }

  TEST_CASE("a killed worker fails its call, and is restarted with backoff") {
    virtual_system sys;
    backend b;
    auto svc
        = tr::serve(sys, tr::call("x", b.function(sys), tr::call_options{.restarts = {100ms, 1s}}));
    answers a;
    CHECK(svc.ask(1).get() == 2);
    const auto workers = tr::detail::actors_of(svc);
    REQUIRE(workers.size() == 2); // and who supervises it

    tr::detail::anon_kill(workers.front());
    tr::detail::virtual_time::run_jobs(sys);
    svc.ask(2, a.keep());
    tr::detail::virtual_time::run_for(sys, 99ms);
    CHECK(a.got.empty()); // waits for the worker
    tr::detail::virtual_time::run_for(sys, 1ms);

    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0] == 4);
    CHECK(svc.metrics().counters.restarts == 1);
  }

  TEST_CASE("workers work at the same time, and no more than there are") {
    threaded_system sys;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::latch both{2};
    auto svc
        = tr::serve(sys, tr::call(
                             "x",
                             [&](int x) {
                               const int now = ++inside;
                               for (int m = most; now > m && !most.compare_exchange_weak(m, now);) {
                               }
                               if (x < 2)
                                 both.arrive_and_wait(); // hangs unless both are inside
                               --inside;
                               return x;
                             },
                             tr::call_options{.workers = 2}));
    std::vector<std::future<tr::result<int>>> all;
    for (int i = 0; i < 50; ++i)
      all.push_back(svc.ask(i));
    for (int i = 0; i < 50; ++i)
      CHECK(all[static_cast<std::size_t>(i)].get() == i);
    CHECK(most == 2);
  }

  TEST_CASE("as a stage it keeps order, and an error that it answers is the item's") {
    virtual_system sys;
    backend b;
    b.answers = [](int request, std::size_t) -> tr::result<int> {
      return request % 10 == 3 ? failed() : tr::result<int>{request};
    };
    const auto run_with = [&](auto... policies) {
      std::vector<int> out;
      std::vector<int> in(100);
      for (int i = 0; i < 100; ++i)
        in[static_cast<std::size_t>(i)] = i;
      auto f
          = tr::from("n", in)
            | tr::call("x", b.function(sys),
                       tr::call_options{.workers = 3, .on_error = tr::on_error::skip}, policies...)
            | tr::collect("out", out);
      const auto end = tr::start(sys, f).wait();
      accounted(end);
      CHECK(end.stage("x").failed == 10);
      CHECK(out.size() == 90);
      CHECK(std::is_sorted(out.begin(), out.end()));
    };

    SUBCASE("its policies run in the workers") { run_with(tr::circuit_breaker{}); }
    SUBCASE("with a timeout it asks a service") {
      run_with(tr::circuit_breaker{}, tr::timeout{1s});
    }
  }

  TEST_CASE("two runs of one flow share nothing") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    auto f = tr::from("n", std::vector<int>(4, 1))
             | tr::call("x", b.function(sys), tr::call_options{.on_error = tr::on_error::skip},
                        tr::circuit_breaker{.window = tr::last_calls(2), .minimum_calls = 2})
             | tr::ignore("out");

    (void)tr::start(sys, f).wait();
    CHECK(b.calls() == 2);
    (void)tr::start(sys, f).wait();
    CHECK(b.calls() == 4);
  }

  TEST_CASE("the breaker of a running stage can be looked at and set, by name") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", std::vector<int>{1, 2})
                                | tr::call("x", twice, tr::circuit_breaker{})
                                | tr::call("y", twice, tr::circuit_breaker{}, tr::timeout{1s})
                                | tr::ignore("out"));

    r.breaker("x").disable();
    r.breaker("y").metrics_only();
    CHECK(r.metrics("x").breaker == tr::breaker_state::disabled);
    CHECK(r.metrics("y").breaker == tr::breaker_state::metrics_only);
    CHECK(r.metrics("x").kind == tr::pattern_kind::circuit_breaker);
    CHECK_FALSE(r.breaker("n"));
    CHECK(r.wait().clean());
  }

  TEST_CASE("timeout, attempts, rate and burst change live; what it does not have is refused") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), at_once(2)));
    CHECK(svc.ask(1).get().error().attempts() == 2);
    svc.configure({.attempts = 4});
    CHECK(svc.ask(1).get().error().attempts() == 4);

    CHECK(refusal([&] { svc.configure({.timeout = 1s}); }).find("timeout") != std::string::npos);
    CHECK(refusal([&] { svc.configure({.rate = tr::per_second(1)}); }).find("rate_limit")
          != std::string::npos);
    CHECK(refusal([&] { svc.configure({.attempts = 0}); })
          == "call \"x\": attempts = 0, needs at least 1");
  }

  TEST_CASE("a wrong option is refused with call, policy, option, value and range") {
    CHECK(refusal([] { (void)tr::call("x", twice, tr::retry{.attempts = 0}); })
          == "call \"x\": retry: attempts = 0, needs at least 1");
    CHECK(refusal([] { (void)tr::call("x", twice, tr::timeout{0ms}); })
          == "call \"x\": timeout: after = 0 ms, needs more than 0 ms");
    CHECK(refusal([] { (void)tr::call("x", twice, tr::call_options{.workers = 0}); })
          == "call \"x\": workers = 0, needs at least 1");
    CHECK(refusal([] {
            (void)tr::call("x", twice, tr::rate_limit(tr::per_second(5), {.burst = 0}));
          }).find("burst = 0")
          != std::string::npos);
    CHECK(refusal([] {
            (void)tr::call("x", twice, tr::bulkhead{.max = 0});
          }).find("call \"x\": bulkhead: max = 0")
          == 0);
    CHECK(refusal([] { (void)tr::call("x", twice, tr::call_options{.queue = 1LL << 60}); })
          == "call \"x\": queue = 1152921504606846976, needs at most 1000000000000");
    CHECK(refusal([] { (void)tr::call("x", twice, tr::call_options{.workers = 10'001}); })
          == "call \"x\": workers = 10001, needs at most 10000");
    CHECK(refusal([] {
            (void)tr::call("x", twice, tr::circuit_breaker{.failure_rate = 2});
          }).find("call \"x\": circuit_breaker: failure_rate = 2")
          == 0);
  }

  TEST_CASE("a served call leaves no actor behind, also with calls inside") {
    virtual_system sys;
    backend b;
    answers a;
    {
      auto svc = tr::serve(sys, tr::call("x", b.function(sys), every(1h, 2), tr::timeout{1s}));
      b.answers = [](int, std::size_t) { return failed(); };
      svc.ask(1, a.keep());
      svc.drain(1ms);
    }
    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0].error().code() == tr::errc::closed);
    CHECK(sys.actors() == 0);
  }
}
