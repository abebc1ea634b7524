#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/service/door.hpp>

namespace tr = troupe;
using namespace support;
using tr::detail::door;

namespace {

/// A door for one that tells how often it was asked for room: once to try and once more before
/// going to sleep, with the lock held until then.
struct watched_door {
  std::atomic<int> looks{0};
  std::shared_ptr<door> entrance;

  explicit watched_door(caf::actor_system& sys, std::size_t most = 1)
      : entrance(std::make_shared<door>(
          sys,
          [this, most] {
            ++looks;
            looks.notify_all();
            return most;
          },
          std::nullopt)) {}

  /// Starts a thread that waits at the door, and returns once it does.
  std::future<bool> wait(const tr::context* ctx = nullptr) {
    const int asleep = looks + 2;
    auto f = std::async(std::launch::async, [d = entrance, ctx] {
      auto place = door::enter(d, ctx);
      return place.has_value();
    });
    for (int seen = looks; seen < asleep; seen = looks)
      looks.wait(seen);
    return f;
  }
};

} // namespace

TEST_SUITE("door") {
  TEST_CASE("as many as there is room for, and a place that goes makes room") {
    virtual_system sys;
    const watched_door d{sys, 2};
    auto a = door::try_enter(d.entrance);
    const auto b = door::try_enter(d.entrance);
    CHECK(a);
    CHECK(b);
    CHECK_FALSE(door::try_enter(d.entrance));

    a.reset();

    CHECK(d.entrance->inside() == 1);
    CHECK(door::try_enter(d.entrance));
  }

  TEST_CASE("a place leaves once") {
    virtual_system sys;
    const watched_door d{sys, 2};
    auto a = door::try_enter(d.entrance);
    const auto b = door::try_enter(d.entrance);

    a->leave(true);
    a.reset();

    CHECK(d.entrance->inside() == 1);
  }

  TEST_CASE(
      "an adaptive limit learns from what is answered or lost, not from what was not wanted") {
    virtual_system sys;
    const auto left = [&](auto leave) {
      const auto d = std::make_shared<door>(
          sys, [] { return std::size_t{100}; },
          tr::aimd_limit{{.initial = 10, .min = 1, .max = 20}});
      for (int i = 0; i < 20; ++i) {
        auto place = door::try_enter(d);
        REQUIRE(place);
        leave(*place);
      }
      std::vector<std::optional<door::place>> in;
      for (auto p = door::try_enter(d); p; p = door::try_enter(d))
        in.push_back(std::move(p));
      return in.size();
    };

    CHECK(left([](door::place& p) { p.leave(true); }) == 10);
    CHECK(left([](door::place& p) { p.leave(false); }) == 1);
    CHECK(left([](door::place& p) { p.leave_unwanted(); }) == 10);
  }

  TEST_CASE("an adaptive limit that is used up rises by a call that is answered, and by no other") {
    virtual_system sys;
    const auto limit_after = [&](auto leave) {
      const auto d = std::make_shared<door>(
          sys, [] { return std::size_t{100}; },
          tr::aimd_limit{{.initial = 10, .min = 1, .max = 20}});
      std::vector<std::optional<door::place>> in;
      const auto fill = [&] {
        for (auto p = door::try_enter(d); p; p = door::try_enter(d))
          in.push_back(std::move(p));
      };
      fill();
      leave(*in.back());
      in.pop_back();
      fill();
      return in.size();
    };

    CHECK(limit_after([](door::place& p) { p.leave(true); }) == 11);
    CHECK(limit_after([](door::place& p) { p.leave_unwanted(); }) == 10);
  }

  TEST_CASE("one that waits gets in when there is room") {
    threaded_system sys;
    watched_door d{sys};
    auto inside = door::try_enter(d.entrance);
    auto waits = d.wait();

    inside.reset();

    CHECK(waits.get());
  }

  TEST_CASE("one that waits leaves when its context is cancelled") {
    threaded_system sys;
    watched_door d{sys};
    const auto inside = door::try_enter(d.entrance);
    tr::context ctx;
    auto waits = d.wait(&ctx);

    ctx.cancel();

    CHECK_FALSE(waits.get());
  }

  TEST_CASE("all that wait leave when the door is shut") {
    threaded_system sys;
    watched_door d{sys};
    const auto inside = door::try_enter(d.entrance);
    auto first = d.wait();
    auto second = d.wait();

    d.entrance->shut();

    CHECK_FALSE(first.get());
    CHECK_FALSE(second.get());
    CHECK_FALSE(door::try_enter(d.entrance));
  }

  TEST_CASE("regression: who is woken for room that it no longer wants hands the wake-up on") {
    // The first in line was told of the room, left without taking it, and the second slept for
    // ever beside an open door.
    threaded_system sys;
    watched_door d{sys};
    auto inside = door::try_enter(d.entrance);
    std::atomic<tr::time_point> clock{tr::time_point{}};
    const auto ctx = tr::context::background([&] { return clock.load(); }).with_timeout(1h);
    auto first = d.wait(&ctx);
    auto second = d.wait();

    clock = tr::time_point{} + 1h; // nobody is told: it is seen at the next wake-up
    inside.reset();

    const auto got_in = second.wait_for(20s);
    CHECK(got_in == std::future_status::ready);
    if (got_in != std::future_status::ready)
      d.entrance->shut();
    CHECK_FALSE(first.get());
  }
}
