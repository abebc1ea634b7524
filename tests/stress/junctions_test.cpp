#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/dispatch.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Busy for that long: it is the work that differs, and a sleep would give the thread away.
void spin(std::chrono::microseconds d) {
  const auto until = std::chrono::steady_clock::now() + d;
  while (std::chrono::steady_clock::now() < until) {
  }
}

// 0 to 30 us, and 3 ms for one in a thousand.
int unequal(int x) {
  const auto mixed = static_cast<unsigned>(x) * 2654435761U;
  spin(std::chrono::microseconds{mixed % 1000 == 7 ? 3000 : mixed / 1000 % 31});
  return x;
}

std::vector<tr::dispatch> every_rule(std::size_t workers) {
  return {tr::dispatch::round_robin,
          tr::dispatch::least_loaded,
          tr::dispatch::power_of_two,
          tr::dispatch::on_demand,
          tr::dispatch::weighted(std::vector<tr::count>(workers, 2)),
          tr::dispatch::by_key([](int x) { return x % 1000; })};
}

} // namespace

TEST_SUITE("stress of junctions") {
  TEST_CASE("pipeline: order is kept with parallel > 1 and stop does not race send: 100,000 items, "
            "8 actors, work of 0 to 30 us and some of 3 ms") {
    threaded_system sys;
    std::vector<int> out;
    const auto flow = tr::from("n", numbers(100'000)) | tr::stage("work", unequal, {.parallel = 8})
                      | tr::collect("out", out);

    CHECK(run_graph(sys, flow).clean());
    CHECK(out == numbers(100'000));
  }

  TEST_CASE("fan_out to 8 workers and in_order: 20,000 items of unequal work, for every strategy") {
    for (const auto& to : every_rule(8)) {
      CAPTURE(std::string{to.name()});
      threaded_system sys;
      std::vector<int> out;

      const auto end = run_graph(
          sys, tr::from("n", numbers(20'000))
                   | tr::fan_out("work", unequal, {.workers = 8, .to = to, .buffer = 256})
                   | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(out == numbers(20'000));
    }
  }

  TEST_CASE("stop at any moment while threads offer: every accepted item is accounted for") {
    threaded_system sys;
    for (int round = 0; round < 100; ++round) {
      CAPTURE(round);
      auto [in, source] = tr::inbox<int>("in", {.capacity = 64});
      const auto flow = source
                        | tr::fan_out("work", [](int x) { return x; }, {.workers = 3, .buffer = 16})
                        | tr::fan_in("all", {.merge = tr::merge::in_order})
                        | tr::broadcast("both", tr::ignore("a"), tr::ignore("b"));
      std::atomic<std::uint64_t> accepted{0};
      std::vector<std::thread> senders;
      auto r = tr::start(sys, flow);
      for (int s = 0; s < 2; ++s)
        senders.emplace_back([&, in = in]() mutable {
          for (auto answer = tr::offer_result::accepted; answer != tr::offer_result::closed;) {
            answer = in.offer(1);
            accepted += answer == tr::offer_result::accepted ? 1 : 0;
          }
        });
      while (accepted < std::uint64_t(round * 20))
        std::this_thread::yield();
      const auto end = accounted_graph(r.stop(), flow.topology());
      for (auto& s : senders)
        s.join();

      CHECK(!end.error());
      CHECK(end.stage("in").received == accepted);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE(
      "10,000 keys on 4 workers, of which one dies: each key's order holds, nothing is lost") {
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      threaded_system sys;
      std::vector<int> out;
      const auto key = [](int x) { return x % 10'000; };
      const auto flow = tr::from("n", numbers(40'000))
                        | tr::fan_out("work", [](int x) { return x; },
                                      {.workers = 4, .to = tr::dispatch::by_key(key)})
                        | tr::fan_in("all") | tr::collect("out", out);
      auto r = tr::start(sys, flow);
      while (r.metrics("work").counters.delivered < std::uint64_t(round * 1000) && !r.done())
        std::this_thread::yield();
      tr::detail::anon_kill(tr::detail::actors_of(r, "work")[std::size_t(round % 4)]);
      const auto end = accounted_graph(r.wait(), flow.topology());

      CHECK(end.clean());
      std::map<int, int> last;
      bool held = true;
      for (const int x : out) {
        held = held && (!last.contains(key(x)) || last[key(x)] < x);
        last[key(x)] = x;
      }
      CHECK(held);
      CHECK(sorted(out) == numbers(40'000));
    }
  }
}
