#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
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

  TEST_CASE("regression: a load whose caller is cancelled is made again by the next who waits") {
    ages c{{}};
    std::promise<void> open;
    auto mine = tr::context::background();
    std::atomic<int> loads{0};
    SUBCASE("the context is known to the cache") {
      auto leader = std::async(std::launch::async, [&] {
        return c.get_or_load(
            "ann",
            [&](const std::string&) -> tr::result<int> {
              open.get_future().wait();
              return tr::fail(errc::stage_failed, "interrupted");
            },
            mine);
      });
      until_misses(c, 1);
      auto others = std::vector<std::future<tr::result<int>>>{};
      for (int i = 0; i < 3; ++i)
        others.push_back(std::async(std::launch::async, [&] {
          return c.get_or_load("ann", [&](const std::string&) {
            ++loads;
            return 41;
          });
        }));
      until_misses(c, 4);

      mine.cancel();
      open.set_value();

      CHECK(leader.get().error().message() == "interrupted");
      for (auto& o : others)
        CHECK(o.get() == 41);
      CHECK(loads == 1);
      CHECK(c.stats().loads == 2);
      CHECK(c.stats().misses == 4); // a question is counted once
      CHECK(c.stats().hits == 0);
    }
    SUBCASE("or to its loader only") {
      auto leader = std::async(std::launch::async, [&] {
        return c.get_or_load("ann", [&](const std::string&) -> tr::result<int> {
          open.get_future().wait();
          return tl::unexpected{mine.why()};
        });
      });
      until_misses(c, 1);
      auto other = std::async(std::launch::async, [&] {
        return c.get_or_load("ann", [&](const std::string&) { return 41; });
      });
      until_misses(c, 2);

      mine.cancel();
      open.set_value();

      CHECK(leader.get().error().code() == errc::cancelled);
      CHECK(other.get() == 41);
    }
  }

  TEST_CASE("regression: a key or a value that throws concerns one call, and spoils no load") {
    // The load stayed in the table without an end, and all who asked later waited for it.
    static std::atomic<bool> key_fails{false};
    static std::atomic<bool> value_fails{false};
    struct hash {
      std::size_t operator()(int k) const {
        if (key_fails)
          throw std::bad_alloc{};
        return static_cast<std::size_t>(k);
      }
    };
    struct value {
      int n = 0;
      value(int i) : n(i) {}
      value(value&& other) noexcept : n(other.n) {}
      value(const value& other) : n(other.n) {
        if (value_fails)
          throw std::runtime_error{"no copy"};
      }
      value& operator=(const value&) = default;
      value& operator=(value&&) = default;
    };
    tr::cache<int, value, hash> c{{.capacity = 2}};
    std::promise<void> open;
    const auto load_while = [&](std::atomic<bool>& fails) {
      auto leader = std::async(std::launch::async, [&] {
        return c.get_or_load(1, [&](int) {
          open.get_future().wait();
          fails = true;
          return value{7};
        });
      });
      until_misses(c, 1);
      auto waiter
          = std::async(std::launch::async, [&] { return c.get_or_load(1, [](int) { return 8; }); });
      until_misses(c, 2);
      open.set_value();
      auto first = leader.get();
      auto second = waiter.get();
      fails = false;
      return std::pair{first ? first->n : 0, second ? second->n : 0};
    };

    SUBCASE("a hash") { CHECK(load_while(key_fails) == std::pair{7, 7}); }
    SUBCASE("a copy") {
      CHECK(load_while(value_fails) == std::pair{0, 0}); // none can have one, and is told so
      CHECK(c.size() == 0);
    }
    const auto later = c.get_or_load(1, [](int) { return 9; });
    REQUIRE(later);
    CHECK(c.erase(1));
    key_fails = true;
    CHECK_THROWS_AS(c.put(2, 2), std::bad_alloc);
    CHECK_THROWS_AS(c.get_or_load(2, [](int) { return 2; }), std::bad_alloc);
    key_fails = false;
    CHECK(c.get_or_load(2, [](int) { return 2; })->n == 2);
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
