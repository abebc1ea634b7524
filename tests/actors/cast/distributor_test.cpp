#include <doctest/doctest.h>

#include "probe.hpp"
#include <troupe/cast/distributor.hpp>

using namespace probes;

namespace {

caf::actor spawn_distributor(bench& b, bool numbers) {
  distributor_setup setup;
  setup.numbers = numbers;
  return troupe::detail::spawn<distributor>(b.sys, b.state, b.supervisor.actor(), std::move(setup));
}

/// Sends `n` batches of one item each, 0, 1, …
void feed(const probe& source, const subject& d, int n) {
  for (int i = 0; i < n; ++i)
    source.send(d.at(), {i});
}

} // namespace

TEST_SUITE("distributor") {
  TEST_CASE("a worker gets one batch, and the next when that is home; two where batches are full") {
    bench b;
    const probe source{b.sys};
    const probe worker{b.sys};
    const subject d{b, spawn_distributor(b, false)};
    b.wire(d.actor(), {source.at()}, {worker.at(1)});

    feed(source, d, 4);
    CHECK(worker.data() == "1:0");
    worker.give_back(d.at(0), 100); // it can take more than single items
    CHECK(source.came_home() == 1);
    CHECK(worker.data() == "1:1 1:2");
  }

  TEST_CASE("what a dead worker has not dealt with goes to the others, and counts as redelivered") {
    bench b;
    const probe source{b.sys};
    const probe first{b.sys};
    const probe second{b.sys};
    const subject d{b, spawn_distributor(b, false)};
    b.wire(d.actor(), {source.at()}, {first.at(), second.at()});
    feed(source, d, 3);
    const auto dying = first.data();
    CHECK(dying == "0:0");

    first.kill();
    second.give_back(d.at(1));
    CHECK(second.data() == "0:0"); // before 2, which came later
    CHECK(b.state->crew(0).redelivered == 1);
  }

  TEST_CASE("numbered: what a dead worker had waits for its heir") {
    bench b;
    const probe source{b.sys};
    const probe first{b.sys};
    const probe second{b.sys};
    const probe heir{b.sys};
    const probe merger{b.sys};
    const subject d{b, spawn_distributor(b, true)};
    b.wire(d.actor(), {source.at()}, {first.at(), second.at()});
    b.state->crew(0).wanted = 2;
    feed(source, d, 2);
    CHECK(second.batch_at(0).marks.back().sequence == 1);

    first.kill();
    second.give_back(d.at(1));
    CHECK(second.data().empty()); // another worker may have used up its room on what waits for it
    heir.tell(d.actor(), crew_msg{{heir.actor()}, merger.actor(), first.actor()});
    CHECK(heir.said() == "wire");
    CHECK(merger.said() == "lane");
    CHECK(heir.data() == "0:0");
    CHECK(heir.batch_at(0).marks.back().sequence == 0);
  }

  TEST_CASE("workers are told of the end when all is home, and one that comes later is sent home") {
    bench b;
    const probe source{b.sys};
    const probe worker{b.sys};
    const probe late{b.sys};
    const subject d{b, spawn_distributor(b, false)};
    b.wire(d.actor(), {source.at()}, {worker.at(5)});
    feed(source, d, 1);
    source.tell(d.actor(), end_msg{0});
    CHECK(worker.said().empty()); // it may die, and then another is needed

    worker.give_back(d.at(0));
    CHECK(worker.said() == "end 5");
    late.tell(d.actor(), crew_msg{{late.actor()}, {}, {}});
    CHECK(late.said() == "abort");
    CHECK_FALSE(d.gone());
    worker.kill();
    CHECK(d.gone());
  }
}
