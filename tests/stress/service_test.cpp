#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/service_of.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

using int_service = tr::service<int, int>;

/// Not all at once: what is open must not outgrow the test.
constexpr int window = 1000;

unsigned first_seed() {
  const auto* const given = std::getenv("TROUPE_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

std::mt19937 seeded() {
  const auto seed = first_seed();
  MESSAGE("TROUPE_SEED=" << seed);
  return std::mt19937{seed};
}

int up_to(std::mt19937& rng, int n) { return std::uniform_int_distribution{0, n}(rng); }

/// Each call's answers, by its number.
class tally {
public:
  explicit tally(int calls) : times_(static_cast<std::size_t>(calls)) {}

  auto receiver(int call) {
    return [this, call](const tr::result<int>& r) {
      ++times_[static_cast<std::size_t>(call)];
      if (r && *r != call)
        ++wrong_;
      ++(r ? values : errors);
      ++answered_;
      answered_.notify_all();
    };
  }
  void wait_for(int n) const {
    for (int seen = answered_; seen < n; seen = answered_)
      answered_.wait(seen);
  }
  /// Every call was answered exactly once, and with its own answer.
  void check() const {
    CHECK(wrong_ == 0);
    for (const auto& t : times_)
      CHECK(t == 1);
  }

  std::atomic<int> values{0};
  std::atomic<int> errors{0};

private:
  std::vector<std::atomic<int>> times_;
  std::atomic<int> wrong_{0};
  std::atomic<int> answered_{0};
};

void check_accounts(const tr::stage_metrics& m) {
  CHECK(m.counters.balanced());
  CHECK(m.counters.in_flight == 0);
}

void wait_for_no_actors(threaded_system& sys) { (*sys).registry().await_running_count_equal(0); }

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("every call from eight threads is answered exactly once, with its own answer") {
    threaded_system sys;
    constexpr int per_thread = 5000;
    tally got{8 * per_thread};
    auto svc = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; },
                                              {.workers = {.min = 4}, .queue = 50}));
    std::vector<std::jthread> callers;
    for (int t = 0; t < 8; ++t)
      callers.emplace_back([&, t] {
        for (int i = t * per_thread; i < (t + 1) * per_thread; ++i)
          svc.ask(i, got.receiver(i));
      });
    callers.clear();

    CHECK(svc.drain().clean());

    got.check();
    CHECK(got.errors == 0);
    check_accounts(svc.metrics());
    CHECK(svc.metrics().counters.delivered == 8 * per_thread);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("100,000 asks cancelled at random moments: each future ends with a value or an error") {
    threaded_system sys;
    auto rng = seeded();
    constexpr int calls = 100'000;
    int values = 0;
    auto svc
        = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; }, {.workers = {.min = 3}}));
    for (int done = 0; done < calls; done += window) {
      std::vector<std::future<tr::result<int>>> futures;
      std::vector<tr::context> contexts(window);
      std::jthread canceller{[&contexts, order = numbers(window), seed = rng()]() mutable {
        std::shuffle(order.begin(), order.end(), std::mt19937{seed});
        for (const auto i : order)
          contexts[static_cast<std::size_t>(i)].cancel();
      }};
      for (int i = 0; i < window; ++i) {
        auto& ctx = contexts[static_cast<std::size_t>(i)];
        futures.push_back(
            i % 3 == 0 ? svc.ask(i, ctx.with_timeout(std::chrono::microseconds{up_to(rng, 500)}))
                       : svc.ask(i, ctx));
      }
      for (int i = 0; i < window; ++i) {
        const auto r = futures[static_cast<std::size_t>(i)].get();
        if (r) {
          ++values;
          CHECK(*r == i);
        } else {
          CHECK((r.error().code() == tr::errc::cancelled
                 || r.error().code() == tr::errc::deadline_exceeded));
        }
      }
    }
    svc.drain();
    check_accounts(svc.metrics());
    // Some answers came and were discarded; none was delivered without having been computed.
    CHECK(svc.metrics().counters.delivered >= static_cast<std::uint64_t>(values));
  }

  TEST_CASE("a worker that throws on every tenth task does not concern the others") {
    threaded_system sys;
    constexpr int calls = 20'000;
    auto svc = tr::serve(sys, tr::worker_pool("tenth",
                                              [](int x) {
                                                if (x % 10 == 0)
                                                  throw std::runtime_error("tenth");
                                                return x;
                                              },
                                              {.workers = {.min = 4}}));
    std::vector<std::future<tr::result<int>>> futures;
    futures.reserve(calls);
    for (int i = 0; i < calls; ++i)
      futures.push_back(svc.ask(i));

    for (int i = 0; i < calls; ++i) {
      const auto r = futures[static_cast<std::size_t>(i)].get();
      if (i % 10 == 0)
        CHECK(r.error().code() == tr::errc::worker_died);
      else
        CHECK(r == i);
    }
    svc.drain();
    CHECK(svc.metrics().counters.restarts == calls / 10);
    CHECK(svc.metrics().counters.failed == calls / 10);
    check_accounts(svc.metrics());
  }

  TEST_CASE(
      "workers that are killed at random moments are replaced, and no call is lost or repeated") {
    threaded_system sys;
    auto rng = seeded();
    constexpr int calls = 20'000;
    std::vector<std::atomic<int>> begun(calls);
    tally got{calls};
    auto svc = tr::serve(sys, tr::worker_pool("same",
                                              [&](int x) {
                                                ++begun[static_cast<std::size_t>(x)];
                                                return x;
                                              },
                                              {.workers = {.min = 4}, .queue = 200}));
    int next_kill = 0;
    for (int i = 0; i < calls; ++i) {
      if (i == next_kill) {
        const auto workers = tr::detail::actors_of(svc);
        if (!workers.empty())
          tr::detail::anon_kill(
              workers[static_cast<std::size_t>(up_to(rng, static_cast<int>(workers.size()) - 1))]);
        next_kill += 1 + up_to(rng, 200);
      }
      svc.ask(i, got.receiver(i));
    }

    CHECK(svc.drain().clean());

    got.check();
    CHECK(got.errors == 0);
    for (const auto& times : begun)
      CHECK(times == 1);
    CHECK(svc.metrics().counters.restarts > 0);
    check_accounts(svc.metrics());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("all workers killed at once are all replaced") {
    threaded_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; }, {.workers = {.min = 4}}));
    for (int round = 0; round < 100; ++round) {
      std::vector<std::future<tr::result<int>>> futures;
      for (int i = 0; i < 100; ++i)
        futures.push_back(svc.ask(i));
      for (const auto& worker : tr::detail::actors_of(svc))
        tr::detail::anon_kill(worker);
      for (int i = 0; i < 100; ++i) {
        auto& f = futures[static_cast<std::size_t>(i)];
        REQUIRE(f.wait_for(20s) == std::future_status::ready);
        CHECK(f.get() == i);
      }
    }
    CHECK(svc.drain().clean());
    check_accounts(svc.metrics());
  }

  TEST_CASE("a service that is destroyed at any moment answers every call") {
    threaded_system sys;
    auto rng = seeded();
    for (int round = 0; round < 300; ++round) {
      CAPTURE(round);
      constexpr int calls = 200;
      tally got{calls};
      {
        tr::context ctx;
        auto svc = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; },
                                                  {.workers = {.min = 2}, .queue = 20}));
        std::jthread caller{[&got, mine = svc, ctx] {
          for (int i = 0; i < calls; ++i)
            mine.ask(i, ctx, got.receiver(i));
        }};
        const auto until = up_to(rng, calls);
        while (got.values + got.errors < until)
          std::this_thread::yield();
        switch (round % 3) {
        case 0:
          break;
        case 1:
          svc.drain(0s);
          break;
        case 2:
          ctx.cancel();
          break;
        }
        svc = {};
      }
      got.wait_for(calls);
      got.check();
      wait_for_no_actors(sys);
    }
  }

  TEST_CASE("the last handle goes inside of a callback, on whatever thread that runs") {
    threaded_system sys;
    auto rng = seeded();
    for (int round = 0; round < 300; ++round) {
      CAPTURE(round);
      constexpr int calls = 50;
      tally got{calls};
      tr::context ctx;
      {
        // What the callbacks share is the only handle.
        auto svc = std::make_shared<int_service>(tr::serve(
            sys, tr::worker_pool("same", [](int x) { return x; }, {.workers = {.min = 2}})));
        for (int i = 0; i < calls; ++i)
          svc->ask(i, ctx, [svc, to = got.receiver(i)](const tr::result<int>& r) { to(r); });
      }
      const auto until = up_to(rng, calls);
      while (got.values + got.errors < until)
        std::this_thread::yield();
      ctx.cancel();
      got.wait_for(calls);
      got.check();
      wait_for_no_actors(sys);
    }
  }

  TEST_CASE("backpressure: callers that wait at the door all get in, or out with their contexts") {
    threaded_system sys;
    auto rng = seeded();
    constexpr int threads = 8;
    constexpr int per_thread = 2000;
    tally got{threads * per_thread};
    auto svc = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; }, {.queue = 1}));
    std::vector<std::jthread> callers;
    for (int t = 0; t < threads; ++t)
      callers.emplace_back([&, t, mine = std::mt19937{rng()}]() mutable {
        for (int i = t * per_thread; i < (t + 1) * per_thread; ++i) {
          // Some leave while room is being made for them.
          if (t % 2 == 0)
            svc.ask(i, tr::context{}.with_timeout(std::chrono::microseconds{up_to(mine, 100)}),
                    got.receiver(i));
          else
            svc.ask(i, got.receiver(i));
        }
      });
    callers.clear();
    svc.drain();
    got.check();
    check_accounts(svc.metrics());
    CHECK(svc.metrics().counters.shed == 0);
  }

  TEST_CASE("an actor behind service_of is killed at any moment: every call is answered") {
    threaded_system sys;
    auto rng = seeded();
    for (int round = 0; round < 200; ++round) {
      CAPTURE(round);
      constexpr int calls = 200;
      tally got{calls};
      const auto actor = (*sys).spawn(
          [](caf::event_based_actor*) -> caf::behavior { return {[](int x) { return x; }}; });
      auto svc = tr::serve(sys, tr::service_of<int, int>(actor, {.max_in_flight = 16}));
      const auto at = up_to(rng, calls - 1);
      for (int i = 0; i < calls; ++i) {
        if (i == at)
          tr::detail::anon_kill(round % 2 == 0 ? actor : tr::detail::actors_of(svc).front());
        svc.ask(i, got.receiver(i));
      }
      if (round % 4 < 2)
        svc.drain();
      svc = {};
      got.wait_for(calls);
      got.check();
      tr::detail::anon_kill(actor);
      wait_for_no_actors(sys);
    }
  }

  TEST_CASE("flow | svc with real threads keeps the order, and stops at once") {
    threaded_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("same", [](int x) { return x; }, {.workers = {.min = 4}}));
    std::vector<int> out;
    auto r = tr::start(sys, tr::from("numbers", numbers(5000)) | svc | tr::collect("out", out));
    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(5000));

    auto endless_run
        = tr::start(sys, tr::produce<int>("endless", endless()) | svc | tr::ignore("end"));
    while (endless_run.metrics("end").counters.delivered < 100)
      std::this_thread::yield();
    accounted(endless_run.stop());
    CHECK(svc.ask(3).get() == 3);
  }
}
