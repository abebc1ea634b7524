#include <doctest/doctest.h>

#include <troupe/kernel/tuning.hpp>

using troupe::per_second;
using troupe::detail::tuning_slot;

TEST_SUITE("tuning_slot") {
  TEST_CASE("the worker is told of the first change only, until it has taken them") {
    tuning_slot s;
    CHECK(s.put({.rate = per_second(1)}));
    CHECK(!s.put({.rate = per_second(2)}));
    CHECK(!s.put({.burst = 3}));
    (void)s.take();
    CHECK(s.put({.burst = 4}));
  }

  TEST_CASE("the last of each value counts, and what nobody changed is empty") {
    tuning_slot s;
    s.put({.rate = per_second(1), .burst = 2});
    s.put({.rate = per_second(3)});
    const auto both = s.take();
    CHECK(both.rate == per_second(3));
    CHECK(both.burst->value() == 2);
    s.put({.burst = 4});
    const auto one = s.take();
    CHECK(!one.rate);
    CHECK(one.burst->value() == 4);
    CHECK(!s.take().burst);
  }
}
