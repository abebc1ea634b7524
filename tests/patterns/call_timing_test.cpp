#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "call_fixture.hpp"

using namespace support;
using tr::detail::virtual_time::run_for;
using tr::detail::virtual_time::run_jobs;

namespace {

/// The waits between the attempts of one call after another.
std::vector<std::vector<tr::duration>> waits_of(tr::jitter jitter, std::size_t calls) {
  virtual_system sys;
  backend b;
  b.answers = [](int, std::size_t) { return failed(); };
  auto svc = tr::serve(
      sys,
      tr::call("x", b.function(sys),
               tr::retry{.attempts = 5, .backoff = {10ms, 60ms}, .jitter = jitter, .budget = 1e9}));
  std::vector<std::vector<tr::duration>> all;
  for (std::size_t i = 0; i < calls; ++i) {
    b.asked.clear();
    (void)svc.ask(1).get();
    REQUIRE(b.calls() == 5);
    auto& waits = all.emplace_back();
    for (std::size_t k = 1; k < 5; ++k)
      waits.push_back(b.asked[k] - b.asked[k - 1]);
  }
  return all;
}

/// Whether the waits use the range that they are to be spread over.
void spread_over(const std::vector<tr::duration>& waits, tr::duration low, tr::duration high) {
  const auto [min, max] = std::minmax_element(waits.begin(), waits.end());
  CHECK(*min >= low);
  CHECK(*max <= high);
  // 200 of them all miss a tenth of the range once in a thousand million runs.
  CHECK(*min <= low + (high - low) / 10);
  CHECK(*max >= high - (high - low) / 10);
}

/// Each call takes the delay of one retry: 10 ms, or what the error asks for.
struct slow_backend : backend {
  tr::duration asks_for{};

  slow_backend() {
    answers = [this](int request, std::size_t nth) -> tr::result<int> {
      if (nth % 2 == 1)
        return tl::unexpected<tr::error>{
            tr::error{tr::errc::stage_failed, {}, "again"}.with_retry_after(asks_for)};
      return request * 2;
    };
  }
};

tr::service<int, int> hedged_at_p95(virtual_system& sys, backend& b) {
  return tr::serve(sys, tr::call("x", b.function(sys), tr::call_options{.workers = 2},
                                 tr::hedge{.at_quantile = 0.95},
                                 tr::retry{.attempts = 2,
                                           .backoff = {10ms, 1s},
                                           .jitter = tr::jitter::none,
                                           .budget = 1e9}));
}

} // namespace

TEST_SUITE("call: jitter") {
  TEST_CASE("full jitter waits anything from zero to the backoff's delay") {
    const auto all = waits_of(tr::jitter::full, 200);
    const std::vector<tr::duration> delays{10ms, 20ms, 40ms, 60ms};
    for (std::size_t k = 0; k < 4; ++k) {
      std::vector<tr::duration> kth;
      for (const auto& waits : all)
        kth.push_back(waits[k]);
      spread_over(kth, 0ms, delays[k]);
    }
  }

  TEST_CASE("decorrelated jitter waits from the minimum to three times the last wait") {
    std::vector<tr::duration> first;
    for (const auto& waits : waits_of(tr::jitter::decorrelated, 200)) {
      first.push_back(waits[0]);
      for (std::size_t k = 1; k < 4; ++k) {
        CHECK(waits[k] >= 10ms);
        CHECK(waits[k] <= std::min<tr::duration>(3 * waits[k - 1], 60ms));
      }
    }
    spread_over(first, 10ms, 30ms);
  }
}

TEST_SUITE("call: hedge") {
  TEST_CASE("a second attempt after the recent p95") {
    virtual_system sys;
    slow_backend b;
    auto svc = hedged_at_p95(sys, b);
    for (int i = 0; i < 20; ++i)
      CHECK(svc.ask(1).get() == 2);
    CHECK(b.calls() == 40); // no hedge before there is a quantile, and none of a usual call
    for (int i = 0; i < 20; ++i)
      CHECK(svc.ask(1).get() == 2);
    CHECK(b.calls() == 80);

    b.asks_for = 500ms;
    const auto t0 = tr::detail::now(*sys);
    CHECK(svc.ask(1).get() == 2);
    REQUIRE(b.calls() == 82); // one that waits for half a second, and the hedge
    const auto after = b.asked[81] - t0;
    CHECK(after >= 10ms);
    CHECK(after <= 10'625us); // the quantile is at most 6.25 % too high
    run_for(sys, 1s);
    CHECK(b.calls() == 82); // the loser was cancelled in its delay
  }

  TEST_CASE("regression: an attempt that lost is in the quantile with its time so far") {
    // Only the winners were, so the quantile was that of the fast ones: each slow call was hedged.
    virtual_system sys;
    slow_backend b;
    auto svc = hedged_at_p95(sys, b);
    int not_hedged = 0;
    for (int i = 0; i < 700; ++i) {
      b.asks_for = i >= 100 && i % 10 == 0 ? 500ms : 0ms; // one in ten, and the p95 is theirs
      const auto began = tr::detail::now(*sys);
      REQUIRE(svc.ask(1).get() == 2);
      not_hedged += i >= 600 && tr::detail::now(*sys) - began >= 500ms ? 1 : 0;
    }
    CHECK(not_hedged == 10);
  }

  TEST_CASE("a hedge around a retry spends the retry's budget") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::hedge{.after = 1s},
                                       tr::retry{.attempts = 2,
                                                 .backoff = {0ms, 0ms},
                                                 .jitter = tr::jitter::none,
                                                 .budget = 1}));
    for (int i = 0; i < 100; ++i)
      CHECK_FALSE(svc.ask(1).get());
    CHECK(b.calls() == 200);
  }
}

