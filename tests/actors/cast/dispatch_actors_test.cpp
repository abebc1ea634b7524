#include <doctest/doctest.h>

#include <memory>

#include "probe.hpp"
#include <troupe/cast/branch_distributor.hpp>
#include <troupe/cast/item_distributor.hpp>
#include <troupe/cast/item_merger.hpp>

using namespace probes;

namespace {

constexpr auto itself = [](const int& x) { return static_cast<std::size_t>(x); };

dispatch_setup by_key() {
  return {[] {
            using choose = choose_by_key<int>;
            return std::make_unique<choosing_dispatch<int, choose>>(choose{itself});
          },
          item_type_of<int>(), 8};
}

caf::actor spawn_item_distributor(bench& b, bool numbers) {
  item_distributor_setup setup{
      .dispatch = by_key(), .plan = {8, 1, 2}, .numbers = numbers, .workers = 2};
  auto common = b.common();
  common.block = nullptr; // its counts are those of the stage
  return troupe::detail::spawn<item_distributor>(b.sys, std::move(common), std::move(setup));
}

} // namespace

TEST_SUITE("item_distributor") {
  TEST_CASE(
      "a key goes to one worker; of a dead one it goes to another, all that was not dealt with") {
    bench b;
    const probe source{b.sys};
    const probe first{b.sys};
    const probe second{b.sys};
    const subject d{b, spawn_item_distributor(b, false)};
    b.state->crew(0).wanted = 2;
    b.wire(d.actor(), {source.at()}, {first.at(), second.at()});

    source.send(d.at(), {6, 6, 6});
    const auto& owner = first.data().empty() ? second : first;
    const auto& other = first.data().empty() ? first : second;
    CHECK(owner.data() == "0:6 0:6 0:6");
    CHECK(other.data().empty());

    owner.kill();
    CHECK(other.data() == "0:6 0:6 0:6");
    CHECK(b.state->crew(0).redelivered == 3);
  }

  TEST_CASE("with numbers, the death of a worker that had something fails the run") {
    bench b;
    const probe source{b.sys};
    const probe first{b.sys};
    const probe second{b.sys};
    const subject d{b, spawn_item_distributor(b, true)};
    b.state->crew(0).wanted = 2;
    b.wire(d.actor(), {source.at()}, {first.at(), second.at()});

    source.send(d.at(), {6});
    (first.data().empty() ? second : first).kill();
    CHECK(b.supervisor.said()
          == "a worker that had items by key was ended from outside; their order cannot be kept");
  }
}

TEST_SUITE("branch_distributor") {
  TEST_CASE(
      "copies go at the pace of the slowest branch, and one that wants no more does not count") {
    bench b;
    const probe source{b.sys};
    const probe slow{b.sys};
    const probe quick{b.sys};
    branch_distributor_setup setup;
    setup.dispatch
        = {[] { return std::make_unique<copying_dispatch<int>>(); }, item_type_of<int>(), 8};
    setup.branches = {{{1, 1, 1}}, {{8, 1, 1}}};
    const subject d{b, troupe::detail::spawn<branch_distributor>(b.sys, b.common(), setup)};
    b.wire(d.actor(), {source.at()}, {slow.at(), quick.at()});

    source.send(d.at(), {1, 2, 3});
    CHECK(slow.data() == "0:1");
    CHECK(quick.data() == "0:1");
    slow.give_back(d.at(0));
    CHECK(slow.data() == "0:2");
    CHECK(quick.data() == "0:1 0:2");
    slow.tell(d.actor(), enough_msg{0});
    CHECK(quick.data() == "0:1 0:2 0:3");
    CHECK(source.came_home() == 1);
    CHECK(source.said().empty());
    quick.tell(d.actor(), enough_msg{1});
    CHECK(source.said() == "enough 0");
  }
}

TEST_SUITE("item_merger") {
  TEST_CASE("zip: hands on when each input shows an item, and ends with the shorter one") {
    bench b;
    const probe left{b.sys};
    const probe right{b.sys};
    const probe sink{b.sys};
    item_merger_setup setup{[] { return std::make_unique<zip_merge<int, int>>(); },
                            {8, 8},
                            outlet{item_type_of<std::pair<int, int>>(), {8, 8, 1}}};
    const subject m{b, troupe::detail::spawn<item_merger>(b.sys, b.common(), std::move(setup))};
    b.wire(m.actor(), {left.at(), right.at(1)}, {sink.at()});

    left.send(m.at(0), {1, 2, 3});
    CHECK(sink.count() == 0);
    right.send(m.at(1), {7});
    CHECK(sink.count() == 1);
    right.tell(m.actor(), end_msg{1});
    CHECK(left.said() == "enough 0");
    CHECK(left.came_home() == 1);
    left.tell(m.actor(), end_msg{0});
    CHECK(sink.said() == "end 0");
    CHECK(b.counters().filtered == 2);
  }
}
