#include <doctest/doctest.h>

#include <cstdint>

#include "probe.hpp"
#include <troupe/cast/merger.hpp>

using namespace probes;

namespace {

/// Two lanes into one sink.
struct merging : bench {
  explicit merging(merger_setup setup = {})
      : under_test(*this, troupe::detail::spawn<merger>(sys, state, supervisor.actor(), setup)) {
    wire(under_test.actor(), {left.at(3), right.at()}, {sink.at(7)});
  }

  caf::actor actor() const { return under_test.actor(); }
  endpoint at(std::uint32_t lane = 0) const { return under_test.at(lane); }

  probe left{sys};
  probe right{sys};
  probe sink{sys};
  subject under_test;
};

} // namespace

TEST_SUITE("merger") {
  TEST_CASE("as they come: a batch goes on at once, and home to the lane that it came by") {
    const merging m;
    m.right.send(m.at(1), {4, 5});
    m.left.send(m.at(0), {1});
    CHECK(m.sink.data() == "7:4,5 7:1");

    m.sink.give_back(m.at());
    CHECK(m.right.came_home() == 1);
    CHECK(m.left.came_home() == 0);
  }

  TEST_CASE(
      "in order: by the distributor's numbers, and a piece that is not the last keeps its turn") {
    const merging m{{.in_order = true}};
    m.right.send(m.at(1), {20}, {{1, true}});
    CHECK(m.sink.data().empty());
    m.left.send(m.at(0), {10}, {{0, false}});
    CHECK(m.sink.data() == "7:10");
    m.left.send(m.at(0), {11}, {{0, true}});
    CHECK(m.sink.data() == "7:10 7:11 7:20");
  }

  TEST_CASE("in order: a batch of which nothing came goes home, and is not waited for") {
    const merging m{{.in_order = true}};
    m.left.send(m.at(0), {}, {{0, true}});
    m.left.send(m.at(0), {5}, {{1, true}});
    CHECK(m.left.came_home() == 1);
    CHECK(m.sink.data() == "7:5");
  }

  TEST_CASE("ends when its distributor says that no lane follows, not when all lanes are dead") {
    merging m;
    const probe heir{m.sys};
    m.left.kill();
    m.right.kill();
    CHECK(m.sink.said().empty());
    lane_msg late{heir.actor()};
    heir.tell(m.actor(), late);
    CHECK(heir.said() == "wire");
    heir.send(m.at(2), {1});
    heir.tell(m.actor(), end_msg{2});
    CHECK(m.sink.said() == "end 7");
    CHECK_FALSE(m.under_test.gone()); // a batch is away
    m.sink.give_back(m.at());
    CHECK(m.under_test.gone());
  }

  TEST_CASE("that nothing more is wanted is told to all lanes, also to one that comes later") {
    merging m;
    const probe late{m.sys};
    m.sink.tell(m.actor(), enough_msg{0});
    CHECK(m.left.said() == "enough 3");
    CHECK(m.right.said() == "enough 0");
    late.tell(m.actor(), lane_msg{late.actor()});
    CHECK(late.said() == "enough 0, wire"); // it is urgent
  }
}
