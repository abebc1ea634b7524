// Who keeps an actor system from ending, and the text of it on a signal.
#include <doctest/doctest.h>

#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/call.hpp>
#include <troupe/dump_on.hpp>
#include <troupe/run/system_book.hpp>
#include <troupe/shutdown_signals.hpp>
#include <troupe/standing.hpp>
#include <troupe/still_alive.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Where a function stays until it is let go.
class gate {
public:
  auto waiting() {
    return [this, open = open_.get_future().share()](int x) {
      if (!std::exchange(entered_, true))
        there_.set_value();
      open.wait();
      return x;
    };
  }
  void wait_until_entered() { there_.get_future().wait(); }
  void open() { open_.set_value(); }

private:
  std::promise<void> open_;
  std::promise<void> there_;
  bool entered_ = false; // by one thread only
};

auto held_by(gate& g) {
  return tr::from("orders", numbers(3))
         | tr::sink("ledger", [f = g.waiting()](int x) mutable { (void)f(x); },
                    {.thread = tr::thread::own});
}

tr::live_run only_one(caf::actor_system& sys) {
  auto all = tr::still_alive(sys);
  REQUIRE(all.size() == 1);
  return std::move(all.front());
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void until_nobody_is_left(caf::actor_system& sys) {
  while (!tr::still_alive(sys).empty())
    std::this_thread::yield();
}

/// Whether nobody has SIGUSR1.
bool is_free() {
  struct sigaction now {};
  sigaction(SIGUSR1, nullptr, &now);
  return now.sa_handler == SIG_DFL;
}

} // namespace

TEST_SUITE("still_alive") {
  TEST_CASE("tells the runs that have actors, and nothing once they are over") {
    virtual_system sys;
    CHECK(tr::still_alive(sys).empty());
    auto first = tr::start(sys, tr::from("numbers", numbers(3)) | tr::ignore("end"),
                           tr::run_options{.name = "first"});
    auto second = tr::start(sys, tr::from("orders", numbers(3)) | tr::ignore("ledger"));

    const auto all = tr::still_alive(sys);
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "first");
    CHECK(all[1].name == "orders … ledger");
    CHECK(all[0].standing == tr::standing::running);
    CHECK_FALSE(all[0].should_end());
    CHECK(all[0].actors == 3);

    second.pause("ledger");
    (void)first.wait();
    CHECK(only_one(sys).name == "orders … ledger");
    second.resume("ledger");
    (void)second.wait();
    CHECK(tr::still_alive(sys).empty());
    CHECK(tr::still_alive(sys).empty());
  }

  TEST_CASE("nothing of it is left when the last run is over, though its handle is there") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("numbers", numbers(3)) | tr::ignore("end"));
    const std::weak_ptr<tr::detail::system_book> book = tr::detail::system_book::of(sys);

    CHECK_FALSE(book.expired());
    (void)r.wait();
    CHECK(book.expired());
  }

  TEST_CASE("a run that was told to end and cannot is told apart, by how it was told") {
    threaded_system sys;
    gate g;
    tr::context ctx;
    std::optional<tr::run> r{tr::start(sys, held_by(g), tr::run_options{.ctx = ctx})};
    g.wait_until_entered();
    CHECK(only_one(sys).standing == tr::standing::running);

    SUBCASE("drained") {
      tr::begin_drain(*r, 1h);
      CHECK(only_one(sys).standing == tr::standing::draining);
    }
    SUBCASE("cancelled") {
      ctx.cancel();
      while (only_one(sys).standing == tr::standing::running)
        std::this_thread::yield(); // the supervisor hears of it
      CHECK(only_one(sys).standing == tr::standing::stopping);
    }
    SUBCASE("its handle is gone") {
      tr::drain_unattended(std::move(*r), 1h);
      r.reset();
      CHECK(only_one(sys).standing == tr::standing::let_go);
    }
    const auto left = only_one(sys);
    CHECK(left.should_end());
    CHECK(left.actors >= 2); // the sink and the supervisor
    CHECK(left.sample.stages.back().name == "ledger");
    std::ostringstream text;
    text << left;
    CHECK(text.str() == to_string(left));
    CHECK(has(text.str(), "run \"orders … ledger\": told to "));
    CHECK(has(text.str(), "\n  ledger: "));

    g.open();
    until_nobody_is_left(sys);
  }

  TEST_CASE("a call that is over is told as long as a worker is in its function") {
    threaded_system sys;
    gate g;
    auto svc = tr::serve(sys, tr::call<int, int>("price", g.waiting()));
    auto answer = svc.ask(1);
    g.wait_until_entered();
    CHECK(only_one(sys).standing == tr::standing::running);
    CHECK(only_one(sys).actors == 2);

    svc.drain(0ms); // waits for all but the worker
    const auto left = only_one(sys);
    CHECK(left.name == "price");
    CHECK(left.standing == tr::standing::over);
    CHECK(left.actors == 1);
    CHECK(has(to_string(left), "over, and nobody waits for what is left; 1 actor\n"));
    CHECK(tr::detail::system_book::of(sys)->taken() == tr::detail::head_count{1, 1});

    g.open();
    until_nobody_is_left(sys);
    CHECK(tr::detail::system_book::of(sys)->taken() == tr::detail::head_count{});
  }
}

