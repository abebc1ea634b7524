#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

constexpr int items = 150;
const auto rising = tr::merge::sorted(std::less<>{});

enum class event { nothing, one_dies, all_die, all_die_again, fewer, more, fewer_and_one_dies };
constexpr event every_event[]
    = {event::nothing, event::one_dies, event::all_die,           event::all_die_again,
       event::fewer,   event::more,     event::fewer_and_one_dies};

std::vector<tr::merge> every_merge() {
  return {tr::merge::first_available,
          tr::merge::in_order,
          tr::merge::round_robin,
          tr::merge::weighted({3, 2, 1}),
          tr::merge::priority,
          tr::merge::latest,
          tr::merge::sorted(std::less<int>{}),
          tr::merge::sorted(std::less<>{})};
}

bool keeps_order(const tr::merge& m) { return m.name() == "in_order" || m.name() == "sorted"; }

void kill_all(const tr::run& r) {
  for (const auto& worker : tr::detail::actors_of(r, "work"))
    tr::detail::anon_kill(worker);
}

void happens(event what, tr::run& r, virtual_system& sys, std::mt19937& rng) {
  const auto workers = tr::detail::actors_of(r, "work");
  switch (what) {
  case event::nothing:
    break;
  case event::one_dies:
    tr::detail::anon_kill(workers[rng() % workers.size()]);
    break;
  case event::all_die:
    kill_all(r);
    break;
  case event::all_die_again:
    for (int i = 0; i < 4; ++i) {
      kill_all(r);
      run_steps(sys, rng() % 30);
    }
    break;
  case event::fewer_and_one_dies:
    r.configure("work", {.workers = tr::worker_range{1 + rng() % 2}});
    run_steps(sys, rng() % 30);
    tr::detail::anon_kill(workers[rng() % workers.size()]);
    break;
  case event::fewer:
    r.configure("work", {.workers = tr::worker_range{1 + rng() % 2}});
    break;
  case event::more:
    r.configure("work", {.workers = tr::worker_range{4 + rng() % 4}});
    break;
  }
}

// A function that hands on some items, at once or after a while.
auto some(int kept_of_ten, bool slow) {
  return [kept_of_ten, work = slow_once([slow](int x) { return slow && x % 17 == 5; })](
             int x) mutable -> std::optional<int> {
    return work(x) % 10 < kept_of_ten ? std::optional{x} : std::nullopt;
  };
}

std::vector<int> expected(int kept_of_ten) {
  std::vector<int> v;
  for (const int x : numbers(items))
    if (x % 10 < kept_of_ten)
      v.push_back(x);
  return v;
}

// It has ended by itself: with what a loop would have made, or with an error that says where.
void ended_well(const tr::report& end, const std::vector<int>& out, const std::vector<int>& model,
                bool ordered, bool drops) {
  if (end.error()) {
    CHECK(end.error()->code() == tr::errc::worker_died);
    CHECK(end.error()->stage() == "work");
    return;
  }
  if (drops) {
    CHECK(out.size() + end.stage("all").dropped == model.size());
    return;
  }
  CHECK((ordered ? out : sorted(out)) == model);
}

} // namespace

