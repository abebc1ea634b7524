#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "worker_pool_fixture.hpp"

namespace tr = troupe;
using namespace pool_tests;
using namespace support;

namespace {

/// Counts how many are inside at once.
struct gauge {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> entered{0};

  void enter() {
    ++entered;
    const int n = ++now;
    int seen = most.load();
    while (n > seen && !most.compare_exchange_weak(seen, n)) {
    }
  }
};

} // namespace

TEST_SUITE("worker_pool") {
  TEST_CASE("every call is answered with its own answer") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice, {.workers = {.min = 3}}));
    answers all;
    for (int i = 0; i < 100; ++i)
      all.push_back(svc.ask(i));

    for (int i = 0; i < 100; ++i)
      CHECK(all[static_cast<std::size_t>(i)].get() == 2 * i);

    const auto end = svc.drain();
    CHECK(end.clean());
    CHECK(balanced(svc.metrics().counters).delivered == 100);
    CHECK(svc.metrics().kind == tr::pattern_kind::worker_pool);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("worker pool: cancel and drain lose no queued task and no result") {
    virtual_system sys;
    std::vector<int> begun;
    auto svc = tr::serve(sys, tr::worker_pool("work", [&](int x) {
                           begun.push_back(x);
                           return x;
                         }));
    tr::context ctx;
    answers kept;
    answers cancelled;
    for (int i = 0; i < 10; ++i) {
      kept.push_back(svc.ask(i));
      cancelled.push_back(svc.ask(100 + i, ctx));
    }

    ctx.cancel();
    const auto end = svc.drain();

    for (int i = 0; i < 10; ++i) {
      CHECK(kept[static_cast<std::size_t>(i)].get() == i);
      CHECK(cancelled[static_cast<std::size_t>(i)].get().error().code() == tr::errc::cancelled);
    }
    CHECK(begun == numbers(10));
    CHECK(end.stage("work").delivered == 10);
    CHECK(end.stage("work").dropped == 10);
    CHECK(end.stage("work").abandoned == 0);
  }

  TEST_CASE("n workers run at most n calls at once, and n of them do") {
    for (int n = 1; n <= 16; ++n) {
      CAPTURE(n);
      threaded_system sys;
      gauge inside;
      std::latch all_at_work{n};
      auto svc
          = tr::serve(sys, tr::worker_pool("work",
                                           [&](int x) {
                                             inside.enter();
                                             // The first n calls meet here: only n workers at once
                                             // can.
                                             if (inside.entered <= n)
                                               all_at_work.arrive_and_wait();
                                             std::this_thread::yield();
                                             --inside.now;
                                             return x;
                                           },
                                           {.workers = {.min = n}, .thread = tr::thread::own}));
      answers all;
      for (int i = 0; i < 100 * n; ++i)
        all.push_back(svc.ask(i));

      for (int i = 0; i < 100 * n; ++i)
        CHECK(all[static_cast<std::size_t>(i)].get() == i);
      CHECK(inside.most <= n);
      CHECK(inside.entered == 100 * n);
    }
  }

  TEST_CASE("a worker that throws costs that call only, and its function is made anew") {
    virtual_system sys;
    // State that is not made anew would be seen in the answers that follow a throw.
    auto svc = tr::serve(sys, tr::worker_pool("count", [n = 0](int) mutable {
                           if (++n == 10)
                             throw std::runtime_error("tenth");
                           return n;
                         }));
    for (int i = 1; i <= 30; ++i) {
      const auto r = svc.ask(i).get();
      if (i % 10 != 0) {
        CHECK(r == i % 10);
        continue;
      }
      REQUIRE_FALSE(r);
      CHECK(r.error().code() == tr::errc::worker_died);
      CHECK(r.error().stage() == "count");
      CHECK(r.error().message() == "the worker threw: tenth");
    }
    const auto c = svc.metrics().counters;
    CHECK(c.restarts == 3);
    CHECK(c.failed == 3);
    CHECK(c.delivered == 27);
    CHECK(svc.drain().error() == std::nullopt);
  }

  TEST_CASE("a function that cannot be copied again costs calls, not the service") {
    struct fragile {
      std::shared_ptr<int> copies_left;
      explicit fragile(std::shared_ptr<int> n) : copies_left(std::move(n)) {}
      fragile(const fragile& other) : copies_left(other.copies_left) {
        if (*copies_left == 0)
          throw std::runtime_error("no copy");
      }
      fragile(fragile&&) = default;
      fragile& operator=(const fragile&) = delete;
      fragile& operator=(fragile&&) = default;
      ~fragile() = default;
      int operator()(int x) const {
        if (x == 0)
          throw std::runtime_error("zero");
        return x;
      }
    };
    virtual_system sys;
    auto copies = std::make_shared<int>(1);
    auto svc = tr::serve(sys, tr::worker_pool("fragile", fragile{copies}));
    CHECK(svc.ask(1).get() == 1);

    *copies = 0;
    CHECK(svc.ask(0).get().error().message() == "the worker threw: zero");
    CHECK(svc.ask(2).get().error().message() == "the worker threw: no copy");
    *copies = 1;
    CHECK(svc.ask(3).get() == 3);
  }

  TEST_CASE("an error that is returned is the answer, with the pool's name") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("check", [](int x) -> tr::result<int> {
                           if (x < 0)
                             return tr::fail(tr::errc::stage_failed, "negative");
                           return x;
                         }));

    const auto bad = svc.ask(-1).get();

    REQUIRE_FALSE(bad);
    CHECK(bad.error() == tr::error{tr::errc::stage_failed, "check", "negative"});
    CHECK(svc.ask(1).get() == 1);
    CHECK(svc.metrics().counters.failed == 1);
    CHECK(svc.metrics().counters.restarts == 0);
  }

  TEST_CASE("a worker that is killed is replaced, and what it had not begun is done") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice, {.workers = {.min = 2}}));
    answers all;
    for (int i = 0; i < 50; ++i)
      all.push_back(svc.ask(i));

    for (int round = 0; round < 3; ++round) {
      const auto workers = tr::detail::actors_of(svc);
      CHECK(workers.size() == 2);
      for (const auto& worker : workers)
        tr::detail::anon_kill(worker);
      for (int i = 0; i < 50; ++i)
        all.push_back(svc.ask(i));
      tr::detail::virtual_time::run_jobs(sys);
    }

    for (std::size_t i = 0; i < all.size(); ++i)
      CHECK(all[i].get() == 2 * static_cast<int>(i % 50));
    CHECK(svc.metrics().counters.restarts == 6);
    CHECK(balanced(svc.metrics().counters).delivered == 200);
    CHECK(svc.drain().clean());
  }

  TEST_CASE("retry: the answer after a later success, or the error with its attempts") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("flaky", fails_first{2}, {.on_error = retry_after(1s, 3)}));

    SUBCASE("a success at the third attempt") {
      CHECK(svc.ask(7).get() == 7);
      CHECK(svc.metrics().counters.failed == 0);
    }
    SUBCASE("no success") {
      auto hopeless = tr::serve(
          sys, tr::worker_pool("never", fails_first{1'000}, {.on_error = retry_after(1s, 3)}));
      const auto r = hopeless.ask(7).get();

      REQUIRE_FALSE(r);
      CHECK(r.error().attempts() == 3);
      CHECK(r.error().message() == "not yet");
      CHECK(r.error().stage() == "never");
      CHECK(balanced(hopeless.metrics().counters).failed == 1);
      CHECK(hopeless.drain().error() == std::nullopt);
    }
    SUBCASE("a worker that throws is retried too") {
      auto crashing = tr::serve(sys, tr::worker_pool("crash",
                                                     [](const int& x) -> int {
                                                       if (x < 0)
                                                         throw std::runtime_error("negative");
                                                       return x;
                                                     },
                                                     {.on_error = retry_after(1s, 3)}));
      const auto r = crashing.ask(-1).get();

      REQUIRE_FALSE(r);
      CHECK(r.error().code() == tr::errc::worker_died);
      CHECK(r.error().attempts() == 3);
      CHECK(crashing.metrics().counters.restarts == 3);
      CHECK(crashing.ask(1).get() == 1);
    }
    SUBCASE("the deadline passes between two attempts") {
      const auto ctx = tr::context::background([&] { return tr::detail::now(*sys); });
      const auto r = svc.ask(7, ctx.with_timeout(500ms)).get();

      REQUIRE_FALSE(r);
      CHECK(r.error().code() == tr::errc::deadline_exceeded);
      svc.drain();
      CHECK(balanced(svc.metrics().counters).dropped == 1);
    }
  }

  TEST_CASE("options out of range are refused where they are written") {
    const auto pool = [](tr::pool_options o) {
      return refusal([&] { (void)tr::worker_pool("p", twice, std::move(o)); });
    };
    CHECK(pool({.workers = {.min = 0, .max = 1}})
          == "worker_pool \"p\": workers.min = 0, needs at least 1");
    CHECK(pool({.workers = {.min = 4, .max = 2}})
          == "worker_pool \"p\": workers.max = 2, needs at least workers.min (4)");
    CHECK(pool({.queue = 0}) == "worker_pool \"p\": queue = 0, needs at least 1");
    CHECK(pool({.queue = -1}) == "worker_pool \"p\": queue = -1, needs at least 1");
    CHECK(pool({.queue = std::numeric_limits<long long>::max()})
          == "worker_pool \"p\": queue = 9223372036854775807, needs at most 1000000000000");
    CHECK(pool({.workers = {.min = 1, .max = 10'001}})
          == "worker_pool \"p\": workers.max = 10001, needs at most 10000");
    CHECK(pool({.wait_target = -1ms})
          == "worker_pool \"p\": wait_target = a negative duration, needs 0 or more");
    CHECK(pool({.cooldown = -1ms})
          == "worker_pool \"p\": cooldown = a negative duration, needs 0 or more");
    CHECK(
        pool({.overflow = tr::overflow::drop_oldest})
        == "worker_pool \"p\": overflow = another, needs backpressure or shed: a call that was let "
           "in is answered");
  }

  TEST_CASE("as a stage it keeps the order, and is a worker pool to its observers") {
    virtual_system sys;
    std::vector<int> out;
    auto f = tr::from("numbers", numbers(500))
             | tr::worker_pool("double", twice, {.workers = {.min = 4}}) | tr::collect("out", out);
    auto r = tr::start(sys, f);

    accounted(r.wait());

    std::vector<int> expected;
    for (int i = 0; i < 500; ++i)
      expected.push_back(2 * i);
    CHECK(out == expected);
    CHECK(r.metrics("double").kind == tr::pattern_kind::worker_pool);
    CHECK(r.metrics("double").workers == 4);
  }

  TEST_CASE("two services from one blueprint are independent") {
    virtual_system sys;
    const auto blueprint = tr::worker_pool("count", [n = 0](int) mutable { return ++n; });
    auto one = tr::serve(sys, blueprint);
    auto other = tr::serve(sys, blueprint);

    CHECK(one.ask(0).get() == 1);
    CHECK(one.ask(0).get() == 2);
    CHECK(other.ask(0).get() == 1);

    one.drain();
    CHECK(one.ask(0).get().error().code() == tr::errc::closed);
    CHECK(other.ask(0).get() == 2);
    CHECK(other.metrics().counters.delivered == 2);
  }

  TEST_CASE("a generic function is served with its types named") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool<std::string, std::size_t>(
                                  "size", [](const auto& s) { return s.size(); }));

    CHECK(svc.ask("four").get() == 4);
  }

  TEST_CASE("a function that answers nothing is served: its answer says that it has returned") {
    virtual_system sys;
    int sum = 0;
    const tr::service<int, void> svc = tr::serve(sys, tr::worker_pool("add", [&](int x) {
                                                   if (x < 0)
                                                     throw std::runtime_error{"negative"};
                                                   sum += x;
                                                 }));

    CHECK(svc.ask(3).get());
    CHECK(svc.ask(4).get());
    CHECK(svc.ask(-1).get().error().code() == tr::errc::worker_died);
    CHECK(sum == 7);
    auto both = tr::serve(sys, tr::scatter_gather<int, void>("both", {svc, [](int) {}}));
    CHECK((*both.ask(1).get())[0].has_value());
    auto called = tr::serve(sys, tr::call(
                                     "called", [&](int x) { sum += x; }, tr::retry{}));
    CHECK(called.ask(2).get());
    CHECK(sum == 10);
  }
}