TEST_SUITE("call: bulkhead") {
  TEST_CASE("the wait is bounded, in time and in number") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    // The first holds its place for 100 ms.
    auto svc = tr::serve(sys, tr::call("x", b.function(sys),
                                       tr::bulkhead{.max = 1, .wait = 50ms, .waiting = 1},
                                       every(100ms, 2)));
    answers a;
    svc.ask(0, a.keep());
    svc.ask(1, a.keep());
    run_jobs(sys);
    CHECK(a.got.empty());
    svc.ask(2, a.keep());
    run_jobs(sys);
    REQUIRE(a.got.size() == 1); // there is no room to wait
    CHECK(a.got[0].error().code() == tr::errc::pool_full);

    run_for(sys, 49ms);
    CHECK(a.got.size() == 1);
    run_for(sys, 1ms);
    REQUIRE(a.got.size() == 2); // it waited in vain
    CHECK(a.got[1].error().code() == tr::errc::pool_full);
    run_for(sys, 50ms);
    REQUIRE(a.got.size() == 3);
    CHECK(a.got[2] == 0);
    CHECK(svc.ask(3).get() == 6);
  }

  TEST_CASE("who waits and then leaves gives no place away") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys), tr::bulkhead{.max = 1, .wait = 1h}, every(100ms, 2)));
    auto ctx = on_clock(sys).child();
    answers a;
    svc.ask(0, a.keep());
    svc.ask(1, ctx, a.keep());
    svc.ask(2, a.keep());
    run_jobs(sys);
    ctx.cancel();
    run_jobs(sys);
    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0].error().code() == tr::errc::cancelled);
    CHECK(b.calls() == 1);
    run_for(sys, 100ms);
    CHECK(a.got.size() == 3);
    CHECK(a.got.back() == 4);
  }

  TEST_CASE("regression: any number that waited may be refused further inside at once"
            * doctest::test_suite("long")) {
    // Each refusal freed its place from within the one before, to the end of the stack.
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    constexpr int waiting = 50'000;
    auto svc
        = tr::serve(sys, tr::call("x", b.function(sys), tr::call_options{.queue = waiting + 10},
                                  tr::bulkhead{.max = 1, .wait = 1h, .waiting = waiting},
                                  tr::circuit_breaker{}, every(100ms, 2)));
    int refused = 0;
    svc.ask(1, [](const tr::result<int>& r) { CHECK(r == 2); });
    run_jobs(sys);
    svc.breaker().force_open();
    for (int i = 0; i < waiting; ++i)
      svc.ask(1, [&](const tr::result<int>& r) {
        refused += !r && r.error().code() == tr::errc::breaker_open;
      });
    run_for(sys, 100ms);
    CHECK(refused == waiting);
  }
}

TEST_SUITE("call: fallback") {
  TEST_CASE("the last value that cannot be copied costs nobody an answer") {
    virtual_system sys;
    struct fragile {
      int value = 0;
      explicit fragile(int v) : value(v) {}
      fragile(fragile&&) = default;
      fragile& operator=(fragile&&) = default;
      fragile(const fragile& other) : value(other.value) {
        if (value == 13)
          throw std::runtime_error("cannot be copied");
      }
      fragile& operator=(const fragile&) = default;
      ~fragile() = default;
    };
    auto svc = tr::serve(sys, tr::call(
                                  "x",
                                  [](int x) -> tr::result<fragile> {
                                    if (x < 0)
                                      return tr::fail(tr::errc::stage_failed, "down");
                                    return fragile{x};
                                  },
                                  tr::fallback(tr::last_value)));
    CHECK(svc.ask(13).get()->value == 13);
    CHECK(svc.ask(-1).get().error().message() == "down");
    CHECK(svc.ask(5).get()->value == 5);
    CHECK(svc.ask(-1).get()->value == 5);
  }

  TEST_CASE("what a fallback throws is the answer, and the service goes on") {
    virtual_system sys;
    backend b;
    b.answers = fails_first(1);
    auto svc = tr::serve(sys, tr::call("x", b.function(sys), tr::fallback([]() -> int {
                                         throw std::runtime_error("no list price");
                                       })));
    CHECK(svc.ask(1).get().error().message().find("no list price") != std::string::npos);
    CHECK(svc.ask(1).get() == 2);
  }
}
