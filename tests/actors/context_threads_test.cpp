#include <troupe/context.hpp>

#include <atomic>
#include <barrier>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "context_fixture.hpp"

using namespace std::chrono_literals;
using troupe::context;

using troupe::errc;
using troupe::time_point;
using namespace context_fixture;

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
