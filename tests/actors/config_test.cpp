#include <troupe/config.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <caf/actor_registry.hpp>
#include <caf/logger.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/wake_worker.hpp>

using namespace std::chrono_literals;
namespace detail = troupe::detail;

namespace {

template <class Coordinator>
bool runs_on(caf::actor_system& sys) {
  return dynamic_cast<Coordinator*>(&sys.scheduler()) != nullptr;
}

struct hop {
  using internal_message = void;
  int left;
};

struct work {
  using internal_message = void;
};

struct done_counter {
  explicit done_counter(int n) : missing(n) {}
  void count() {
    if (--missing == 0)
      all.set_value();
  }

  std::atomic<int> missing;
  std::promise<void> all;
};

/// Sends each hop on to `next` (or back to its sender) until none is left.
class player : public detail::actor_base {
public:
  player(caf::actor_config& cfg, done_counter* counter) : actor_base(cfg), done_(counter) {}

protected:
  caf::message_handler handlers() override {
    return {[this](hop h) {
              if (h.left > 0)
                detail::send(this, next_, hop{h.left - 1});
              else
                done_->count();
            },
            [this](const caf::actor& next) { next_ = next; }, [this](work) { done_->count(); }};
  }

private:
  void on_exit_msg(const caf::error& reason) override {
    next_ = nullptr; // two players hold each other
    actor_base::on_exit_msg(reason);
  }

  caf::actor next_;
  done_counter* done_;
};

/// Never runs out of messages.
class busy_body : public detail::actor_base {
public:
  using actor_base::actor_base;

protected:
  caf::message_handler handlers() override {
    detail::send(this, this, work{});
    return {[this](work) { detail::send(this, this, work{}); }};
  }
};

/// Passes only when `n` take part at the same time.
class meeting {
public:
  explicit meeting(int n) : here_(n), complete_(here_.all.get_future().share()) {}

  void attend() {
    here_.count();
    if (complete_.wait_for(10s) != std::future_status::ready)
      ++given_up;
  }

  std::atomic<int> given_up{0};

private:
  done_counter here_;
  std::shared_future<void> complete_;
};

/// Calls its guests and then keeps its thread until all are there.
class attendant : public detail::actor_base {
public:
  attendant(caf::actor_config& cfg, meeting* m, std::vector<caf::actor> guests)
      : actor_base(cfg), meeting_(m), guests_(std::move(guests)) {}

protected:
  caf::message_handler handlers() override {
    return {[this](work) {
      // Longer than idle threads search, so that they are parked when the calls go out.
      const auto end = std::chrono::steady_clock::now() + 1ms;
      while (!guests_.empty() && std::chrono::steady_clock::now() < end)
        ;
      for (const auto& g : guests_)
        detail::send(this, g, work{});
      meeting_->attend();
      quit();
    }};
  }

private:
  meeting* meeting_;
  std::vector<caf::actor> guests_;
};

troupe::config with_policy(const std::string& name) {
  troupe::config cfg;
  detail::set_policy(cfg, name);
  return cfg;
}

} // namespace

