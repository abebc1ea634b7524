#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include <rapidcheck.h>

#include <troupe/policy/fifo_permits.hpp>

using troupe::fifo_permits;
using tickets = std::vector<fifo_permits::ticket>;

TEST_SUITE("fifo_permits") {
  TEST_CASE("takes what is there and no more") {
    fifo_permits p{3};

    CHECK(p.try_take(2));
    CHECK_FALSE(p.try_take(2));
    CHECK(p.try_take(1));
    CHECK(p.available() == 0);
    p.give_back(3);
    CHECK(p.try_take(3));
  }

  TEST_CASE("nobody overtakes who waits, even where there is enough for the smaller one") {
    fifo_permits p{3};
    REQUIRE(p.try_take(2));
    const auto large = p.enqueue(3);
    const auto small = p.enqueue(1);

    CHECK(p.available() == 1);
    CHECK_FALSE(p.try_take(1));
    CHECK(p.grant().empty());
    p.give_back(2);
    CHECK(p.grant() == tickets{large});
    p.give_back(3);
    CHECK(p.grant() == tickets{small});
    CHECK(p.available() == 2);
  }

  TEST_CASE("all at the front that fit are served at once") {
    fifo_permits p{4};
    REQUIRE(p.try_take(4));
    const auto a = p.enqueue(1);
    const auto b = p.enqueue(2);
    p.enqueue(3);
    const auto d = p.enqueue(1);

    p.give_back(4);

    CHECK(p.grant() == tickets{a, b});
    CHECK(p.available() == 1);
    CHECK(p.waiting() == 2);
    p.give_back(3);
    CHECK(p.grant() == tickets{d - 1, d});
  }

  TEST_CASE("who leaves from the front lets those behind go on") {
    fifo_permits p{3};
    REQUIRE(p.try_take(2));
    const auto large = p.enqueue(3);
    const auto small = p.enqueue(1);

    p.leave(large);

    CHECK(p.grant() == tickets{small});
    CHECK(p.available() == 0);
    CHECK(p.waiting() == 0);
  }

  TEST_CASE("who leaves from the middle changes nothing for the others") {
    fifo_permits p{1};
    REQUIRE(p.try_take(1));
    const auto a = p.enqueue(1);
    const auto b = p.enqueue(1);
    const auto c = p.enqueue(1);

    p.leave(b);
    p.give_back(1);

    CHECK(p.grant() == tickets{a});
    p.give_back(1);
    CHECK(p.grant() == tickets{c});
  }

  TEST_CASE("for any order of requests: served in order, and never more out than there are") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& requests) {
      constexpr std::size_t total = 5;
      fifo_permits p{total};
      std::deque<std::size_t> out;
      tickets served;
      std::vector<std::size_t> wanted{0}; // by ticket
      for (const auto r : requests) {
        const std::size_t n = 1 + r % total;
        if (r >= 128 && !out.empty()) {
          p.give_back(out.front());
          out.pop_front();
        } else {
          p.enqueue(n);
          wanted.push_back(n);
        }
        for (const auto t : p.grant()) {
          served.push_back(t);
          out.push_back(wanted[t]);
        }
        std::size_t taken = 0;
        for (const auto o : out)
          taken += o;
        RC_ASSERT(taken + p.available() == total);
      }
      for (std::size_t i = 0; i < served.size(); ++i)
        RC_ASSERT(served[i] == i + 1);
      RC_ASSERT(served.size() + p.waiting() + 1 == wanted.size());
    }));
  }
}
