#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include "stress_time.hpp"
#include <troupe/dispatch.hpp>

namespace tr = troupe;
using namespace support;

namespace {

void wait_for_more(const tr::run& r, std::uint64_t items) {
  const auto sent = [&r] { return r.metrics("source").counters.emitted; };
  for (const auto before = sent(); sent() < before + items && !r.done();)
    std::this_thread::yield();
}

// None: the run has ended. Between the death of all and that there may be none for a moment.
std::vector<caf::actor> workers_of(const tr::run& r) {
  while (!r.done())
    if (auto workers = tr::detail::actors_of(r, "work"); !workers.empty())
      return workers;
    else
      std::this_thread::yield();
  return {};
}

bool employs(const tr::run& r, const caf::actor& worker) {
  const auto workers = tr::detail::actors_of(r, "work");
  return std::find(workers.begin(), workers.end(), worker) != workers.end();
}

// One after the other: each has been replaced, and its successor is at work, before the next dies.
void kill_workers(const tr::run& r, std::mt19937& rng, std::uint64_t kills) {
  while (r.metrics("work").counters.restarts < kills) {
    const auto workers = workers_of(r);
    if (workers.empty())
      return;
    const auto& victim
        = workers[std::uniform_int_distribution<std::size_t>{0, workers.size() - 1}(rng)];
    tr::detail::anon_kill(victim);
    while (employs(r, victim) && !r.done())
      std::this_thread::yield();
    wait_for_more(r, 128);
  }
}

// All at once, and their successors as soon as they are there. The answer is how many.
std::uint64_t kill_all_again(const tr::run& r, int waves) {
  std::uint64_t kills = 0;
  for (; waves > 0; --waves) {
    const auto workers = workers_of(r);
    if (workers.empty())
      break;
    for (const auto& worker : workers)
      tr::detail::anon_kill(worker);
    kills += workers.size();
    while (employs(r, workers.back()) && !r.done())
      std::this_thread::yield();
  }
  return kills;
}

} // namespace

TEST_SUITE("stress of kills") {
  // With many workers and single items the distributor's mailbox is full of batches that come home,
  // also those of workers of which it learns at once that they are dead.
  TEST_CASE("of 16 workers 200, or 2,000, are killed while batches come home: none is lost or used "
            "twice") {
    threaded_system sys;
    std::mt19937 rng{2};
    const auto kills = static_cast<std::uint64_t>(full_stress() ? 500 : 50);
    for (int round = 0; round < 4; ++round) {
      int next = 0;
      bool in_order = true;
      const auto flow = tr::produce<int>("source", [n = 0]() mutable { return std::optional{n++}; })
                        | tr::map("work", [](int x) { return x; },
                                  {.parallel = 16, .buffer = 64, .batch = round % 2 == 0 ? 1 : 4})
                        | tr::sink("sink", [&](int x) { in_order = in_order && x == next++; });
      auto r = tr::start(sys, flow);
      kill_workers(r, rng, kills);
      const auto end = accounted_graph(r.drain(), flow.topology());

      CHECK(end.clean());
      CHECK(in_order);
      CHECK(static_cast<std::uint64_t>(next) == end.stage("source").emitted);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("15 of 16 workers are killed while batches come home: the last one does the "
            "rest") {
    threaded_system sys;
    std::mt19937 rng{15};
    auto rules = dispatch_by_load();
    rules.push_back(tr::dispatch::round_robin);
    rules.push_back(tr::dispatch::by_key([](int x) { return x % 100; }));
    for (const auto& to : rules) {
      for (int round = 0; round < (full_stress() ? 10 : 4); ++round) {
        CAPTURE(std::string{to.name()});
        CAPTURE(round);
        std::uint64_t sum = 0;
        const auto flow
            = tr::produce<int>("source", [n = 0]() mutable { return std::optional{++n}; })
              | tr::fan_out("work", [](int x) { return x; },
                            {.workers = 16, .to = to, .buffer = 64, .batch = 1})
              | tr::fan_in("all") | tr::sink("sink", [&](int x) { sum += std::uint64_t(x); });
        auto r = tr::start(sys, flow);
        for (auto left = tr::detail::actors_of(r, "work"); left.size() > 1; left.pop_back()) {
          std::swap(left[std::uniform_int_distribution<std::size_t>{0, left.size() - 1}(rng)],
                    left.back());
          tr::detail::anon_kill(left.back());
          wait_for_more(r, 50);
        }
        const auto end = accounted_graph(r.drain(), flow.topology());

        CHECK(end.clean());
        const auto made = end.stage("source").emitted;
        CHECK(sum == made * (made + 1) / 2);
        CHECK(sys.actors() == 0);
      }
    }
  }

  TEST_CASE("all workers die at once, and so do their successors, 500, or 2,000, in all: each run "
            "ends, in order, or fails by name") {
    std::mt19937 rng{3};
    std::uint64_t kills = 0;
    const auto least = static_cast<std::uint64_t>(full_stress() ? 2000 : 500);
    for (int round = 0; round < 2 || kills < least; ++round)
      for (const auto& to : every_dispatch())
        for (const auto& merge : {tr::merge::in_order, tr::merge::sorted(std::less<>{}),
                                  tr::merge::first_available, tr::merge::round_robin}) {
          CAPTURE(std::string{to.name()});
          CAPTURE(std::string{merge.name()});
          CAPTURE(round);
          threaded_system sys;
          std::vector<int> out;
          auto r = tr::start(
              sys, tr::produce<int>("source", endless())
                       | tr::fan_out("work", [](int x) { return x; },
                                     {.workers = 3, .to = to, .buffer = round % 2 == 0 ? 16 : 1024})
                       | tr::fan_in("all", {.merge = merge}) | tr::collect("out", out));
          for (auto yields = rng() % 100; yields > 0; --yields)
            std::this_thread::yield();
          kills += kill_all_again(r, 10);
          (void)r.drain();
          const auto end = r.wait();

          if (end.error()) {
            CHECK(end.error()->code() == tr::errc::worker_died);
            CHECK(end.error()->stage() == "work");
          } else {
            CHECK(out == numbers(static_cast<int>(end.stage("source").emitted)));
          }
          CHECK(sys.actors() == 0);
        }
  }
}
