#include <troupe/alert_listener.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <caf/actor_registry.hpp>

#include <doctest/doctest.h>

#include "monitor_fixture.hpp"
#include <troupe/actor_listener.hpp>

using namespace std::chrono_literals;
using monitor_tests::fake_run;
using monitor_tests::fixture;
using troupe::alert;
using troupe::alert_listener;
using troupe::mailbox_depth;
using troupe::monitor;
using troupe::monitor_options;
using strings = std::vector<std::string>;

namespace {

const std::string raised = R"(warning: mailbox_depth("book") = 101 > 100)";
const std::string resolved
    = R"(resolved: mailbox_depth("book") = 101, was > 100 for 250ms, the run ended)";

/// Keeps what it is told, after `first` has had its way.
class recorder : public alert_listener {
public:
  explicit recorder(std::function<void(recorder&)> first = nullptr) : first_{std::move(first)} {}

  std::string name() const override { return "recorder"; }
  void on_alert(const alert& a) override {
    ++calls;
    if (first_)
      first_(*this);
    const std::lock_guard lock{mutex_};
    said_.push_back(to_string(a));
  }
  void give_up() noexcept override { asked_to_give_up = true; }

  strings said() const {
    const std::lock_guard lock{mutex_};
    return said_;
  }

  std::atomic<int> calls = 0;
  std::atomic<bool> asked_to_give_up = false;

private:
  std::function<void(recorder&)> first_;
  mutable std::mutex mutex_;
  strings said_;
};

void fail(recorder&) { throw std::runtime_error("no network"); }

template <class Done>
void wait_until(Done done) {
  while (!done())
    std::this_thread::yield();
}

/// Real threads: one, besides those that actors have for themselves.
struct threaded {
  struct config : caf::actor_system_config {
    config() { troupe::detail::set_option(*this, "scheduler.max-threads", std::size_t{1}); }
  };

  // Over before the first sample: raises an alert, and resolves it.
  std::shared_ptr<fake_run> brief_run() {
    auto run = std::make_shared<fake_run>(sys);
    run->depth(101);
    run->over = true;
    return run;
  }

  config cfg;
  caf::actor_system sys{cfg};
};

monitor_options quick(std::vector<std::shared_ptr<alert_listener>> listeners) {
  return {.sample_every = 1ms,
          .alert_when = {mailbox_depth("book") > 100},
          .listeners = std::move(listeners)};
}

} // namespace

