#include <troupe/context.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "context_fixture.hpp"

using namespace std::chrono_literals;
using troupe::context;
using namespace context_fixture;

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
