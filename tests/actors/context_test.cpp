#include <troupe/context.hpp>

#include <utility>

#include <malloc.h>

#include <doctest/doctest.h>

#include "context_fixture.hpp"

using namespace std::chrono_literals;
using troupe::context;
using troupe::duration;
using troupe::errc;
using troupe::time_point;
using namespace context_fixture;

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
