#include <doctest/doctest.h>

#include <cstddef>
#include <utility>

#include "worker_pool_fixture.hpp"

namespace tr = troupe;
using namespace pool_tests;
using namespace support;

// How many calls a pool lets in, and what becomes of the others.
TEST_SUITE("worker_pool: room") {
  TEST_CASE("shed: exactly queue + workers calls are inside, the next is refused") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("double", twice,
                             {.workers = {.min = 2}, .queue = 5, .overflow = tr::overflow::shed}));
    answers in;
    for (int i = 0; i < 7; ++i)
      in.push_back(svc.ask(i));

    auto refused = svc.ask(7);
    CHECK_FALSE(svc.try_ask(8));

    CHECK(refused.get().error().code() == tr::errc::pool_full);
    for (int i = 0; i < 7; ++i)
      CHECK(in[static_cast<std::size_t>(i)].get() == 2 * i);
    CHECK(svc.ask(9).get() == 18);
    const auto end = svc.drain();
    CHECK(balanced(svc.metrics().counters).shed == 2);
    CHECK(svc.metrics().counters.received == 10);
    CHECK(svc.metrics().counters.delivered == 8);
  }

  TEST_CASE("the bound holds in every moment of a call's life") {
    virtual_system sys;
    // The one worker waits between its attempts; the queue behind it fills up.
    auto svc = tr::serve(
        sys,
        tr::worker_pool("slow", fails_first{1},
                        {.queue = 3, .overflow = tr::overflow::shed, .on_error = retry_after(1s)}));
    answers in;
    for (int i = 0; i < 4; ++i) {
      in.push_back(svc.ask(i));
      tr::detail::virtual_time::run_jobs(sys);
    }
    CHECK_FALSE(svc.try_ask(4));

    tr::detail::virtual_time::run_for(sys, 1s);

    for (int i = 0; i < 4; ++i)
      CHECK(in[static_cast<std::size_t>(i)].get() == i);
    CHECK(svc.try_ask(5));
  }

  TEST_CASE("backpressure: ask waits for room, and ends with its context") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("slow", fails_first{1}, {.queue = 1, .on_error = retry_after(10s)}));
    const auto clock = [&] { return tr::detail::now(*sys); };
    const auto started = clock();
    auto first = svc.ask(1);
    auto second = svc.ask(2);

    SUBCASE("until there is room") {
      auto third = svc.ask(3);

      CHECK(clock() == started + 10s);
      CHECK(third.get() == 3);
    }
    SUBCASE("until the deadline") {
      const auto ctx = tr::context::background(clock).with_timeout(2s);
      // Nothing else happens until then, so that virtual time has something to move to.
      auto given_up = svc.ask(3, ctx).get();

      REQUIRE_FALSE(given_up);
      CHECK(given_up.error().code() == tr::errc::deadline_exceeded);
    }
    CHECK(first.get() == 1);
    CHECK(second.get() == 2);
    CHECK(svc.drain().clean());
  }

  TEST_CASE("try_ask never waits") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("slow", fails_first{1}, {.queue = 1, .on_error = retry_after(10s)}));
    const auto started = tr::detail::now(*sys);
    auto first = svc.try_ask(1);
    auto second = svc.try_ask(2);

    CHECK_FALSE(svc.try_ask(3));

    CHECK(tr::detail::now(*sys) == started);
    CHECK(first->get() == 1);
    CHECK(second->get() == 2);
  }

  TEST_CASE("an adaptive limit lets fewer in than the queue would, and learns") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("work", twice,
                             {.queue = 100,
                              .overflow = tr::overflow::shed,
                              .limit = tr::aimd_limit{{.initial = 2, .min = 2, .max = 3}}}));
    auto first = svc.try_ask(1);
    auto second = svc.try_ask(2);
    CHECK_FALSE(svc.try_ask(3));

    CHECK(first->get() == 2);
    CHECK(second->get() == 4);

    // Both were in use, and both came back in time: one more.
    auto third = svc.try_ask(3);
    auto fourth = svc.try_ask(4);
    auto fifth = svc.try_ask(5);
    CHECK(fifth);
    CHECK_FALSE(svc.try_ask(6));
  }

  TEST_CASE("regression: callers who cancel do not lower an adaptive limit") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("work", twice,
                             {.queue = 100,
                              .overflow = tr::overflow::shed,
                              .limit = tr::aimd_limit{{.initial = 10, .min = 1, .max = 10}}}));
    for (int i = 0; i < 60; ++i) {
      tr::context ctx;
      auto f = svc.ask(i, ctx);
      ctx.cancel();
      CHECK(f.get().error().code() == tr::errc::cancelled);
      tr::detail::virtual_time::run_jobs(sys);
    }

    answers in;
    for (int i = 0; i < 10; ++i) {
      auto f = svc.try_ask(i);
      REQUIRE(f);
      in.push_back(std::move(*f));
    }
    CHECK_FALSE(svc.try_ask(10));
  }
}
