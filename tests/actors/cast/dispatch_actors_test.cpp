#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

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

/// One source, and two workers with keys of their own.
struct by_items : bench {
  explicit by_items(bool numbers) {
    item_distributor_setup setup{
        .dispatch = by_key(), .plan = {8, 1, 2}, .numbers = numbers, .workers = 2};
    auto own = common();
    own.block = nullptr; // its counts are those of the stage
    under_test.emplace(
        *this, troupe::detail::spawn<item_distributor>(sys, std::move(own), std::move(setup)));
    state->crew(0).wanted = 2;
    wire(under_test->actor(), {source.at()}, {first.at(), second.at()});
  }

  endpoint at() const { return under_test->at(); }
  const probe& owner() const { return first.data().empty() ? second : first; }

  probe source{sys};
  probe first{sys};
  probe second{sys};
  std::optional<subject> under_test;
};

} // namespace

TEST_SUITE("item_distributor") {
  TEST_CASE(
      "a key goes to one worker; of a dead one it goes to another, all that was not dealt with") {
    const by_items d{false};
    d.source.send(d.at(), {6, 6, 6});
    const auto& owner = d.owner();
    const auto& other = &owner == &d.first ? d.second : d.first;
    CHECK(owner.data() == "0:6 0:6 0:6");
    CHECK(other.data().empty());

    owner.kill();
    CHECK(other.data() == "0:6 0:6 0:6");
    CHECK(d.state->crew(0).redelivered == 3);
  }

  TEST_CASE("with numbers, the death of a worker that had something fails the run") {
    const by_items d{true};
    d.source.send(d.at(), {6});
    d.owner().kill();
    CHECK(d.supervisor.said()
          == "a worker that had items by key was ended from outside; their order cannot be kept");
  }
}

TEST_SUITE("branch_distributor") {
  TEST_CASE("what goes out together with the end is counted at once: it may be killed then") {
    bench b;
    const probe source{b.sys};
    const probe branch{b.sys};
    branch_distributor_setup setup;
    setup.dispatch
        = {[] { return std::make_unique<copying_dispatch<int>>(); }, item_type_of<int>(), 8};
    setup.branches = {{{8, 4, 1}}};
    const subject d{b, troupe::detail::spawn<branch_distributor>(b.sys, b.common(), setup)};
    b.wire(d.actor(), {source.at()}, {branch.at()});
    source.send(d.at(), {1});
    branch.give_back(d.at(), 4);
    source.send(d.at(), {2});
    source.send(d.at(), {3}); // waits for more, while the one before it is away
    REQUIRE(branch.data() == "0:2");

    source.tell(d.actor(), end_msg{0});
    CHECK(branch.data() == "0:2 0:3");
    CHECK(b.state->crew(0).branch_sent[0] == 3);
    CHECK(b.counters().emitted == 3);
  }

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
