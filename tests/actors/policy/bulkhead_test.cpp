#include <troupe/policy/bulkhead.hpp>
#include <troupe/policy/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::bulkhead;
using troupe::bulkhead_gate;
using troupe::time_point;
using enum troupe::bulkhead_gate::verdict;

namespace {

constexpr time_point t0{1h};

using tickets = std::vector<bulkhead_gate::ticket>;

std::string refusal(const bulkhead& options) {
  try {
    const bulkhead_gate g{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST_SUITE("bulkhead") {
  TEST_CASE("at most n at once") {
    bulkhead_gate g{{.max = 2}};

    CHECK(g.enter(t0).verdict == admitted);
    CHECK(g.enter(t0).verdict == admitted);
    CHECK(g.enter(t0).verdict == full); // no wait: refused at once
    CHECK(g.running() == 2);
    g.leave(t0);
    CHECK(g.running() == 1);
    CHECK(g.enter(t0).verdict == admitted);
    CHECK(g.enter(t0).verdict == full);
  }

  TEST_CASE("bounded wait: a place that becomes free goes to who waited longest") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    CHECK(g.enter(t0).verdict == admitted);
    const auto a = g.enter(t0);
    const auto b = g.enter(t0 + 10ms);
    CHECK(a.verdict == waits);
    CHECK(b.verdict == waits);
    CHECK(g.waiting() == 2);

    CHECK(g.leave(t0 + 20ms).admitted == tickets{a.number});
    CHECK(g.running() == 1);
    CHECK(g.leave(t0 + 20ms).admitted == tickets{b.number});
    CHECK(g.leave(t0 + 20ms).admitted.empty());
    CHECK(g.running() == 0);
    CHECK(g.waiting() == 0);
  }

  TEST_CASE("who has waited for too long is told, at exactly the end of its wait") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    g.enter(t0);
    const auto a = g.enter(t0);
    const auto b = g.enter(t0 + 10ms);

    CHECK(g.next_expiry() == t0 + 50ms);
    CHECK(g.expire(t0 + 50ms - 1ns).expired.empty());
    CHECK(g.expire(t0 + 50ms).expired == tickets{a.number});
    CHECK(g.next_expiry() == t0 + 60ms);
    CHECK(g.leave(t0 + 55ms).admitted == tickets{b.number});
    CHECK_FALSE(g.next_expiry());
  }

  TEST_CASE("at exactly the end of its wait a free place still counts, and after it no more") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    g.enter(t0);
    const auto a = g.enter(t0);
    const auto b = g.enter(t0 + 10ms);

    SUBCASE("at the end") { CHECK(g.leave(t0 + 50ms).admitted == tickets{a.number}); }
    SUBCASE("later") {
      const auto t = g.leave(t0 + 50ms + 1ns);
      CHECK(t.expired == tickets{a.number});
      CHECK(t.admitted == tickets{b.number});
    }
    SUBCASE("later for both") {
      const auto t = g.leave(t0 + 1s);
      CHECK(t.expired == tickets{a.number, b.number});
      CHECK(t.admitted.empty());
      CHECK(g.enter(t0 + 1s).verdict == admitted);
    }
  }

  TEST_CASE("nobody overtakes who waits") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    g.enter(t0);
    const auto a = g.enter(t0);
    const auto b = g.enter(t0);
    CHECK(g.leave(t0).admitted == tickets{a.number});

    CHECK(g.enter(t0).verdict == waits);
    CHECK(g.leave(t0).admitted == tickets{b.number});
  }

  TEST_CASE("only so many wait") {
    bulkhead_gate g{{.max = 1, .wait = 50ms, .waiting = 2}};
    g.enter(t0);

    CHECK(g.enter(t0).verdict == waits);
    CHECK(g.enter(t0).verdict == waits);
    CHECK(g.enter(t0).verdict == full);
    g.expire(t0 + 50ms);
    CHECK(g.enter(t0 + 50ms).verdict == waits);

    bulkhead_gate none{{.max = 1, .wait = 50ms, .waiting = 0}};
    none.enter(t0);
    CHECK(none.enter(t0).verdict == full);
  }

