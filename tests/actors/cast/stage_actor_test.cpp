#include <doctest/doctest.h>

#include <memory>

#include "probe.hpp"
#include <troupe/cast/stage_actor.hpp>

using namespace probes;

namespace {

constexpr auto keep_even = [](int x) { return x % 2 == 0 ? std::optional{x} : std::nullopt; };

template <class F>
stage_setup running(F f, std::size_t room) {
  using op = map_op<int, F>;
  stage_setup s;
  s.make_kernel = [f](caf::actor_system&) {
    return std::make_unique<item_kernel<op>>(op{f, false});
  };
  s.sizer = troupe::batch_sizer{8};
  s.out.emplace(item_type_of<int>(), troupe::edge_plan{room, 1, 1});
  return s;
}

template <class F>
caf::actor spawn_stage(bench& b, F f, std::size_t room) {
  return troupe::detail::spawn<stage_actor>(b.sys, b.common(), running(f, room));
}

} // namespace

TEST_SUITE("stage_actor") {
  TEST_CASE("works only while it has room for the results; demand sets it going again") {
    bench b;
    const probe source{b.sys};
    const probe sink{b.sys};
    const subject s{b, spawn_stage(
                           b, [](int x) { return 10 * x; }, 2)};
    b.wire(s.actor(), {source.at()}, {sink.at()});

    source.send(s.at(), {1, 2, 3});
    CHECK(sink.data() == "0:10 0:20");
    CHECK(source.came_home() == 0);

    sink.give_back(s.at());
    CHECK(sink.data() == "0:20 0:30");
    CHECK(source.came_home() == 1);
    CHECK(b.counters().delivered == 3);
  }

  TEST_CASE("what results from a numbered batch carries its number, and the last piece says so") {
    bench b;
    const probe source{b.sys};
    const probe sink{b.sys};
    const subject s{b, spawn_stage(b, keep_even, 8)};
    b.wire(s.actor(), {source.at()}, {sink.at()});

    source.send(s.at(), {2, 3}, {{7, true}});
    REQUIRE(sink.data() == "0:2 0:");
    CHECK(sink.batch_at(0).marks.back().sequence == 7);
    CHECK_FALSE(sink.batch_at(0).marks.back().last);
    CHECK(sink.batch_at(1).marks.back().sequence == 7);
    CHECK(sink.batch_at(1).marks.back().last);
  }

  TEST_CASE("once nothing more is wanted, the input is filtered and who sends it is told, once") {
    bench b;
    const probe source{b.sys};
    const probe sink{b.sys};
    const subject s{b, spawn_stage(b, keep_even, 8)};
    b.wire(s.actor(), {source.at(4)}, {sink.at()});

    sink.tell(s.actor(), enough_msg{0});
    sink.tell(s.actor(), enough_msg{0});
    CHECK(source.said() == "enough 4");
    source.send(s.at(), {2, 4});
    CHECK(sink.data().empty());
    CHECK(b.counters().filtered == 2);
    CHECK(source.came_home() == 1);
  }

  TEST_CASE("a function that throws fails the run by item, and the stage does nothing more") {
    bench b;
    const probe source{b.sys};
    const probe sink{b.sys};
    const auto picky = [](int x) { return x < 2 ? x : throw std::runtime_error{"too large"}; };
    const subject s{b, spawn_stage(b, picky, 8)};
    b.wire(s.actor(), {source.at()}, {sink.at()});

    source.send(s.at(), {1, 2, 1});
    CHECK(b.supervisor.said() == "item 1: too large");
    CHECK(b.counters().failed == 1);
    source.send(s.at(), {1});
    CHECK(b.counters().delivered == 1);
    CHECK(b.supervisor.said().empty());
  }

  TEST_CASE("the end goes on behind the last result, and it ends when all is home") {
    bench b;
    const probe source{b.sys};
    const probe sink{b.sys};
    const subject s{b, spawn_stage(b, keep_even, 8)};
    b.wire(s.actor(), {source.at()}, {sink.at(2)});

    source.send(s.at(), {2});
    source.tell(s.actor(), end_msg{0});
    CHECK(sink.data() == "2:2");
    CHECK(sink.said() == "end 2");
    CHECK_FALSE(s.gone());
    sink.give_back(s.at());
    CHECK(s.gone());
  }
}
