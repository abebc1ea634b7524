// What an actor finds when it did nothing for long, while the others went on.
#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

TEST_SUITE("slow actors") {
  // What says that a branch rests is old by the time it is read.
  TEST_CASE("behind a split, a sorted join keeps the order whoever is slow") {
    const auto every = [](int n) { return [n](int x) { return x % n == 0; }; };
    std::size_t actors = 1;
    for (std::size_t slow = 0; slow < actors; ++slow) {
      for (std::size_t steps = 20; steps < 120; steps += 37) {
        CAPTURE(slow);
        CAPTURE(steps);
        virtual_system sys;
        std::vector<int> out;
        const auto flow
            = tr::from("n", numbers(200), {.buffer = 8})
              | tr::broadcast("both", tr::filter("all", every(1), {.buffer = 4}),
                              tr::filter("few", every(7), {.buffer = 4}))
              | tr::fan_in("sorted", {.merge = tr::merge::sorted(std::less<>{}), .buffer = 32})
              | tr::sink("out", [&](int x) { out.push_back(x); }, {.buffer = 2});
        auto r = tr::start(sys, flow);
        const auto all = tr::detail::actors_of(r);
        actors = all.size();
        run_steps(sys, steps);
        run_without(sys, all[slow]);
        const auto end = accounted_graph(r.wait(), flow.topology());

        CHECK(end.clean());
        CHECK(out.size() == 200 + 29);
        CHECK(out == sorted(out));
      }
    }
  }

  TEST_CASE(
      "a merge that has found its items unsorted hands on nothing more, however late the end") {
    for (const auto& to : dispatch_by_load()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      std::vector<int> out;
      auto items = numbers(100);
      items[50] = 0;
      auto r
          = tr::start(sys, tr::from("n", items)
                               | tr::fan_out("work", [](int x) { return x; },
                                             {.workers = 2, .to = to, .buffer = 8, .batch = 1})
                               | tr::fan_in("sorted", {.merge = tr::merge::sorted(std::less<>{})})
                               | tr::collect("out", out));
      run_without(sys, tr::detail::actors_of(r).back());
      CHECK(out == numbers(50));

      const auto end = r.wait();
      REQUIRE(end.error());
      CHECK(end.error()->stage() == "sorted");
      CHECK(out == numbers(50));
    }
  }
}