  TEST_CASE("one who goes away is not admitted, and lets those behind go on") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    g.enter(t0);
    const auto a = g.enter(t0);
    const auto b = g.enter(t0);

    CHECK(g.cancel(a.number));
    CHECK_FALSE(g.cancel(a.number));
    CHECK(g.leave(t0).admitted == tickets{b.number});
    CHECK_FALSE(g.cancel(b.number));
    CHECK(g.running() == 1);
  }

  TEST_CASE("a clock that steps back keeps nobody waiting for longer than the wait") {
    bulkhead_gate g{{.max = 1, .wait = 50ms}};
    g.enter(t0);
    const auto a = g.enter(t0);

    CHECK(g.expire(time_point{}).expired.empty());
    CHECK(g.next_expiry() == time_point{50ms});
    CHECK(g.expire(time_point{50ms}).expired == tickets{a.number});
  }

  TEST_CASE("a wait beyond the end of time does not overflow") {
    bulkhead_gate g{{.max = 1, .wait = troupe::duration::max()}};
    g.enter(t0);
    const auto a = g.enter(t0);

    CHECK(g.next_expiry() == time_point::max());
    CHECK(g.leave(t0 + 8760h).admitted == tickets{a.number});
  }

  TEST_CASE("a leave too many gives no more places than there are") {
    bulkhead_gate g{{.max = 1}};
    g.leave(t0);

    CHECK(g.enter(t0).verdict == admitted);
    CHECK(g.enter(t0).verdict == full);
  }

  TEST_CASE("whatever happens, each waiter is admitted, expired or gone, once") {
    std::mt19937_64 rng{5};
    bulkhead_gate g{{.max = 3, .wait = 20ns, .waiting = 10}};
    tickets waiting;
    auto now = t0;
    const auto settle = [&](const bulkhead_gate::turns& t) {
      for (const auto& list : {t.admitted, t.expired})
        for (const auto ticket : list)
          REQUIRE(std::erase(waiting, ticket) == 1);
    };
    for (int i = 0; i < 20'000; ++i) {
      now += troupe::duration{static_cast<troupe::duration::rep>(rng() % 6)};
      switch (rng() % 4) {
      case 0:
      case 1:
        if (const auto e = g.enter(now); e.verdict == waits)
          waiting.push_back(e.number);
        break;
      case 2:
        settle(g.leave(now));
        break;
      default:
        settle(g.expire(now));
      }
      REQUIRE(g.running() <= 3);
      REQUIRE(g.waiting() == waiting.size());
      REQUIRE(g.waiting() <= 10);
    }
  }

  TEST_CASE("wrong options are refused by name") {
    CHECK(refusal({.max = 0}).starts_with("bulkhead: max = 0, needs 1 to "));
    CHECK(refusal({.max = -1}).starts_with("bulkhead: max = -1, needs 1 to "));
    CHECK(refusal({.wait = -1ms}) == "bulkhead: wait = -1 ms, needs at least 0 ms");
    CHECK(refusal({.waiting = -1}).starts_with("bulkhead: waiting = -1, needs 0 to "));
    CHECK(refusal({.max = 10, .wait = 0ms}).empty());
  }
}

TEST_SUITE("timeout") {
  TEST_CASE("a timeout is more than nothing") {
    CHECK_NOTHROW(validate(troupe::timeout{200ms}));
    CHECK_NOTHROW(validate(troupe::timeout{1ns}));
    CHECK_THROWS_WITH_AS(validate(troupe::timeout{0ms}),
                         "timeout: after = 0 ms, needs more than 0 ms", std::invalid_argument);
    CHECK_THROWS_WITH_AS(validate(troupe::timeout{-5ms}, "call \"pricing\": timeout"),
                         "call \"pricing\": timeout: after = -5 ms, needs more than 0 ms",
                         std::invalid_argument);
  }
}
