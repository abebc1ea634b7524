#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <random>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

TEST_SUITE("stress") {
  TEST_CASE("shrinking from 16 workers to 1 and back 100 times under load: every call is answered "
            "exactly once") {
    threaded_system sys;
    std::vector<std::atomic<int>> begun(200'000);
    const auto svc = tr::serve(sys, tr::worker_pool("pool",
                                                    [&begun](int x) {
                                                      ++begun[static_cast<std::size_t>(x)];
                                                      return x;
                                                    },
                                                    {.workers = {16}, .queue = 1000}));
    std::vector<std::future<tr::result<int>>> answers;
    std::size_t changes = 0;
    for (int i = 0; i < 200'000; ++i) {
      answers.push_back(svc.ask(i));
      if (i % 1000 == 0)
        svc.configure({.workers = tr::worker_range{changes++ % 2 == 0 ? 1 : 16}});
    }
    for (int i = 0; i < 200'000; ++i)
      REQUIRE(answers[static_cast<std::size_t>(i)].get() == i);

    CHECK(changes == 200);
    CHECK(std::all_of(begun.begin(), begun.end(), [](const auto& n) { return n == 1; }));
    const auto end = svc.drain();
    CHECK(end.clean());
    CHECK(end.stage("pool").redelivered == 0);
  }

  TEST_CASE("a stage whose workers change all the time loses nothing, and keeps its order") {
    threaded_system sys;
    for (const auto& to : {tr::dispatch::round_robin, tr::dispatch::least_loaded,
                           tr::dispatch::by_key([](const int& x) { return x % 10; })})
      for (const auto& m : {tr::merge::in_order, tr::merge::round_robin}) {
        CAPTURE(to.name());
        CAPTURE(m.name());
        std::vector<int> out;
        auto r = tr::start(
            sys, tr::from("n", numbers(20'000))
                     | tr::fan_out("work", [](int x) { return x; }, {.workers = 4, .to = to})
                     | tr::fan_in("all", {.merge = m}) | tr::collect("out", out));
        std::minstd_rand rng{1};
        while (!r.done())
          r.configure("work", {.workers = tr::worker_range{1 + rng() % 8}});

        CHECK(r.wait().clean());
        if (m.name() != "in_order")
          std::sort(out.begin(), out.end());
        CHECK(out == numbers(20'000));
      }
  }
}
