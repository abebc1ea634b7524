#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/with_retry.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;

namespace {

/// Waits in virtual time, and remembers for how long.
struct virtual_delays {
  tr::time_point now{};
  std::vector<tr::duration> delays;

  tr::context context() {
    return tr::context::background([this] { return now; });
  }

  template <class F>
  auto call(F f, const tr::retry& policy, const tr::context& ctx) {
    return tr::detail::retry_with(f,
                                  {policy, ctx,
                                   [this](tr::duration d, const tr::context& c) {
                                     delays.push_back(d);
                                     now += d;
                                     return !c.cancelled();
                                   }},
                                  ctx);
  }
};

const tr::retry steady{.attempts = 4, .backoff = {10ms, 1s}, .jitter = tr::jitter::none};

/// Fails until it has been called `n` times.
auto succeeds_at(int n) {
  return [n, calls = 0]() mutable -> tr::result<int> {
    if (++calls == n)
      return calls;
    return tr::fail(errc::stage_failed, "attempt " + std::to_string(calls));
  };
}

} // namespace

TEST_SUITE("with_retry") {
  TEST_CASE("answers with the first success, after the delays of the backoff") {
    virtual_delays time;
    const auto ctx = time.context();

    CHECK(time.call(succeeds_at(1), steady, ctx) == 1);
    CHECK(time.delays.empty());
    CHECK(time.call(succeeds_at(3), steady, ctx) == 3);
    CHECK(time.delays == std::vector<tr::duration>{10ms, 20ms});
  }

  TEST_CASE("functions may return a value or nothing, throw, and take a context") {
    const tr::retry quick{.attempts = 2, .backoff = {0ms, 0ms}};
    bool failed = false;
    const auto fails_once = [&failed] {
      if (!std::exchange(failed, true))
        throw std::runtime_error{"once"};
    };

    CHECK(tr::with_retry([] { return 7; }, quick) == 7);
    CHECK(tr::with_retry(fails_once, quick));
    CHECK(tr::with_retry([](tr::context& c) { return !c.cancelled(); }, {.attempts = 1}) == true);
    CHECK(*tr::with_retry([] { return std::make_unique<int>(5); }, quick).value() == 5);
  }

  TEST_CASE("with no attempts left the last error says so") {
    virtual_delays time;

    const auto got = time.call(succeeds_at(9), steady, time.context());

    REQUIRE(!got);
    CHECK(got.error().code() == errc::stage_failed);
    CHECK(got.error().message() == "attempt 4");
    CHECK(got.error().attempts() == 4);
    CHECK(time.delays.size() == 3);
  }

  TEST_CASE("an exception is a failed attempt") {
    virtual_delays time;
    int calls = 0;

    const auto got = time.call(
        [&]() -> int {
          ++calls;
          throw std::runtime_error{"no"};
        },
        steady, time.context());

    CHECK(calls == 4);
    REQUIRE(!got);
    CHECK(got.error() == tr::error{errc::stage_failed, {}, "no"}.with_attempts(4));
  }

  TEST_CASE("refusals are not tried again unless asked for") {
    virtual_delays time;
    const auto refuse = []() -> tr::result<int> { return tr::fail(errc::rate_limited, "later"); };

    CHECK(time.call(refuse, steady, time.context()).error().attempts() == 1);
    auto stubborn = steady;
    stubborn.retry_if = [](const tr::error&) { return true; };
    CHECK(time.call(refuse, stubborn, time.context()).error().attempts() == 4);
  }

  TEST_CASE("a delay that would reach the deadline is not waited for") {
    virtual_delays time;

    // Attempts at 0, 10 and 30 ms; the next would be at 70.
    const auto got = time.call(succeeds_at(9), steady, time.context().with_timeout(70ms));

    REQUIRE(!got);
    CHECK(got.error().code() == errc::stage_failed);
    CHECK(got.error().message() == "attempt 3");
    CHECK(got.error().attempts() == 3);
    CHECK(time.now == tr::time_point{} + 30ms);
  }

  TEST_CASE("a deadline that is later than the last attempt does not matter") {
    virtual_delays time;

    CHECK(time.call(succeeds_at(4), steady, time.context().with_timeout(70ms + 1ns)) == 4);
  }

  TEST_CASE("a context that has ended does not start it") {
    auto ctx = tr::context::background();
    ctx.cancel();
    bool started = false;

    const auto got = tr::with_retry([&] { started = true; }, steady, ctx);

    CHECK(got.error().code() == errc::cancelled);
    CHECK(got.error().attempts() == 0);
    CHECK_FALSE(started);
  }

  TEST_CASE("with-retry: a cancelled context ends the wait") {
    auto ctx = tr::context::background();
    std::promise<void> failed;
    auto call = std::async(std::launch::async, [&] {
      return tr::with_retry(
          [&]() -> int {
            failed.set_value();
            throw std::runtime_error{"no"};
          },
          {.attempts = 2, .backoff = {1h, 1h}, .jitter = tr::jitter::none}, ctx);
    });
    failed.get_future().wait();

    ctx.cancel();
    const auto got = call.get(); // not in an hour

    REQUIRE(!got);
    CHECK(got.error().code() == errc::cancelled);
    CHECK(got.error().attempts() == 1);
    CHECK(got.error().message() == "the context was cancelled, after: no (stage_failed)");
  }

  TEST_CASE("a policy out of range is refused by name") {
    CHECK(refusal([] { (void)tr::with_retry([] {}, tr::retry{.attempts = 0}); })
          == "with_retry: attempts = 0, needs at least 1");
  }
}
