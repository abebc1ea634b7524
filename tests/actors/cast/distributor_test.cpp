#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "probe.hpp"
#include <troupe/cast/distributor.hpp>

using namespace probes;

namespace {

/// One source, and the workers that a test has.
struct distributing : bench {
  distributing(bool numbers, std::size_t workers) {
    distributor_setup setup;
    setup.numbers = numbers;
    under_test.emplace(*this, troupe::detail::spawn<distributor>(sys, state, supervisor.actor(),
                                                                 std::move(setup)));
    std::vector<endpoint> lanes{first.at(5)};
    if (workers == 2)
      lanes.push_back(second.at());
    wire(actor(), {source.at()}, lanes);
    state->crew(0).wanted = workers;
  }

  caf::actor actor() const { return under_test->actor(); }
  endpoint at(std::uint32_t lane) const { return under_test->at(lane); }
  /// Sends `n` batches of one item each, 0, 1, …
  void feed(int n) const {
    for (int i = 0; i < n; ++i)
      source.send(at(0), {i});
  }

  probe source{sys};
  probe first{sys};
  probe second{sys};
  std::optional<subject> under_test;
};

} // namespace

TEST_SUITE("distributor") {
  TEST_CASE("a worker gets one batch, and the next when that is home; two where batches are full") {
    const distributing d{false, 1};
    d.feed(4);
    CHECK(d.first.data() == "5:0");
    d.first.give_back(d.at(0), 100); // it can take more than single items
    CHECK(d.source.came_home() == 1);
    CHECK(d.first.data() == "5:1 5:2");
  }

  TEST_CASE("what a dead worker has not dealt with goes to the others, and counts as redelivered") {
    const distributing d{false, 2};
    d.feed(3);
    CHECK(d.first.data() == "5:0");

    d.first.kill();
    d.second.give_back(d.at(1));
    CHECK(d.second.data() == "0:0"); // before 2, which came later
    CHECK(d.state->crew(0).redelivered == 1);
  }

  TEST_CASE("numbered: what a dead worker had waits for its heir") {
    distributing d{true, 2};
    const probe heir{d.sys};
    const probe merger{d.sys};
    d.feed(2);
    CHECK(d.second.batch_at(0).marks.back().sequence == 1);

    d.first.kill();
    d.second.give_back(d.at(1));
    CHECK(d.second.data().empty()); // another worker may have used up its room on what waits for it
    heir.tell(d.actor(), crew_msg{{heir.actor()}, merger.actor(), d.first.actor()});
    CHECK(heir.said() == "wire");
    CHECK(merger.said() == "lane");
    CHECK(heir.data() == "0:0");
    CHECK(heir.batch_at(0).marks.back().sequence == 0);
  }

  TEST_CASE("workers are told of the end when all is home, and one that comes later is sent home") {
    distributing d{false, 1};
    const probe late{d.sys};
    d.feed(1);
    d.source.tell(d.actor(), end_msg{0});
    CHECK(d.first.said().empty()); // it may die, and then another is needed

    d.first.give_back(d.at(0));
    CHECK(d.first.said() == "end 5");
    late.tell(d.actor(), crew_msg{{late.actor()}, {}, {}});
    CHECK(late.said() == "abort");
    CHECK_FALSE(d.under_test->gone());
    d.first.kill();
    CHECK(d.under_test->gone());
  }
}