TEST_SUITE("alert listeners") {

  TEST_CASE_FIXTURE(fixture, "each is told of every alert in order, and so is on_alert") {
    const auto a = std::make_shared<recorder>();
    const auto b = std::make_shared<recorder>();
    auto opts = options({mailbox_depth("book") > 100});
    opts.listeners = {a, b};
    monitor watch{sys, std::move(opts)};
    raise_and_end(watch);

    CHECK(a->said() == strings{raised, resolved});
    CHECK(b->said() == a->said());
    CHECK(said == a->said());
    const auto stats = watch.listener_stats();
    REQUIRE(stats.size() == 3);
    CHECK(stats[0].name == "recorder");
    CHECK(stats[1].told == 2);
    CHECK(stats[2].name == "callback");
    CHECK(stats[2].told + stats[2].failed + stats[2].dropped + stats[2].waiting == 2);
  }

  TEST_CASE_FIXTURE(fixture, "one that throws loses its own alerts, counted, and nobody else's") {
    const auto sound = std::make_shared<recorder>();
    auto opts = options({mailbox_depth("book") > 100});
    opts.listeners = {std::make_shared<recorder>(fail),
                      std::make_shared<recorder>([](auto&) { throw 42; }), sound};
    monitor watch{sys, std::move(opts)};
    raise_and_end(watch);

    CHECK(sound->said() == strings{raised, resolved});
    const auto stats = watch.listener_stats();
    CHECK(stats.at(0).failed == 2);
    CHECK(stats.at(0).error == "no network");
    CHECK(stats.at(1).failed == 2);
    CHECK(stats.at(1).error == "not an exception");
    CHECK(stats.at(2).failed == 0);
    CHECK(watch.callback_errors() == 0);
  }

  TEST_CASE_FIXTURE(fixture, "of what waits for one the newest are kept, the others counted") {
    const auto listener = std::make_shared<recorder>();
    auto opts
        = options({mailbox_depth("book") > 1, mailbox_depth("book") > 2, mailbox_depth("book") > 3,
                   mailbox_depth("book") > 4, mailbox_depth("book") > 5});
    opts.listeners = {listener};
    opts.listener_buffer = 3;
    monitor watch{sys, std::move(opts)};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);
    pass(250ms); // five at once, in virtual time before any listener is called

    REQUIRE(listener->said().size() == 3);
    CHECK(listener->said().front() == R"(warning: mailbox_depth("book") = 101 > 3)");
    CHECK(listener->said().back() == R"(warning: mailbox_depth("book") = 101 > 5)");
    CHECK(watch.listener_stats().at(0).dropped == 5 - 3);
    CHECK(watch.dropped_alerts() == 0);
  }

  TEST_CASE_FIXTURE(threaded, "one that does not return holds up neither samples nor the others") {
    std::atomic<bool> hold = true;
    const auto slow
        = std::make_shared<recorder>([&](recorder&) { wait_until([&] { return !hold; }); });
    const auto quick_one = std::make_shared<recorder>();
    {
      monitor watch{sys, quick({slow, quick_one})};
      watch.watch(brief_run());
      wait_until([&] { return slow->calls == 1; });
      watch.watch(brief_run());
      wait_until([&] { return quick_one->said().size() == 4; });

      CHECK(watch.history().size() == 4);
      CHECK(watch.listener_stats().at(0).told == 0);
      CHECK(watch.listener_stats().at(0).waiting == 4);
      hold = false;
    }
    CHECK(slow->said() == quick_one->said()); // the rest as the monitor ended
    CHECK_FALSE(slow->asked_to_give_up);
  }

  TEST_CASE_FIXTURE(fixture, "the end of the monitor resolves what is open, and tells of it") {
    const auto listener = std::make_shared<recorder>();
    auto opts = options({mailbox_depth("book") > 100, troupe::memory() > 1000});
    opts.listeners = {listener};
    const auto a = new_run();
    const auto b = new_run();
    {
      monitor watch{sys, std::move(opts)};
      watch.watch(a);
      watch.watch(b);
      a->depth(101);
      b->depth(101);
      a->memory(2048);
      pass(250ms);
      pass(100ms);
      a->over = true; // and not yet seen to be
    }
    const auto told = listener->said();
    REQUIRE(told.size() == 6);
    CHECK(told[3]
          == R"(resolved: mailbox_depth("book") = 101, was > 100 for 100ms, the run ended)");
    CHECK(told[4]
          == R"(resolved: mailbox_depth("book") = 101, was > 100 for 100ms, the monitor ended)");
    CHECK(told[5] == "resolved: memory() = 2KiB, was > 1000B for 100ms, the monitor ended");
    CHECK(said == told);
    CHECK(a.use_count() == 1);
  }

  TEST_CASE_FIXTURE(threaded, "the end waits for drain_limit, then asks a listener to give up") {
    const auto stuck = std::make_shared<recorder>(
        [](recorder& me) { wait_until([&] { return me.asked_to_give_up.load(); }); });
    const auto sound = std::make_shared<recorder>();
    {
      auto opts = quick({stuck, sound});
      opts.drain_limit = 1ms;
      monitor watch{sys, std::move(opts)};
      watch.watch(brief_run());
      wait_until([&] { return stuck->calls == 1 && sound->said().size() == 2; });
    }
    CHECK(stuck->said().size() == 1);
    sys.await_all_actors_done();
    CHECK(stuck->calls == 1); // what waited is lost
  }

  TEST_CASE_FIXTURE(threaded, "a monitor that goes in on_alert does not wait, and tells the rest") {
    const auto other = std::make_shared<recorder>();
    std::atomic<bool> ready = false;
    std::atomic<int> calls = 0;
    std::unique_ptr<monitor> watch;
    auto opts = quick({other});
    opts.on_alert = [&](const alert&) {
      wait_until([&] { return ready.load(); });
      ++calls;
      watch.reset();
    };
    watch = std::make_unique<monitor>(sys, std::move(opts));
    watch->watch(brief_run());
    ready = true;
    sys.await_all_actors_done();

    CHECK(watch == nullptr);
    CHECK(calls == 1); // none began afterwards
    CHECK(other->said().size() == 2);
  }

  TEST_CASE_FIXTURE(fixture, "in virtual time too a monitor may go in on_alert") {
    const auto before = sys.registry().running();
    const auto other = std::make_shared<recorder>();
    std::unique_ptr<monitor> watch;
    auto opts = options({mailbox_depth("book") > 100, mailbox_depth("book") > 50});
    opts.listeners = {other};
    opts.on_alert = [&](const alert& a) {
      said.push_back(to_string(a));
      watch.reset();
    };
    watch = std::make_unique<monitor>(sys, std::move(opts));
    const auto run = new_run();
    watch->watch(run);
    run->depth(101);
    pass(250ms);

    CHECK(said.size() == 1);
    CHECK(other->said().size() == 4); // two raised, and resolved since the monitor ended
    CHECK(sys.registry().running() == before);
    CHECK(other.use_count() == 1);
  }

  TEST_CASE_FIXTURE(fixture, "the end waits for nobody if a sample has ended the monitor's actor") {
    class broken_run final : public fake_run {
    public:
      using fake_run::fake_run;
      troupe::graph_sample sample() const override {
        return samples < 1 ? fake_run::sample() : throw std::runtime_error("no numbers");
      }
    };
    const auto before = sys.registry().running();
    {
      auto opts = options({mailbox_depth("book") > 100});
      opts.drain_limit = troupe::duration::max();
      monitor watch{sys, std::move(opts)};
      watch.watch(std::make_shared<broken_run>(sys));
      pass(1s);
      CHECK(sys.registry().running() == before);
    }
    CHECK(said.empty());
  }

  TEST_CASE_FIXTURE(threaded, "when the monitor is gone, so are its listeners and on_alert") {
    std::weak_ptr<alert_listener> listener;
    const auto captured = std::make_shared<int>(0);
    {
      const auto made = std::make_shared<recorder>();
      listener = made;
      auto opts = quick({made});
      opts.on_alert = [captured](const alert&) {};
      monitor watch{sys, std::move(opts)};
      watch.watch(brief_run());
    }
    CHECK(listener.expired());
    CHECK(captured.use_count() == 1);
  }

  TEST_CASE_FIXTURE(fixture,
                    "an actor gets alerts as messages; when it has ended, they have failed") {
    strings got;
    auto pager = sys.spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](const alert& a) { got.push_back(to_string(a)); }};
    });
    auto opts = options({mailbox_depth("book") > 100});
    opts.listeners = {troupe::actor_listener(pager)};
    monitor watch{sys, std::move(opts)};
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);
    pass(250ms);
    CHECK(got == strings{raised});

    troupe::detail::anon_kill(pager);
    run->over = true;
    pass(250ms);
    CHECK(got.size() == 1);
    CHECK(watch.listener_stats().at(0).told == 1);
    CHECK(watch.listener_stats().at(0).error == "the actor has ended");
  }

  TEST_CASE("what is nobody is refused") {
    CHECK_THROWS_WITH_AS(troupe::callback_listener(nullptr),
                         "callback_listener: f is empty, needs a function", std::invalid_argument);
    CHECK_THROWS_WITH_AS(troupe::actor_listener(caf::actor{}),
                         "actor_listener: listener is empty, needs an actor",
                         std::invalid_argument);
  }

} // TEST_SUITE
