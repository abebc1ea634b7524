#include <doctest/doctest.h>

#include "probe.hpp"
#include <troupe/cast/merger.hpp>

using namespace probes;

namespace {

caf::actor spawn_merger(bench& b, merger_setup setup) {
  return troupe::detail::spawn<merger>(b.sys, b.state, b.supervisor.actor(), setup);
}

} // namespace

TEST_SUITE("merger") {
  TEST_CASE("as they come: a batch goes on at once, and home to the lane that it came by") {
    bench b;
    const probe left{b.sys};
    const probe right{b.sys};
    const probe sink{b.sys};
    const subject m{b, spawn_merger(b, {})};
    b.wire(m.actor(), {left.at(3), right.at()}, {sink.at(7)});

    right.send(m.at(1), {4, 5});
    left.send(m.at(0), {1});
    CHECK(sink.data() == "7:4,5 7:1");

    sink.give_back(m.at());
    CHECK(right.came_home() == 1);
    CHECK(left.came_home() == 0);
  }

  TEST_CASE(
      "in order: by the distributor's numbers, and a piece that is not the last keeps its turn") {
    bench b;
    const probe left{b.sys};
    const probe right{b.sys};
    const probe sink{b.sys};
    const subject m{b, spawn_merger(b, {.in_order = true})};
    b.wire(m.actor(), {left.at(), right.at()}, {sink.at()});

    right.send(m.at(1), {20}, {{1, true}});
    CHECK(sink.data().empty());
    left.send(m.at(0), {10}, {{0, false}});
    CHECK(sink.data() == "0:10");
    left.send(m.at(0), {11}, {{0, true}});
    CHECK(sink.data() == "0:10 0:11 0:20");
  }

  TEST_CASE("in order: a batch of which nothing came goes home, and is not waited for") {
    bench b;
    const probe lane{b.sys};
    const probe sink{b.sys};
    const subject m{b, spawn_merger(b, {.in_order = true})};
    b.wire(m.actor(), {lane.at()}, {sink.at()});

    lane.send(m.at(0), {}, {{0, true}});
    lane.send(m.at(0), {5}, {{1, true}});
    CHECK(lane.came_home() == 1);
    CHECK(sink.data() == "0:5");
  }

  TEST_CASE("ends when its distributor says that no lane follows, not when all lanes are dead") {
    bench b;
    const probe lane{b.sys};
    const probe sink{b.sys};
    const probe heir{b.sys};
    const subject m{b, spawn_merger(b, {})};
    b.wire(m.actor(), {lane.at()}, {sink.at()});

    lane.kill();
    CHECK(sink.said().empty());
    lane_msg late{heir.actor()};
    heir.tell(m.actor(), late);
    CHECK(heir.said() == "wire");
    heir.send(m.at(1), {1});
    heir.tell(m.actor(), end_msg{1});
    CHECK(sink.said() == "end 0");
    CHECK_FALSE(m.gone()); // a batch is away
    sink.give_back(m.at());
    CHECK(m.gone());
  }

  TEST_CASE("that nothing more is wanted is told to all lanes, also to one that comes later") {
    bench b;
    const probe lane{b.sys};
    const probe late{b.sys};
    const probe sink{b.sys};
    const subject m{b, spawn_merger(b, {})};
    b.wire(m.actor(), {lane.at(2)}, {sink.at()});

    sink.tell(m.actor(), enough_msg{0});
    CHECK(lane.said() == "enough 2");
    late.tell(m.actor(), lane_msg{late.actor()});
    CHECK(late.said() == "enough 0, wire"); // it is urgent
  }
}
