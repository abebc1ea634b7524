#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/cache.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;

namespace {

struct fake_clock {
  std::shared_ptr<std::atomic<tr::time_point>> now
      = std::make_shared<std::atomic<tr::time_point>>(tr::time_point{});

  tr::time_point operator()() const { return *now; }
  void advance(tr::duration d) const { *now = now->load() + d; }
};

using ages = tr::cache<std::string, int>;

/// Until so many have asked in vain: they are loading, or wait for who loads.
template <class Cache>
void until_misses(const Cache& c, std::uint64_t n) {
  while (c.stats().misses < n)
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("cache") {
  TEST_CASE("answers what was put, and counts what it could and could not answer") {
    ages c{{.capacity = 10'000, .ttl = 1min}};
    c.put("ann", 41);

    CHECK(c.get("ann") == 41);
    CHECK_FALSE(c.get("bob"));
    CHECK(c.size() == 1);
    CHECK(c.stats().hits == 1);
    CHECK(c.stats().misses == 1);
  }

  TEST_CASE("TTL cache: bounded, and a hundred callers load once") {
    fake_clock clock;
    ages c{{.capacity = 2, .ttl = 10s, .clock = clock}};
    for (int i = 0; i < 100; ++i) {
      c.put("key " + std::to_string(i), i);
      CHECK(c.size() <= 2);
    }
    CHECK(c.stats().evictions == 98);

    std::promise<void> open;
    const auto opened = open.get_future().share();
    std::atomic<int> calls{0};
    std::atomic<int> right{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 100; ++i)
      callers.emplace_back([&] {
        const auto got = c.get_or_load("ann", [&](const std::string&) {
          ++calls;
          opened.wait();
          return 41;
        });
        if (got == 41)
          ++right;
      });
    until_misses(c, 100);
    open.set_value();
    for (auto& t : callers)
      t.join();

    CHECK(calls == 1);
    CHECK(right == 100);
    CHECK(c.stats().loads == 1);
    CHECK(c.get("ann") == 41);
    clock.advance(10s - 1ns);
    CHECK(c.get("ann") == 41);
    clock.advance(1ns);
    CHECK_FALSE(c.get("ann"));
    CHECK(c.stats().expirations == 1);
  }

  TEST_CASE("what is there is not loaded") {
    ages c{{}};
    c.put("ann", 41);

    CHECK(c.get_or_load("ann", [](const std::string&) -> int { throw std::runtime_error{"no"}; })
          == 41);
    CHECK(c.stats().loads == 0);
  }

  TEST_CASE("an error is given to all who waited, and is not cached") {
    ages c{{}};
    std::promise<void> open;
    auto first = std::async(std::launch::async, [&] {
      return c.get_or_load("ann", [&](const std::string& key) -> int {
        open.get_future().wait();
        throw std::runtime_error{"no " + key};
      });
    });
    until_misses(c, 1);
    auto second = std::async(std::launch::async, [&] {
      return c.get_or_load("ann", [](const std::string&) { return 1; });
    });
    until_misses(c, 2);
    open.set_value();

    for (const auto& got : {first.get(), second.get()}) {
      REQUIRE(!got);
      CHECK(got.error().code() == errc::stage_failed);
      CHECK(got.error().message() == "no ann");
    }
    const auto refused = c.get_or_load("ann", [](const std::string&) -> tr::result<int> {
      return tr::fail(errc::rate_limited, "later");
    });
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::rate_limited);
    CHECK(c.size() == 0);
    CHECK(c.get_or_load("ann", [](const std::string&) { return 41; }) == 41);
    CHECK(c.stats().loads == 3);
  }

  TEST_CASE("a waiter whose context is cancelled leaves at once, and the load goes on") {
    ages c{{}};
    std::promise<void> open;
    auto first = std::async(std::launch::async, [&] {
      return c.get_or_load("ann", [&](const std::string&) {
        open.get_future().wait();
        return 41;
      });
    });
    until_misses(c, 1);
    auto ctx = tr::context::background();
    const auto never = [](const std::string&) { return 0; };
    auto impatient
        = std::async(std::launch::async, [&] { return c.get_or_load("ann", never, ctx); });
    auto patient = std::async(std::launch::async, [&] { return c.get_or_load("ann", never); });
    until_misses(c, 3);

    ctx.cancel();
    const auto left = impatient.get(); // while the load still waits for us
    open.set_value();

    REQUIRE(!left);
    CHECK(left.error().code() == errc::cancelled);
    CHECK(first.get() == 41);
    CHECK(patient.get() == 41);
    const auto late = c.get_or_load("ann", never, tr::context::background().with_timeout(0s));
    CHECK(late == 41);
    const auto no_load = c.get_or_load("bob", never, ctx);
    REQUIRE(!no_load);
    CHECK(no_load.error().code() == errc::cancelled);
    CHECK(c.stats().loads == 1);
  }

  TEST_CASE("a load does not overwrite what was put, erased or cleared while it ran") {
    ages c{{}};
    const auto load_meanwhile = [&](auto change) {
      return c.get_or_load("ann", [&](const std::string&) {
        change();
        return 1;
      });
    };

    CHECK(load_meanwhile([&] { c.put("ann", 2); }) == 1);
    CHECK(c.get("ann") == 2);
    c.erase("ann");
    CHECK(load_meanwhile([&] { c.erase("ann"); }) == 1);
    CHECK_FALSE(c.get("ann"));
    CHECK(load_meanwhile([&] { c.clear(); }) == 1);
    CHECK_FALSE(c.get("ann"));
    CHECK(load_meanwhile([] {}) == 1);
    CHECK(c.get("ann") == 1);
  }

  TEST_CASE("a loader may ask for another key; asking for its own is an error, not a deadlock") {
    ages c{{}};
    const auto got = c.get_or_load("sum", [&](const std::string&) {
      return *c.get_or_load("ann", [](const std::string&) { return 41; }) + 1;
    });
    CHECK(got == 42);

    const auto own = c.get_or_load("x", [&](const std::string&) {
      return *c.get_or_load("x", [](const std::string&) { return 1; });
    });
    REQUIRE(!own);
    CHECK(own.error().message() == "cache: the loader of a key asks for the same key");
    CHECK(c.get_or_load("x", [](const std::string&) { return 1; }) == 1);
  }

  TEST_CASE("erase and clear") {
    ages c{{}};
    c.put("ann", 1);
    c.put("bob", 2);

    CHECK(c.erase("ann"));
    CHECK_FALSE(c.erase("ann"));
    c.clear();
    CHECK(c.size() == 0);
  }

  TEST_CASE("options out of range are refused by name") {
    CHECK(refusal([] { ages{{.capacity = 0}}; }) == "cache: capacity = 0, needs at least 1");
    CHECK(refusal([] { ages{{.capacity = -5}}; }) == "cache: capacity = -5, needs at least 1");
    CHECK(refusal([] { ages{{.ttl = -1ns}}; }) == "cache: ttl = -1 ns, needs at least 0");
  }
}