TEST_SUITE("config") {

  TEST_CASE("a system has the wake scheduler and a thread per core unless told otherwise") {
    troupe::config cfg;
    caf::actor_system sys{cfg};

    CHECK(runs_on<detail::wake_coordinator>(sys));
    CHECK(sys.scheduler().num_workers() == std::thread::hardware_concurrency());
    CHECK_FALSE(detail::is_testing(sys));
  }

  TEST_CASE("each policy chosen gives its coordinator") {
    SUBCASE("testing") {
      auto cfg = with_policy("testing");
      caf::actor_system sys{cfg};
      CHECK(runs_on<caf::scheduler::test_coordinator>(sys));
      CHECK(detail::is_testing(sys));
    }
    SUBCASE("sharing") {
      auto cfg = with_policy("sharing");
      caf::actor_system sys{cfg};
      CHECK(runs_on<caf::scheduler::coordinator<caf::policy::work_sharing>>(sys));
    }
    SUBCASE("stealing") {
      auto cfg = with_policy("stealing");
      caf::actor_system sys{cfg};
      CHECK(runs_on<caf::scheduler::coordinator<caf::policy::work_stealing>>(sys));
    }
    SUBCASE("wake, with the number of threads asked for") {
      auto cfg = with_policy("wake");
      detail::set_option(cfg, "scheduler.max-threads", std::size_t{3});
      caf::actor_system sys{cfg};
      CHECK(runs_on<detail::wake_coordinator>(sys));
      CHECK(sys.scheduler().num_workers() == 3);
    }
  }

  TEST_CASE("a policy may be a string as well") {
    troupe::config cfg;

    SUBCASE("testing") {
      cfg.set("scheduler.policy", "testing");
      caf::actor_system sys{cfg};
      CHECK(detail::is_testing(sys));
    }
    SUBCASE("sharing") {
      cfg.set("scheduler.policy", std::string{"sharing"});
      caf::actor_system sys{cfg};
      CHECK(runs_on<caf::scheduler::coordinator<caf::policy::work_sharing>>(sys));
    }
    SUBCASE("put into the content") {
      put(cfg.content, "scheduler.policy", "testing");
      caf::actor_system sys{cfg};
      CHECK(detail::is_testing(sys));
    }
    SUBCASE("unknown, also to CAF, whose names are shorter") {
      cfg.set("scheduler.policy", "a policy that nobody knows");
      caf::actor_system sys{cfg};
      CHECK(runs_on<detail::wake_coordinator>(sys));
    }
  }

  TEST_CASE("options of the command line win over the defaults") {
    troupe::config cfg;
    const std::vector<std::string> args{"--scheduler.policy='sharing'",
                                        "--scheduler.max-threads=3"};

    REQUIRE_FALSE(cfg.parse(args));
    caf::actor_system sys{cfg};

    CHECK(runs_on<caf::scheduler::coordinator<caf::policy::work_sharing>>(sys));
    CHECK(sys.scheduler().num_workers() == 3);
  }

  TEST_CASE("an unknown policy falls back to ours") {
    auto cfg = with_policy("stealin");
    caf::actor_system sys{cfg};

    CHECK(runs_on<detail::wake_coordinator>(sys));
  }

} // TEST_SUITE