TEST_SUITE("properties of joints") {
  TEST_CASE(
      "every dispatch with every merge, whoever dies, rests or is new: ends as a loop would, or "
      "fails by name") {
    std::mt19937 rng{1};
    for (const auto& to : every_dispatch())
      for (const auto& merge : every_merge())
        for (const auto what : every_event)
          for (const int buffer : {rng() % 3 == 0 ? 1 : 7, 1024}) {
            const auto steps = rng() % 400;
            const int kept = rng() % 3 == 0 ? 1 : 10;
            const bool slow = rng() % 2 == 0;
            CAPTURE(std::string{to.name()});
            CAPTURE(std::string{merge.name()});
            CAPTURE(static_cast<int>(what));
            CAPTURE(buffer);
            CAPTURE(steps);
            CAPTURE(kept);
            CAPTURE(slow);
            virtual_system sys;
            std::vector<int> out;
            const auto flow
                = tr::from("n", numbers(items))
                  | tr::fan_out("work", some(kept, slow),
                                {.workers = 3, .to = to, .buffer = buffer, .on_error = after(1s)})
                  | tr::fan_in("all", {.merge = merge, .buffer = buffer}) | tr::collect("out", out);

            auto r = tr::start(sys, flow);
            run_steps(sys, steps);
            happens(what, r, sys, rng);
            const auto end = accounted_graph(r.wait(), flow.topology());

            ended_well(end, out, expected(kept), keeps_order(merge), merge.name() == "latest");
            CHECK((what == event::all_die || what == event::all_die_again || what == event::one_dies
                   || what == event::fewer_and_one_dies || !end.error()));
          }
  }

  TEST_CASE("every split with every join, whichever branch has nothing and whoever dies: ends as a "
            "loop would") {
    std::mt19937 rng{2};
    const std::vector<tr::merge> joins{rising,
                                       rising,
                                       tr::merge::in_order,
                                       tr::merge::round_robin,
                                       tr::merge::priority,
                                       tr::merge::first_available};
    for (int round = 0; round < 400; ++round) {
      const auto& merge = joins[rng() % joins.size()];
      const bool copies = rng() % 2 == 0;
      const int buffer = std::vector{1, 2, 7, 1024}[rng() % 4];
      const int rare = std::vector{1, 7, 100, 1000}[rng() % 4];
      const int late = static_cast<int>(rng() % (items + 1));
      const auto steps = rng() % 400;
      CAPTURE(round);
      CAPTURE(std::string{merge.name()});
      CAPTURE(copies);
      CAPTURE(buffer);
      CAPTURE(rare);
      CAPTURE(late);
      CAPTURE(steps);
      const auto is_rare = [rare](int x) { return x % rare == rare - 1; };
      const auto branch = [late](int x) { return x < late ? 1 : 0; };
      const auto a = tr::filter("few", is_rare, {.buffer = buffer})
                     | tr::map("behind", [](int x) { return x; }, {.buffer = buffer});
      const auto b = tr::map("work", [](int x) { return x; }, {.parallel = 3, .buffer = buffer});
      const auto all = tr::fan_in("all", {.merge = merge, .buffer = buffer});
      std::vector<int> model;
      for (const int x : numbers(items)) {
        if ((copies || x >= late) && is_rare(x))
          model.push_back(x);
        if (copies || x < late)
          model.push_back(x);
      }
      virtual_system sys;
      std::vector<int> out;
      const auto n = tr::from("n", numbers(items));
      const auto flow = (copies ? n | tr::broadcast("split", a, b) | all
                                : n | tr::partition("split", branch, a, b) | all)
                        | tr::collect("out", out);

      auto r = tr::start(sys, flow);
      run_steps(sys, steps);
      const bool dies = rng() % 2 == 0;
      CAPTURE(dies);
      if (dies)
        kill_all(r);
      const auto end = accounted_graph(r.wait(), flow.topology());

      CHECK((end.error() ? end.error()->message() : "none") == "none");
      CHECK((keeps_order(merge) ? out : sorted(out)) == model);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("a pool of which all die, and all successors, does everything at least once") {
    std::mt19937 rng{3};
    for (int round = 0; round < 60; ++round) {
      CAPTURE(round);
      virtual_system sys;
      std::vector<int> out;
      const auto flow = tr::from("n", numbers(items))
                        | tr::worker_pool("work", slow_once([](int x) { return x % 17 == 5; }),
                                          {.workers = {.min = 2, .max = 4},
                                           .queue = 1 + int(rng() % 20),
                                           .on_error = after(1s)})
                        | tr::collect("out", out);

      auto r = tr::start(sys, flow);
      run_steps(sys, rng() % 300);
      happens(event::all_die_again, r, sys, rng);

      CHECK(accounted_graph(r.wait(), flow.topology()).clean());
      CHECK(sorted(out) == numbers(items));
    }
  }
}
