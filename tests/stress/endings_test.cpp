#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

/// An item that is counted while it lives.
struct counted {
  static inline std::atomic<int> alive{0};
  int value = 0;

  explicit counted(int v) : value(v) { ++alive; }
  counted(const counted& other) : value(other.value) { ++alive; }
  counted(counted&& other) noexcept : value(other.value) { ++alive; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --alive; }
};

tr::flow<void> wide_flow(std::atomic<std::uint64_t>& delivered) {
  return tr::produce<counted>("source", [n = 0]() mutable { return std::optional{counted{n++}}; },
                              {.producers = 2})
         | tr::map("ordered", [](counted c) { return c; }, {.parallel = 3, .buffer = 64})
         | tr::stage("free", [](const counted& c) { return c; },
                     {.parallel = 2, .order = tr::emit::as_completed, .thread = tr::thread::own})
         | tr::batch("batch", {.size = 5})
         | tr::flat_map("flat", [](std::vector<counted> v) { return v; })
         | tr::sink("sink", [&](const counted&) { ++delivered; }, {.consumers = 2});
}

unsigned first_seed() {
  const auto* const given = std::getenv("TROUPE_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

/// Cannot be copied any more once that is said.
struct uncopyable_once {
  std::shared_ptr<bool> said;

  explicit uncopyable_once(std::shared_ptr<bool> s) : said(std::move(s)) {}
  uncopyable_once(const uncopyable_once& other) : said(other.said) {
    if (*said)
      throw std::runtime_error{"no copy"};
  }
  uncopyable_once(uncopyable_once&&) = default;
  uncopyable_once& operator=(const uncopyable_once&) = delete;
  uncopyable_once& operator=(uncopyable_once&&) = default;
  ~uncopyable_once() = default;

  void operator()(int) const {}
};

// Lets the flow run for a random number of items, so that no two endings meet it in the same state.
void let_run(const tr::run& r, std::mt19937& rng) {
  const auto items = std::uniform_int_distribution<std::uint64_t>{0, 3000}(rng);
  while (!r.done() && r.metrics("source").counters.emitted < items)
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("20 seeds in each position: a killed actor ends the run, or is spared, counted, with "
            "nothing left") {
    const auto seed = first_seed();
    MESSAGE("TROUPE_SEED=" << seed);
    std::mt19937 rng{seed};
    threaded_system sys;
    std::size_t positions = 1;
    for (std::size_t position = 0; position < positions; ++position) {
      for (int round = 0; round < 20; ++round) {
        CAPTURE(position);
        CAPTURE(round);
        std::atomic<std::uint64_t> delivered{0};
        {
          auto r = tr::start(sys, wide_flow(delivered));
          const auto actors = tr::detail::actors_of(r);
          positions = actors.size();
          let_run(r, rng);

          const bool spare = can_spare(r, actors[position], {"ordered", "free", "sink"});
          tr::detail::anon_kill(actors[position]);
          const auto end = accounted(spare ? r.drain() : r.wait());

          if (spare) {
            CHECK(end.clean());
            CHECK(delivered == end.stage("source").emitted);
            continue;
          }
          REQUIRE(end.error());
          CHECK(end.error()->code() == tr::errc::worker_died);
          CHECK(end.stage("sink").delivered == delivered);
        }
        CHECK(sys.actors() == 0);
        CHECK(counted::alive == 0);
      }
    }
  }

  TEST_CASE(
      "stop, cancel, drain and destruction at any moment leave nothing and lose count of nothing") {
    const auto seed = first_seed();
    MESSAGE("TROUPE_SEED=" << seed);
    std::mt19937 rng{seed};
    threaded_system sys;
    for (int round = 0; round < 200; ++round) {
      CAPTURE(round);
      std::atomic<std::uint64_t> delivered{0};
      {
        tr::context ctx;
        auto r = tr::start(sys, wide_flow(delivered), tr::run_options{.ctx = ctx});
        let_run(r, rng);

        tr::report end;
        switch (round % 4) {
        case 0:
          end = r.stop();
          break;
        case 1:
          ctx.cancel();
          end = r.wait();
          CHECK(end.error()->code() == tr::errc::cancelled);
          break;
        case 2:
          end = r.drain();
          CHECK(end.clean());
          break;
        default:
          r = tr::run{};
          break;
        }
        if (round % 4 != 3)
          CHECK(accounted(end).stage("sink").delivered == delivered);
      }
      CHECK(sys.actors() == 0);
      CHECK(counted::alive == 0);
    }
  }

  TEST_CASE("a throw at any item follows on_error in a flow on real threads") {
    threaded_system sys;
    std::mt19937 rng{7};
    for (int round = 0; round < 50; ++round) {
      const int trap = std::uniform_int_distribution{0, 5000}(rng);
      CAPTURE(trap);
      std::vector<int> out;
      auto r = tr::start(sys, tr::produce<int>("n", endless())
                                  | tr::map("trap",
                                            [trap](int x) {
                                              if (x == trap)
                                                throw std::runtime_error{"trap"};
                                              return x;
                                            },
                                            {.parallel = 1 + round % 3})
                                  | tr::collect("out", out));

      const auto end = accounted(r.wait());

      REQUIRE(end.error());
      CHECK(end.error()->message() == "item " + std::to_string(trap) + ": trap");
      CHECK(out.size() <= std::size_t(trap));
      CHECK(std::is_sorted(out.begin(), out.end()));
    }
  }

  TEST_CASE("the accounting identity holds in every sample of a running flow") {
    threaded_system sys;
    std::atomic<std::uint64_t> delivered{0};
    auto r = tr::start(sys, wide_flow(delivered));
    for (int i = 0; i < 2000; ++i)
      for (const auto& stage : r.metrics().stages) {
        CAPTURE(stage.name);
        REQUIRE(stage.counters.balanced());
      }
    r.stop();
  }

  TEST_CASE("a sink that is far slower than its source holds memory at the topology's bound") {
    threaded_system sys;
    std::atomic<int> most{0};
    std::atomic<bool> open{false};
    auto f = tr::produce<counted>("fast", [n = 0]() mutable { return std::optional{counted{n++}}; })
             | tr::map("work", [](counted c) { return c; }, {.parallel = 2, .buffer = 100})
             | tr::sink("slow",
                        [&](const counted&) {
                          // Held until the source has run into the bound.
                          while (!open)
                            std::this_thread::yield();
                        },
                        {.buffer = 50, .thread = tr::thread::own});
    const auto bound = f.topology().item_bound();
    auto r = tr::start(sys, f);
    for (std::uint64_t last = 0, same = 0; same < 2000; std::this_thread::yield()) {
      const auto made = r.metrics("fast").counters.received;
      same = made == last ? same + 1 : 0;
      last = made;
      most = std::max<int>(most, counted::alive);
    }
    open = true;

    CHECK(r.stop().stage("fast").received <= bound);
    // Two more for an item that is being handed over by value in each of two actors.
    CHECK(static_cast<std::size_t>(most) <= bound + 4);
    CHECK(bound <= 100 + 50);
  }

  // The sink is told of its neighbour first, and fails while the others wait to be told of theirs:
  // the supervisor knows of nobody yet.
  TEST_CASE("a stage that fails while its run is still put together ends it") {
    threaded_system sys;
    const auto said = std::make_shared<bool>(false);
    auto f = tr::produce<int>("source", [n = 0]() mutable { return std::optional{n++}; });
    for (int i = 0; i < 100; ++i)
      f = f | tr::map("stage " + std::to_string(i), [](int x) { return x; });
    const auto flow = f | tr::sink("sink", uncopyable_once{said});
    *said = true;
    for (int round = 0; round < 10; ++round) {
      CAPTURE(round);
      auto r = tr::start(sys, flow);
      const auto end = r.wait_for(1min);
      REQUIRE(end);
      REQUIRE(end->error());
      CHECK(end->error()->stage() == "sink");
      CHECK(sys.actors() == 0);
    }
  }
}