TEST_SUITE("wake_scheduler") {

  TEST_CASE("a system with no work shuts down") {
    for (const std::size_t threads : {1U, 2U, 8U}) {
      auto cfg = with_policy("wake");
      detail::set_option(cfg, "scheduler.max-threads", threads);
      CHECK_NOTHROW(caf::actor_system{cfg});
    }
  }

  TEST_CASE("actors find CAF's logger if it writes anything, and else pay nothing for it") {
    for (const bool writes : {false, true}) {
      CAPTURE(writes);
      troupe::config cfg;
      detail::set_option(cfg, "logger.file-name", std::string{"/dev/null"});
      if (writes)
        detail::set_option(cfg, "logger.verbosity", caf::atom("error"));
      caf::actor_system sys{cfg};
      std::promise<bool> found;
      sys.spawn([&found] { found.set_value(caf::logger::current_logger() != nullptr); });
      CHECK(found.get_future().get() == writes);
    }
  }

  TEST_CASE("500 pairs of actors finish 200 rallies each" * doctest::test_suite("long")) {
    constexpr int pairs = 500;
    for (const std::size_t threads : {1U, 2U, 8U}) {
      auto cfg = with_policy("wake");
      detail::set_option(cfg, "scheduler.max-threads", threads);
      caf::actor_system sys{cfg};
      done_counter done{pairs};

      std::vector<caf::actor> players;
      for (int i = 0; i < pairs; ++i) {
        auto a = detail::spawn<player>(sys, &done);
        auto b = detail::spawn<player>(sys, &done);
        detail::anon_send(a, b);
        detail::anon_send(b, a);
        detail::anon_send(a, hop{200});
        players.insert(players.end(), {a, b});
      }

      CHECK(done.all.get_future().wait_for(60s) == std::future_status::ready);
      for (const auto& p : players)
        detail::anon_exit(p);
    }
  }

  TEST_CASE("all that many outside threads send arrives, one wake-up at a time") {
    constexpr int threads = 8;
    constexpr int rounds = 500;
    auto cfg = with_policy("wake");
    detail::set_option(cfg, "scheduler.max-threads", std::size_t{4});
    caf::actor_system sys{cfg};
    std::atomic<int> arrived{0};

    // Each thread waits for its answer, so that the workers go idle time and again.
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t)
      senders.emplace_back([&sys, &arrived] {
        for (int i = 0; i < rounds; ++i) {
          done_counter done{1};
          auto a = detail::spawn<player>(sys, &done);
          detail::anon_send(a, work{});
          if (done.all.get_future().wait_for(10s) == std::future_status::ready)
            ++arrived;
          detail::anon_exit(a);
          sys.registry().await_running_count_equal(0);
        }
      });
    for (auto& s : senders)
      s.join();

    CHECK(arrived == threads * rounds);
  }

  TEST_CASE("actors that never run out of messages do not starve the others") {
    auto cfg = with_policy("wake");
    detail::set_option(cfg, "scheduler.max-threads", std::size_t{2});
    caf::actor_system sys{cfg};
    std::vector<caf::actor> busy;
    for (int i = 0; i < 6; ++i)
      busy.push_back(detail::spawn<busy_body>(sys));
    done_counter done{100};

    auto a = detail::spawn<player>(sys, &done);
    for (int i = 0; i < 100; ++i)
      detail::anon_send(a, work{});

    CHECK(done.all.get_future().wait_for(60s) == std::future_status::ready);
    for (const auto& b : busy)
      detail::anon_kill(b);
    detail::anon_exit(a);
  }

  TEST_CASE(
      "while one worker is inside of a long function the others park; its next job wakes one") {
    auto cfg = with_policy("wake");
    detail::set_option(cfg, "scheduler.max-threads", std::size_t{4});
    caf::actor_system sys{cfg};
    auto& idle = dynamic_cast<detail::wake_coordinator&>(sys.scheduler()).data().idle;
    done_counter done{3};
    auto run = done.all.get_future();
    std::size_t parked = 0;
    bool ran = false;
    std::vector<caf::actor> guests;
    for (int i = 0; i < 3; ++i)
      guests.push_back(detail::spawn<player>(sys, &done));

    sys.spawn([&](caf::event_based_actor* self) {
      const auto end = std::chrono::steady_clock::now() + 10s;
      while (idle.parked() < 3 && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
      parked = idle.parked();
      for (const auto& g : guests)
        detail::send(self, g, work{});
      ran = run.wait_for(10s) == std::future_status::ready;
      for (const auto& g : guests)
        detail::anon_exit(g);
    });
    sys.await_all_actors_done();

    CHECK(parked == 3);
    CHECK(ran);
  }

  TEST_CASE("a sender that keeps its thread delays none of its receivers while threads are idle") {
    for (const int threads : {2, 4}) {
      auto cfg = with_policy("wake");
      detail::set_option(cfg, "scheduler.max-threads", static_cast<std::size_t>(threads));
      caf::actor_system sys{cfg};

      for (int i = 0; i < 20; ++i) {
        meeting m{threads};
        std::vector<caf::actor> guests;
        for (int g = 1; g < threads; ++g)
          guests.push_back(detail::spawn<attendant>(sys, &m, std::vector<caf::actor>{}));
        detail::anon_send(detail::spawn<attendant>(sys, &m, std::move(guests)), work{});
        sys.await_all_actors_done();
        REQUIRE(m.given_up == 0);
      }
    }
  }

} // TEST_SUITE
