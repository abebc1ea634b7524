// Workers that come, rest or die while the others of their stage go on.
#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Waits until all inputs show something, and is content with what comes.
const auto all_shown = tr::merge::sorted([](int, int) { return false; });

int same(int x) { return x; }

tr::flow<void> noting_flow(work_log<int>& log, const tr::dispatch& to) {
  return tr::from("n", numbers(600), {.buffer = 8})
         | tr::fan_out("work", log.noting(), {.workers = 3, .to = to, .buffer = 8, .batch = 1})
         | tr::fan_in("all") | tr::ignore("end");
}

/// A run of three workers, of which so many are left to work.
tr::run start_and_shrink(virtual_system& sys, const tr::flow<void>& flow, std::size_t left) {
  auto r = tr::start(sys, flow);
  run_steps(sys, 300);
  r.configure("work", {.workers = tr::worker_range{left}});
  run_steps(sys, 300);
  return r;
}

std::set<std::size_t> at_work_since(const work_log<int>& log, std::size_t entry) {
  std::set<std::size_t> workers;
  for (; entry < log.entries().size(); ++entry)
    workers.insert(log.entries()[entry].worker);
  return workers;
}

} // namespace

TEST_SUITE("crews") {
  TEST_CASE("who is not needed any more gets nothing more to do") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      work_log<int> log;
      const auto flow = noting_flow(log, to);
      auto r = start_and_shrink(sys, flow, 1);
      const auto before = log.entries().size();
      REQUIRE(before < 300);

      CHECK(accounted_graph(r.wait(), flow.topology()).clean());
      CHECK(log.workers() == 3);
      CHECK(at_work_since(log, before).size() == 1);
    }
  }

  TEST_CASE("one that rests takes over from one that has died, before the supervisor says so") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      work_log<int> log;
      const auto flow = noting_flow(log, to);
      auto r = start_and_shrink(sys, flow, 2);
      REQUIRE(log.entries().size() < 300);
      tr::detail::anon_kill(tr::detail::actors_of(r, "work").front());
      run_without(sys, tr::detail::actors_of(r).back());

      CHECK(log.workers() == 3);
      CHECK(at_work_since(log, log.entries().size() - 200).size() == 2);
      CHECK(accounted_graph(r.wait(), flow.topology()).clean());
    }
  }

  TEST_CASE("who comes to a stage that pauses pauses too") {
    virtual_system sys;
    std::vector<int> out;
    const auto flow = tr::from("n", numbers(100))
                      | tr::map("work", same, {.parallel = 2, .buffer = 8})
                      | tr::collect("out", out);
    auto r = tr::start(sys, flow);
    r.pause("work");
    tr::detail::virtual_time::run_jobs(sys);
    r.configure("work", {.parallel = 3});
    for (const auto& worker : tr::detail::actors_of(r, "work"))
      tr::detail::anon_kill(worker);
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(r.metrics("work").counters.delivered == 0);

    r.resume("work");
    CHECK(accounted_graph(r.wait(), flow.topology()).clean());
    CHECK(out == numbers(100));
  }

  TEST_CASE(
      "who comes to a stage that has grown has no larger share of the buffer than the others") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", numbers(1000), {.buffer = 64})
                                | tr::map("work", same, {.parallel = 2, .buffer = 64})
                                | tr::sink("end", [](int) {}, {.buffer = 16}));
    r.pause("work");
    r.pause("end");
    r.configure("work", {.parallel = 8});
    tr::detail::virtual_time::run_jobs(sys);
    for (const auto& worker : tr::detail::actors_of(r, "work"))
      tr::detail::anon_kill(worker);
    tr::detail::virtual_time::run_jobs(sys);
    r.resume("work");
    tr::detail::virtual_time::run_jobs(sys);

    CHECK(r.metrics("end").counters.received == 0);
    CHECK(r.metrics("work").counters.emitted == 16);
    r.resume("end");
    CHECK(accounted(r.wait()).clean());
  }

  // Else not all of them would say upstream that they are full, and the other branch not rest.
  TEST_CASE("a worker that comes behind a split learns that the join waits") {
    for (const int slow : {0, 1, 2, 5, 9}) {
      CAPTURE(slow);
      virtual_system sys;
      std::vector<int> out;
      const auto flow
          = tr::from("n", numbers(100), {.buffer = 2})
            | tr::broadcast("both",
                            tr::map("work", slow_once([slow](int x) { return x == slow; }),
                                    {.parallel = 2,
                                     .order = tr::emit::as_completed,
                                     .buffer = 8,
                                     .on_error = after(1s)}),
                            tr::filter("none", [](int) { return false; }))
            | tr::fan_in("all", {.merge = all_shown, .buffer = 2}) | tr::collect("out", out);
      auto r = tr::start(sys, flow);
      CHECK(!r.wait_for(500ms));
      r.configure("work", {.parallel = 4});

      const auto end = r.wait_for(1h);
      REQUIRE(end);
      CHECK(accounted_graph(*end, flow.topology()).clean());
      CHECK(sorted(out) == numbers(100));
    }
  }
}
