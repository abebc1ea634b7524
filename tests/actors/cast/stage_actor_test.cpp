#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>

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

/// One stage between a source and a sink.
template <class F>
struct staging : bench {
  staging(F f, std::size_t room)
      : under_test(*this, troupe::detail::spawn<stage_actor>(sys, common(), running(f, room))) {
    wire(under_test.actor(), {source.at(4)}, {sink.at(2)});
  }

  caf::actor actor() const { return under_test.actor(); }
  endpoint at() const { return under_test.at(); }

  probe source{sys};
  probe sink{sys};
  subject under_test;
};

} // namespace

TEST_SUITE("stage_actor") {
  TEST_CASE("works only while it has room for the results; demand sets it going again") {
    const staging s{[](int x) { return 10 * x; }, 2};
    s.source.send(s.at(), {1, 2, 3});
    CHECK(s.sink.data() == "2:10 2:20");
    CHECK(s.source.came_home() == 0);

    s.sink.give_back(s.at());
    CHECK(s.sink.data() == "2:20 2:30");
    CHECK(s.source.came_home() == 1);
    CHECK(s.counters().delivered == 3);
  }

  TEST_CASE("what results from a numbered batch carries its number, and the last piece says so") {
    const staging s{keep_even, 8};
    s.source.send(s.at(), {2, 3}, {{7, true}});
    REQUIRE(s.sink.data() == "2:2 2:");
    CHECK(s.sink.batch_at(0).marks.back().sequence == 7);
    CHECK_FALSE(s.sink.batch_at(0).marks.back().last);
    CHECK(s.sink.batch_at(1).marks.back().sequence == 7);
    CHECK(s.sink.batch_at(1).marks.back().last);
  }

  TEST_CASE("once nothing more is wanted, the input is filtered and who sends it is told, once") {
    const staging s{keep_even, 8};
    s.sink.tell(s.actor(), enough_msg{0});
    s.sink.tell(s.actor(), enough_msg{0});
    CHECK(s.source.said() == "enough 4");
    s.source.send(s.at(), {2, 4});
    CHECK(s.sink.data().empty());
    CHECK(s.counters().filtered == 2);
    CHECK(s.source.came_home() == 1);
  }

  TEST_CASE("a function that throws fails the run by item, and the stage does nothing more") {
    const staging s{[](int x) { return x < 2 ? x : throw std::runtime_error{"too large"}; }, 8};
    s.source.send(s.at(), {1, 2, 1});
    CHECK(s.supervisor.said() == "item 1: too large");
    CHECK(s.counters().failed == 1);
    s.source.send(s.at(), {1});
    CHECK(s.counters().delivered == 1);
    CHECK(s.supervisor.said().empty());
  }

  TEST_CASE("the end goes on behind the last result, and it ends when all is home") {
    const staging s{keep_even, 8};
    s.source.send(s.at(), {2});
    s.source.tell(s.actor(), end_msg{0});
    CHECK(s.sink.data() == "2:2");
    CHECK(s.sink.said() == "end 2");
    CHECK_FALSE(s.under_test.gone());
    s.sink.give_back(s.at());
    CHECK(s.under_test.gone());
  }
}
