#include <troupe/context.hpp>

#include <atomic>
#include <barrier>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::context;
using troupe::duration;
using troupe::errc;
using troupe::time_point;

namespace {

constexpr time_point t0{1h};

// A clock that stands still until told otherwise.
struct fake_time {
  std::shared_ptr<time_point> now = std::make_shared<time_point>(t0);

  context root() const {
    return context::background([now = now] { return *now; });
  }
};

// A clock that holds up a thread which asks for it, the next time it reads the clock.
struct gate {
  static inline thread_local bool hold_me = false;
  std::atomic<int> state{0}; // 1: a thread is held, 2: it may go on

  context root() {
    return context::background([this] {
      if (std::exchange(hold_me, false)) {
        set(1);
        state.wait(1);
      }
      return t0;
    });
  }
  void set(int s) {
    state = s;
    state.notify_all();
  }
};

void count_up(std::atomic<int>& n) { n.fetch_add(1); }

} // namespace

TEST_SUITE("context") {
  TEST_CASE("a background is neither cancelled nor limited") {
    for (const context& ctx : {context{}, context::background(), context::background({})}) {
      CHECK_FALSE(ctx.cancelled());
      CHECK_FALSE(ctx.deadline());
      CHECK_FALSE(ctx.remaining());
      CHECK(ctx.why() == troupe::error{});
    }
  }

  TEST_CASE("every background is a root of its own") {
    context a = context::background();
    const context b = context::background();

    a.cancel();

    CHECK_FALSE(b.cancelled());
    CHECK_FALSE(context{}.cancelled());
  }

  TEST_CASE("copies and moved-from handles share one state") {
    context a;
    const context copy = a;
    context moved = std::move(a); // NOLINT(performance-move-const-arg)

    moved.cancel();

    CHECK(copy.cancelled());
    CHECK(a.cancelled()); // NOLINT(bugprone-use-after-move): a move is a copy
  }

  TEST_CASE("cancel reaches all descendants, and no relative besides") {
    context root;
    context parent = root.child();
    const context sibling = root.child();
    const context child = parent.child();
    const context grandchild = child.with_timeout(1h);

    parent.cancel();

    CHECK(parent.cancelled());
    CHECK(child.cancelled());
    CHECK(grandchild.cancelled());
    CHECK_FALSE(sibling.cancelled());
    CHECK_FALSE(root.cancelled());
  }

  TEST_CASE("cancel reaches a grandchild whose parent's handle is gone") {
    context root;
    const context grandchild = root.child().child();

    root.cancel();

    CHECK(grandchild.cancelled());
  }

  TEST_CASE("a child outlives its parent's handle, uncancelled") {
    const context child = context::background().child();

    CHECK_FALSE(child.cancelled());
  }

  TEST_CASE("a child of a cancelled context is born cancelled, for the same reason") {
    const fake_time time;
    context cancelled = time.root();
    cancelled.cancel();
    const context late = time.root().with_timeout(1s);
    *time.now += 1s;

    CHECK(cancelled.child().why().code() == errc::cancelled);
    CHECK(cancelled.with_timeout(1h).why().code() == errc::cancelled);
    CHECK(late.child().why().code() == errc::deadline_exceeded);
  }

  TEST_CASE("is cancelled at exactly its deadline, not before") {
    const fake_time time;
    const context ctx = time.root().with_timeout(5s);
    CHECK(ctx.deadline() == t0 + 5s);

    *time.now = t0 + 5s - 1ns;
    CHECK_FALSE(ctx.cancelled());
    CHECK(ctx.remaining() == 1ns);

    *time.now = t0 + 5s;
    CHECK(ctx.cancelled());
    CHECK(ctx.remaining() == 0ns);

    *time.now = t0 + 1h;
    CHECK(ctx.remaining() == 0ns);
  }

  TEST_CASE("a deadline is never later than the parent's") {
    const fake_time time;
    const context parent = time.root().with_deadline(t0 + 5s);

    CHECK(parent.with_timeout(10s).deadline() == t0 + 5s);
    CHECK(parent.with_deadline(t0 + 10s).deadline() == t0 + 5s);
    CHECK(parent.child().deadline() == t0 + 5s);
    CHECK(parent.with_timeout(2s).deadline() == t0 + 2s);
    CHECK(parent.with_timeout(2s).with_timeout(3s).deadline() == t0 + 2s);
  }

  TEST_CASE("the time remaining is not negative when it was cancelled before the deadline") {
    const fake_time time;
    context ctx = time.root().with_timeout(5s);
    ctx.cancel();
    CHECK(ctx.remaining() == 5s);

    *time.now += 6s;

    CHECK(ctx.remaining() == 0ns);
  }

  TEST_CASE("a timeout of zero or less has passed already") {
    const fake_time time;

    for (const duration d : {duration{0}, duration{-1}, duration::min()}) {
      const context ctx = time.root().with_timeout(d);
      CHECK(ctx.cancelled());
      CHECK(ctx.remaining() == 0ns);
    }
  }

  TEST_CASE("the longest timeouts do not overflow") {
    const fake_time time;
    CHECK(time.root().with_timeout(duration::max()).deadline() == time_point::max());
    CHECK_FALSE(time.root().with_timeout(duration::max()).cancelled());

    *time.now = time_point{-1h};
    CHECK(time.root().with_timeout(duration::min()).deadline() == time_point::min());
    CHECK(time.root().with_deadline(time_point::max()).remaining() == duration::max());
  }

  TEST_CASE("a clock that steps back does not revive a context") {
    const fake_time time;
    const context ctx = time.root().with_timeout(5s);
    *time.now = t0 + 5s;
    REQUIRE(ctx.cancelled());

    *time.now = t0;

    CHECK(ctx.cancelled());
    CHECK(ctx.remaining() == 0ns);
    CHECK(ctx.why().code() == errc::deadline_exceeded);
    CHECK(ctx.child().cancelled());
  }

  TEST_CASE("a clock that steps back before the deadline gives more time") {
    const fake_time time;
    const context ctx = time.root().with_timeout(5s);

    *time.now = t0 - 1s;

    CHECK_FALSE(ctx.cancelled());
    CHECK(ctx.remaining() == 6s);
  }

  TEST_CASE("why names what came first, with a message") {
    const fake_time time;
    context cancelled_first = time.root().with_timeout(5s);
    context deadline_first = time.root().with_timeout(5s);
    cancelled_first.cancel();
    *time.now += 5s;
    deadline_first.cancel();

    CHECK(cancelled_first.why().code() == errc::cancelled);
    CHECK(cancelled_first.why().message() == "the context was cancelled");
    CHECK(deadline_first.why().code() == errc::deadline_exceeded);
    CHECK(deadline_first.why().message() == "the deadline of the context has passed");
  }

  TEST_CASE("a parent keeps nothing of the children that are gone") {
    // Each child is some 300 bytes: kept, they would add up to tens of megabytes. Under sanitizers
    // the numbers stand still.
    const context parent;
    const auto before = mallinfo2().uordblks;

    for (int i = 0; i < 100'000; ++i)
      parent.with_timeout(1h).on_cancel([] {});

    CHECK(mallinfo2().uordblks < before + 1'000'000);
  }

  TEST_CASE("the steady clock is used when no other is given") {
    const auto before = std::chrono::steady_clock::now();
    const context ctx = context::background().with_timeout(1h);
    const auto after = std::chrono::steady_clock::now();

    CHECK(ctx.deadline() >= before + 1h);
    CHECK(ctx.deadline() <= after + 1h);
    CHECK(context::background().with_deadline(before).cancelled());
  }
}

TEST_SUITE("context callbacks") {
  TEST_CASE("a callback runs once, however often it is cancelled") {
    context ctx;
    int runs = 0;
    CHECK(ctx.on_cancel([&] { ++runs; }) != 0);
    CHECK(runs == 0);

    ctx.cancel();
    ctx.cancel();

    CHECK(runs == 1);
  }

  TEST_CASE("a callback runs at once when already cancelled, or past the deadline") {
    const fake_time time;
    context cancelled = time.root();
    cancelled.cancel();
    context late = time.root().with_timeout(0s);
    int runs = 0;

    CHECK(cancelled.on_cancel([&] { ++runs; }) == 0);
    CHECK(runs == 1);
    CHECK(late.on_cancel([&] { ++runs; }) == 0);
    CHECK(runs == 2);

    late.cancel();
    CHECK(runs == 2);
  }

  TEST_CASE("cancel after the deadline still runs the callbacks that were waiting") {
    const fake_time time;
    context ctx = time.root().with_timeout(1s);
    int runs = 0;
    ctx.on_cancel([&] { ++runs; });
    *time.now += 1s;
    REQUIRE(ctx.cancelled());
    CHECK(runs == 0);

    ctx.cancel();

    CHECK(runs == 1);
  }

  TEST_CASE("callbacks run in order of registration, parents before children") {
    context root;
    const context child = root.child();
    std::string order;
    child.on_cancel([&] { order += 'c'; });
    root.on_cancel([&] { order += 'a'; });
    root.on_cancel([&] { order += 'b'; });
    child.on_cancel([&] { order += 'd'; });

    root.cancel();

    CHECK(order == "abcd");
  }

  TEST_CASE("cancel from within a callback does not overtake it") {
    context ctx;
    std::string order;
    ctx.on_cancel([&] {
      ctx.cancel();
      order += 'a';
    });
    ctx.on_cancel([&] { order += 'b'; });

    ctx.cancel();

    CHECK(order == "ab");
  }

  TEST_CASE("all of the tree is cancelled before the first callback runs") {
    context root;
    const context child = root.child();
    const context grandchild = child.child();
    bool seen = false;
    root.on_cancel([&] { seen = child.cancelled() && grandchild.cancelled(); });

    root.cancel();

    CHECK(seen);
  }

  TEST_CASE("a callback that throws does not stop the others, nor cancel") {
    context ctx;
    const context child = ctx.child();
    int runs = 0;
    ctx.on_cancel([] { throw std::runtime_error{"first"}; });
    ctx.on_cancel([] { throw 42; });
    ctx.on_cancel({}); // std::bad_function_call
    ctx.on_cancel([&] { ++runs; });
    child.on_cancel([&] { ++runs; });

    CHECK_NOTHROW(ctx.cancel());
    CHECK(runs == 2);
    CHECK_NOTHROW(ctx.on_cancel([] { throw std::runtime_error{"late"}; }));
  }

  TEST_CASE("a forgotten callback does not run, and its captures are gone") {
    context ctx;
    const auto watched = std::make_shared<int>(0);
    const auto id = ctx.on_cancel([watched] { ++*watched; });
    int kept = 0;
    ctx.on_cancel([&] { ++kept; });

    ctx.forget(id);
    CHECK(watched.use_count() == 1);
    ctx.cancel();

    CHECK(*watched == 0);
    CHECK(kept == 1);
  }

  TEST_CASE("captures are gone after a callback has run") {
    context ctx;
    const auto watched = std::make_shared<int>(0);
    ctx.on_cancel([watched] { ++*watched; });

    ctx.cancel();

    CHECK(*watched == 1);
    CHECK(watched.use_count() == 1);
  }

  TEST_CASE("forgetting what is not there does nothing") {
    context ctx;
    ctx.forget(0);
    ctx.forget(17);
    const auto id = ctx.on_cancel([] {});
    ctx.forget(id);
    ctx.forget(id);
    ctx.cancel();
    ctx.forget(id);
    ctx.forget(ctx.on_cancel([] {}));
    CHECK(ctx.cancelled());
  }

  TEST_CASE("a callback may forget itself or another, register, cancel and make children") {
    context ctx;
    std::size_t self = 0;
    std::size_t other = 0;
    int runs = 0;
    self = ctx.on_cancel([&] {
      ctx.forget(self);
      ctx.forget(other);
      ctx.on_cancel([&] { runs += 10; });
      ctx.cancel();
      CHECK(ctx.child().cancelled());
      runs += 1;
    });
    other = ctx.on_cancel([&] { runs += 100; });

    ctx.cancel();

    CHECK(runs == 11);
  }

  TEST_CASE("a callback may drop the last handle of a child") {
    context root;
    auto child = std::make_unique<context>(root.child());
    root.on_cancel([&] { child.reset(); });

    root.cancel();

    CHECK_FALSE(child);
  }

  TEST_CASE("dropping the last handle runs nothing") {
    int runs = 0;
    {
      context{}.on_cancel([&] { ++runs; });
    }
    CHECK(runs == 0);
  }
}

TEST_SUITE("context threads") {
  TEST_CASE("forget waits for a callback that another thread is running") {
    context ctx;
    std::atomic<int> stage{0};
    auto guarded = std::make_unique<int>(0);
    const auto id = ctx.on_cancel([&] {
      stage = 1;
      stage.notify_all();
      // Give `forget` every chance to return too early; sanitizers then see the use after free.
      for (int i = 0; i < 1000; ++i)
        std::this_thread::yield();
      ++*guarded;
      stage = 2;
    });
    std::thread canceller{[&] { ctx.cancel(); }};
    stage.wait(0);

    ctx.forget(id);

    CHECK(stage == 2);
    CHECK(*guarded == 1);
    guarded.reset();
    canceller.join();
  }

  TEST_CASE("forget does not wait for a callback other than its own") {
    context ctx;
    std::atomic<int> stage{0};
    const auto done = ctx.on_cancel([] {});
    ctx.on_cancel([&] {
      stage = 1;
      stage.notify_all();
      stage.wait(1);
    });
    int runs = 0;
    const auto other = ctx.on_cancel([&] { ++runs; });
    std::thread canceller{[&] { ctx.cancel(); }};
    stage.wait(0);

    ctx.forget(done);
    ctx.forget(other);
    stage = 2;
    stage.notify_all();
    canceller.join();

    CHECK(runs == 0);
  }

  TEST_CASE("a callback registered while another thread cancels is not lost") {
    gate time;
    context ctx = time.root().with_timeout(1h);
    int runs = 0;
    std::thread late{[&] {
      gate::hold_me = true;
      ctx.on_cancel([&] { ++runs; }); // held after it has seen that nothing is cancelled
    }};
    time.state.wait(0);

    ctx.cancel();
    time.set(2);
    late.join();

    CHECK(runs == 1);
  }

  TEST_CASE("cancel reaches what another cancel has not reached yet") {
    gate time;
    context root = time.root();
    context child = root.child();
    const context grandchild = child.with_timeout(1h);
    std::thread slow{[&] {
      gate::hold_me = true;
      child.cancel(); // held between the child and the grandchild
    }};
    time.state.wait(0);

    root.cancel();
    const bool reached = grandchild.cancelled();
    time.set(2);
    slow.join();

    CHECK(reached);
  }

  TEST_CASE("each callback runs once or is forgotten, never later, whoever wins the race") {
    constexpr int rounds = 500;
    constexpr int threads = 3;

    for (int round = 0; round < rounds; ++round) {
      context ctx;
      std::barrier go{threads + 2};
      std::vector<std::thread> all;
      all.reserve(threads + 2);
      std::atomic<int> late{0};
      for (int t = 0; t < threads; ++t)
        all.emplace_back([&] {
          go.arrive_and_wait();
          for (int i = 0; i < 20; ++i) {
            auto runs = std::make_unique<int>(0);
            const auto id = ctx.on_cancel([&runs] { ++*runs; });
            ctx.forget(id);
            const int before = *runs;
            runs.reset(); // a callback after this is a use after free
            if (before > 1)
              count_up(late);
          }
        });
      for (int t = 0; t < 2; ++t)
        all.emplace_back([&] {
          go.arrive_and_wait();
          ctx.cancel();
        });
      for (auto& thread : all)
        thread.join();

      REQUIRE(late == 0);
      REQUIRE(ctx.cancelled());
    }
  }

  TEST_CASE("no child escapes a concurrent cancel") {
    for (int round = 0; round < 300; ++round) {
      context root;
      std::barrier go{3};
      std::vector<std::vector<context>> made(2);
      std::vector<std::thread> all;
      all.reserve(made.size());
      std::atomic<int> called{0};
      for (auto& mine : made)
        all.emplace_back([&] {
          go.arrive_and_wait();
          for (int i = 0; i < 20; ++i) {
            mine.push_back(root.child().with_timeout(1h));
            mine.back().on_cancel([&] { count_up(called); });
            root.child(); // gone at once, maybe while `cancel` looks at it
          }
        });
      go.arrive_and_wait();
      root.cancel();
      for (auto& thread : all)
        thread.join();

      for (const auto& mine : made)
        for (const auto& child : mine)
          REQUIRE(child.why().code() == errc::cancelled);
      REQUIRE(called == 40);
    }
  }

  TEST_CASE("concurrent cancels of parent and child run every callback once") {
    for (int round = 0; round < 300; ++round) {
      context root;
      context child = root.child();
      const context grandchild = child.child();
      std::atomic<int> runs{0};
      for (const context& ctx : {root, child, grandchild})
        ctx.on_cancel([&] { count_up(runs); });

      std::barrier go{2};
      std::thread other{[&] {
        go.arrive_and_wait();
        child.cancel();
      }};
      go.arrive_and_wait();
      root.cancel();
      // True as soon as `cancel` returns, even if the other thread is still on its way there.
      REQUIRE(grandchild.cancelled());
      other.join();

      REQUIRE(runs == 3);
    }
  }

  TEST_CASE("many readers of one deadline agree for good") {
    const auto now = std::make_shared<std::atomic<time_point>>(t0);
    const context ctx = context::background([now] { return now->load(); }).with_timeout(5s);
    std::vector<std::thread> readers;
    readers.reserve(3);
    std::atomic<int> revived{0};
    for (int t = 0; t < 3; ++t)
      readers.emplace_back([&] {
        while (!ctx.cancelled())
          std::this_thread::yield();
        for (int i = 0; i < 100; ++i)
          if (!ctx.cancelled())
            count_up(revived);
      });

    now->store(t0 + 5s);
    for (auto& reader : readers)
      reader.join();

    CHECK(revived == 0);
    CHECK(ctx.why().code() == errc::deadline_exceeded);
  }
}