TEST_SUITE("dump_on") {
  TEST_CASE("on the signal the text tells each run, its stages and their counters; they go on") {
    threaded_system sys;
    gate g;
    std::vector<std::promise<std::string>> texts(2);
    std::size_t n = 0;
    const tr::dump_on dump{
        sys, SIGQUIT, {.to = [&](const std::string& text) { texts[n++].set_value(text); }}};
    auto r = tr::start(sys, held_by(g), tr::run_options{.name = "orders"});
    g.wait_until_entered();
    while (r.metrics("orders").counters.delivered < 3)
      std::this_thread::yield();

    std::raise(SIGQUIT);
    const auto text = texts[0].get_future().get();
    CAPTURE(text);
    CHECK(has(text, "troupe: SIGQUIT\nrun \"orders\": running; "));
    CHECK(has(text, "\n  orders: "));
    CHECK(has(text, "received 3, delivered 3\n  ledger: "));
    CHECK(text.back() == '\n');

    g.open();
    CHECK(accounted(r.wait()).clean());
    std::raise(SIGQUIT);
    CHECK(texts[1].get_future().get() == "troupe: SIGQUIT\nno run has actors\n");
  }

  TEST_CASE("a signal has one owner, and its handler from before when that is gone") {
    virtual_system sys;
    REQUIRE(is_free());
    {
      const tr::dump_on dump{sys, SIGUSR1};
      CHECK_FALSE(is_free());
      CHECK_THROWS_WITH_AS((void)(tr::dump_on{sys, SIGUSR1}),
                           "dump_on: SIGUSR1 is taken by another dump_on already, and a process "
                           "has only one handler for each signal",
                           std::logic_error);
      const tr::dump_on other{sys, SIGUSR2}; // another signal is another matter
      const tr::dump_on term{sys, SIGTERM};
      CHECK_THROWS_WITH_AS(tr::shutdown_signals{},
                           "shutdown_signals: SIGTERM is taken by dump_on already, and a process "
                           "has only one handler for each signal",
                           std::logic_error);
      CHECK_THROWS_AS((void)(tr::dump_on{sys, SIGUSR1}), std::logic_error); // nothing was let go of
    }
    CHECK(is_free());
    const tr::shutdown_signals signals;
    const tr::dump_on again{sys, SIGUSR1};
  }

  TEST_CASE("what cannot be caught is refused by name") {
    virtual_system sys;
    CHECK_THROWS_WITH_AS((void)(tr::dump_on{sys, SIGKILL}), "dump_on: SIGKILL cannot be caught",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)(tr::dump_on{sys, 0}), "dump_on: signal 0 cannot be caught",
                         std::invalid_argument);
    CHECK_THROWS_AS((void)(tr::dump_on{sys, 1000}), std::invalid_argument);
  }
}
