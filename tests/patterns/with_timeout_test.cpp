#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/tools/helper_threads.hpp>
#include <troupe/with_timeout.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;
using tr::detail::helper_threads;

namespace {

/// Closed until opened; what waits at it may outlive the test's own scope.
class gate {
public:
  void wait() const { opened_.wait(); }
  void open() { open_->set_value(); }

private:
  std::shared_ptr<std::promise<void>> open_ = std::make_shared<std::promise<void>>();
  std::shared_future<void> opened_ = open_->get_future().share();
};

void until_nothing_is_abandoned() {
  while (tr::abandoned_calls() > 0)
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("with_timeout") {
  TEST_CASE("answers with the function's value, error or nothing") {
    CHECK(tr::with_timeout([] { return 7; }, 1h) == 7);
    CHECK(tr::with_timeout([](tr::context& c) { return c.cancelled() ? 0 : 8; }, 1h) == 8);
    CHECK(tr::with_timeout([] { return tr::result<std::string>{"x"}; }, 1h) == "x");
    CHECK(tr::with_timeout([] {}, 1h));
    CHECK(*tr::with_timeout([] { return std::optional<int>{}; }, 1h) == std::nullopt);
    CHECK(tr::with_timeout([p = std::make_unique<int>(9)] { return *p; }, 1h) == 9);

    const auto failed
        = tr::with_timeout([]() -> tr::result<int> { return tr::fail(errc::closed, "shut"); }, 1h);
    REQUIRE(!failed);
    CHECK(failed.error().code() == errc::closed);

    const auto threw = tr::with_timeout([]() -> int { throw std::runtime_error{"no"}; }, 1h);
    REQUIRE(!threw);
    CHECK(threw.error().code() == errc::stage_failed);
    CHECK(threw.error().message() == "no");
  }

  TEST_CASE("with-timeout: neither leaks the worker nor waits for it") {
    gate g;
    const auto owned = std::make_shared<int>(7);

    const auto late = tr::with_timeout(
        [g, owned] {
          g.wait();
          return *owned;
        },
        1ms);

    REQUIRE(!late); // and we are here, though the gate is closed
    CHECK(late.error().code() == errc::timed_out);
    CHECK(late.error().message() == "no answer within 1 ms");
    CHECK(tr::abandoned_calls() == 1);
    g.open();
    until_nothing_is_abandoned();
    CHECK(owned.use_count() == 1); // the late answer is dropped with all that the call owned
    for (int i = 0; i < 50; ++i) {
      CHECK(tr::with_timeout([owned] { return *owned; }, 1h) == 7);
      CHECK(owned.use_count() == 1);
    }
    while (helper_threads::shared().size() > helper_threads::most_idle)
      std::this_thread::yield(); // a leaked one would keep us here
  }

  TEST_CASE("the function's context is cancelled when its time is over, and has its deadline") {
    gate g;
    std::promise<errc> seen;
    const auto late = tr::with_timeout(
        [&seen, g](tr::context& c) {
          std::promise<void> cancelled;
          c.on_cancel([&] { cancelled.set_value(); });
          cancelled.get_future().wait();
          seen.set_value(c.deadline() ? c.why().code() : errc::none);
          g.wait(); // or it might be just in time
        },
        1ms);

    REQUIRE(!late);
    CHECK(late.error().code() == errc::timed_out);
    CHECK(seen.get_future().get() == errc::deadline_exceeded);
    g.open();
    until_nothing_is_abandoned();
  }

  TEST_CASE("a context that has ended does not start it") {
    auto ctx = tr::context::background();
    ctx.cancel();
    bool started = false;
    const auto f = [&started] { started = true; };

    const auto cancelled = tr::with_timeout(f, 1h, ctx);
    const auto expired = tr::with_timeout(f, 1h, tr::context::background().with_timeout(0s));
    const auto no_time = tr::with_timeout(f, 0ms);

    CHECK(cancelled.error().code() == errc::cancelled);
    CHECK(expired.error().code() == errc::deadline_exceeded);
    CHECK(no_time.error().code() == errc::timed_out);
    CHECK_FALSE(started);
  }

  TEST_CASE("cancelling the context ends the wait at once") {
    gate g;
    auto ctx = tr::context::background();

    const auto cancelled = tr::with_timeout(
        [g, ctx]() mutable {
          ctx.cancel();
          g.wait();
        },
        1h, ctx);

    REQUIRE(!cancelled);
    CHECK(cancelled.error().code() == errc::cancelled);
    g.open();
    until_nothing_is_abandoned();
  }

  TEST_CASE("the context's deadline, if it is before the limit, ends the wait") {
    gate g;

    const auto expired
        = tr::with_timeout([g] { g.wait(); }, 1h, tr::context::background().with_timeout(1ms));

    REQUIRE(!expired);
    CHECK(expired.error().code() == errc::deadline_exceeded);
    g.open();
    until_nothing_is_abandoned();
  }

  TEST_CASE("starts no call while too many that were given up on are running") {
    gate g;
    auto ctx = tr::context::background();
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < tr::most_abandoned_calls; ++i)
      callers.emplace_back([&] { (void)tr::with_timeout([g] { g.wait(); }, 1ms, ctx); });
    for (auto& t : callers)
      t.join();
    REQUIRE(tr::abandoned_calls() == tr::most_abandoned_calls);

    bool started = false;
    const auto refused = tr::with_timeout([&] { started = true; }, 1h);

    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::overflow);
    CHECK_FALSE(started);
    g.open();
    until_nothing_is_abandoned();
    CHECK(tr::with_timeout([] { return 1; }, 1h) == 1);
  }
}

TEST_SUITE("helper_threads") {
  TEST_CASE("no job waits for another, few threads stay, and the destructor waits for all") {
    gate g;
    std::atomic<int> done{0};
    {
      helper_threads threads;
      std::latch all_running{20};
      for (int i = 0; i < 20; ++i)
        threads.run([&, g] {
          all_running.count_down();
          g.wait();
          ++done;
        });
      all_running.wait(); // all of them at the same time
      CHECK(threads.size() == 20);
      g.open();
      while (threads.size() > helper_threads::most_idle)
        std::this_thread::yield();
      threads.run([&] { ++done; });
      CHECK(threads.size() <= helper_threads::most_idle + 1);
    }
    CHECK(done == 21);
  }
}
