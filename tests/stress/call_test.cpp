#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/call.hpp>
#include <troupe/fallback.hpp>

namespace tr = troupe;
using namespace support;
using namespace std::chrono_literals;

namespace {

std::mt19937 seeded() {
  const auto* const given = std::getenv("TROUPE_SEED");
  const auto seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                     : std::random_device{}();
  MESSAGE("TROUPE_SEED=" << seed);
  return std::mt19937{seed};
}

int up_to(std::mt19937& rng, int n) { return std::uniform_int_distribution{0, n}(rng); }

/// How often each call was answered.
class tally {
public:
  explicit tally(int calls) : times_(static_cast<std::size_t>(calls)) {}

  auto receiver(int call) {
    return [this, call](const tr::result<int>& r) {
      ++times_[static_cast<std::size_t>(call)];
      if (r && *r != call && *r != -1)
        ++wrong_;
      ++answered_;
      answered_.notify_all();
    };
  }
  void wait_for(int n) const {
    for (int seen = answered_; seen < n; seen = answered_)
      answered_.wait(seen);
  }
  int answered() const { return answered_; }
  void check() const {
    CHECK(wrong_ == 0);
    for (const auto& t : times_)
      CHECK(t == 1);
  }

private:
  std::vector<std::atomic<int>> times_;
  std::atomic<int> wrong_{0};
  std::atomic<int> answered_{0};
};

/// Now and then slow, wrong, or out of its mind.
tr::result<int> moody(int x, tr::context& ctx) {
  switch (x % 50) {
  case 7:
    return tr::fail(tr::errc::stage_failed, "wrong");
  case 17:
    throw std::runtime_error("out of its mind");
  case 27: // until it is abandoned
    for (int i = 0; i < 1000 && !ctx.cancelled(); ++i)
      std::this_thread::yield();
    return x;
  default:
    return x;
  }
}

auto with_all_policies() {
  return tr::call(
      "x", moody,
      tr::call_options{
          .workers = 3, .queue = 64, .overflow = tr::overflow::shed, .restarts = {100us, 1ms}},
      tr::fallback([](const int& x, const tr::error&) { return x % 2 == 0 ? -1 : x; }),
      tr::retry{.attempts = 3, .backoff = {10us, 200us}}, tr::hedge{.after = 100us, .max = 2},
      tr::circuit_breaker{.window = tr::last_calls(20), .minimum_calls = 10, .cooldown = 500us},
      tr::rate_limit(tr::per_second(200'000), {.burst = 100}),
      tr::bulkhead{.max = 2, .wait = 200us, .waiting = 10}, tr::timeout{300us});
}

using service = tr::service<int, int>;

/// What else happens while a service is asked.
void disturb(const service& svc, std::vector<tr::context>& contexts, std::mt19937 rng,
             const std::atomic<bool>& over) {
  while (!over) {
    switch (up_to(rng, 5)) {
    case 0:
      svc.breaker().force_open();
      break;
    case 1:
      svc.breaker().half_open();
      break;
    case 2: {
      // The last is who supervises the others.
      const auto actors = tr::detail::actors_of(svc);
      if (actors.size() > 1)
        tr::detail::anon_kill(
            actors[static_cast<std::size_t>(up_to(rng, static_cast<int>(actors.size()) - 2))]);
      break;
    }
    case 3:
      contexts[static_cast<std::size_t>(up_to(rng, static_cast<int>(contexts.size()) - 1))]
          .cancel();
      break;
    default:
      svc.breaker().reset();
    }
    std::this_thread::yield();
  }
}

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("a call with all policies answers each caller once, whatever is done to it") {
    threaded_system sys;
    auto rng = seeded();
    for (int round = 0; round < 40; ++round) {
      CAPTURE(round);
      constexpr int threads = 3;
      constexpr int per_thread = 150;
      constexpr int calls = threads * per_thread;
      tally got{calls};
      std::vector<tr::context> contexts(20);
      std::atomic<bool> over{false};
      tr::context whole;
      {
        auto svc = tr::serve(sys, with_all_policies(), {.ctx = whole});
        svc.breaker().on_event([&got](const tr::breaker_event&) { (void)got.answered(); });
        {
          const std::jthread nuisance{
              [&, mine = svc, seed = rng()] { disturb(mine, contexts, std::mt19937{seed}, over); }};
          std::vector<std::jthread> callers;
          for (int t = 0; t < threads; ++t)
            callers.emplace_back([&, t, mine = svc, own = std::mt19937{rng()}]() mutable {
              for (int i = t * per_thread; i < (t + 1) * per_thread; ++i) {
                const auto& ctx = contexts[static_cast<std::size_t>(i) % contexts.size()];
                mine.ask(i,
                         i % 3 == 0 ? ctx.with_timeout(std::chrono::microseconds{up_to(own, 500)})
                                    : ctx,
                         got.receiver(i));
              }
            });
          const auto until = up_to(rng, calls);
          while (got.answered() < until)
            std::this_thread::yield();
          if (round % 4 == 1)
            whole.cancel();
          if (round % 4 == 2)
            svc.drain(0s);
          over = true;
        }
        if (round % 4 == 3)
          CHECK(svc.drain(20s).stage("x").abandoned == 0);
        if (round % 4 >= 2) {
          const auto c = svc.metrics().counters;
          CHECK(c.balanced());
          CHECK(c.in_flight == 0);
        }
      }
      got.wait_for(calls);
      got.check();
      (*sys).registry().await_running_count_equal(0);
    }
  }

  TEST_CASE("a flow through a call with all policies ends, with real threads, whenever stopped") {
    threaded_system sys;
    auto rng = seeded();
    for (int round = 0; round < 10; ++round) {
      auto r = tr::start(sys, tr::produce<int>("endless", endless()) | with_all_policies()
                                  | tr::ignore("end"));
      const auto until = static_cast<std::uint64_t>(up_to(rng, 300));
      while (r.metrics("x").counters.received < until)
        std::this_thread::yield();
      accounted(r.stop());
      (*sys).registry().await_running_count_equal(0);
    }
  }
}
