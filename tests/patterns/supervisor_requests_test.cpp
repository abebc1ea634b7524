#include <doctest/doctest.h>

#include <algorithm>
#include <concepts>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "supervisor_fixture.hpp"
#include <troupe/supervisor.hpp>

using namespace supervisor_fixture;
using tr::errc;
using tr::restart;

namespace {

class class_based : public caf::event_based_actor {
public:
  explicit class_based(caf::actor_config& cfg, std::string what)
      : caf::event_based_actor(cfg), what_(std::move(what)) {}
  caf::behavior make_behavior() override {
    return {[this](const std::string&) { quit(caf::exit_reason::unknown); }};
  }

private:
  std::string what_;
};

using typed = caf::typed_actor<caf::replies_to<int>::with<int>>;

} // namespace

TEST_SUITE("supervisor") {
  TEST_CASE("add answers the child's actor, or already_started with the one that runs") {
    bench b;

    const auto first = b.sup.add("a", noted(b.said, "a"));
    REQUIRE(first);
    CHECK(*first == b.sup.child("a"));

    const auto second = b.sup.add("a", noted(b.said, "other"));
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == errc::already_started);
    CHECK(second.error().stage() == "a");
    CHECK(b.sup.child("a") == *first);
    CHECK(b.said.line() == "+a");
  }

  TEST_CASE("add answers already_present for a child that is kept and does not run") {
    bench b;
    b.with({"a"});
    CHECK(b.sup.terminate("a"));

    CHECK(b.sup.add("a", noted(b.said, "a")).error().code() == errc::already_present);
  }

  TEST_CASE("a function that throws, or quits with a failure, has not started: add says why") {
    bench b;
    const auto thrown = b.sup.add(
        "a", [](caf::event_based_actor*) -> caf::behavior { throw std::runtime_error{"no disk"}; });
    const auto quit = b.sup.add("b", [](caf::event_based_actor* self) -> caf::behavior {
      self->quit(caf::exit_reason::unknown);
      return {[](int) {}};
    });
    const auto factory = b.sup.add(
        "c", [](caf::actor_system&) -> caf::actor { throw std::runtime_error{"no room"}; });

    CHECK(thrown.error().code() == errc::start_failed);
    CHECK(thrown.error().message() == "no disk");
    CHECK(quit.error().code() == errc::start_failed);
    CHECK(factory.error().code() == errc::start_failed);
    CHECK(factory.error().message() == "no room");
    CHECK(b.sup.children().empty());
    CHECK(b.sup.add("a", noted(b.said, "a")));
  }

  TEST_CASE("terminate keeps a child, restart_child starts it again, remove forgets it") {
    bench b;
    b.with({"a", "b"});

    CHECK(b.sup.remove("a").error().code() == errc::still_running);
    CHECK(b.sup.restart_child("a").error().code() == errc::still_running);
    CHECK(b.sup.terminate("a"));
    CHECK(names(b.sup) == "a stopped, b running");
    const auto again = b.sup.restart_child("a");
    REQUIRE(again);
    CHECK(*again == b.sup.child("a"));
    CHECK(b.sup.terminate("a"));
    CHECK(b.sup.remove("a"));

    CHECK(names(b.sup) == "b running");
    CHECK(b.said.line() == "-a, +a, -a");
    for (const auto& answer : {b.sup.terminate("a"), b.sup.remove("a")})
      CHECK(answer.error().code() == errc::not_found);
    CHECK(b.sup.restart_child("a").error().code() == errc::not_found);
  }

  TEST_CASE("a temporary child that is terminated is forgotten") {
    bench b;
    b.with({"a"}, {.restart = restart::temporary});
    CHECK(b.sup.terminate("a"));
    CHECK(b.sup.children().empty());
  }

  TEST_CASE("a child that waits for its restart answers restarting") {
    bench b{{.backoff = {.min = 1s, .max = 1s}}};
    b.with({"a"});
    b.crash("a");

    CHECK(b.sup.restart_child("a").error().code() == errc::restarting);
    CHECK(b.sup.remove("a").error().code() == errc::restarting);
    CHECK(b.sup.terminate("a"));
    b.pass(1h);

    CHECK(names(b.sup) == "a stopped");
  }

  TEST_CASE("counts are those of OTP's count_children") {
    bench b;
    b.with({"a", "b"});
    CHECK(b.sup.add("db", tr::supervisor_spec{{}}.add("pool", noted(b.said, "pool"))));
    CHECK(b.sup.terminate("b"));

    CHECK(b.sup.counts()
          == tr::child_counts{.specs = 3, .active = 2, .supervisors = 1, .workers = 2});
    CHECK(b.sup.counts("db")
          == tr::child_counts{.specs = 1, .active = 1, .supervisors = 0, .workers = 1});
  }

  TEST_CASE("children are found by name, and print") {
    bench b;
    b.with({"a", "b"});
    const auto all = b.sup.children();

    CHECK(all.size() == 2);
    CHECK(std::find(all.begin(), all.end(), "b") != all.end());
    CHECK(all[0].name == "a");
    static_assert(!std::convertible_to<tr::child_info, std::string>);
    std::ostringstream text;
    text << all[0];
    CHECK(text.str() == "a: permanent worker, running");
  }

  TEST_CASE("a child may be an actor of any class, given by a function that spawns it") {
    bench b;
    CHECK(b.sup.add(
        "class", [](caf::actor_system& sys) { return tr::detail::spawn<class_based>(sys, "x"); }));
    CHECK(b.sup.add("typed", [](caf::actor_system& sys) {
      return sys.spawn([]() -> typed::behavior_type { return {[](int x) { return x; }}; });
    }));

    b.tell("class", "end");

    CHECK(names(b.sup) == "class running, typed running");
    CHECK(b.sup.children()[0].restarts == 1);
  }

  TEST_CASE("a function that spawns nothing declines, and that is no failure") {
    bench b;
    const auto nothing = b.sup.add("a", [](caf::actor_system&) { return caf::actor{}; });

    REQUIRE(nothing);
    CHECK_FALSE(*nothing);
    CHECK(names(b.sup) == "a stopped");
  }

  TEST_CASE("a function that returns nothing has done its work when it returns") {
    bench b;
    int runs = 0;
    CHECK(b.sup.add("once", [&runs](caf::event_based_actor*) { ++runs; },
                    {.restart = restart::transient}));
    b.run();
    CHECK(runs == 1);
    CHECK(names(b.sup) == "once stopped");
  }

  TEST_CASE("a supervisor that has ended refuses what it is asked for") {
    bench b;
    b.with({"a"});
    b.sup.stop();

    CHECK(b.sup.add("b", noted(b.said, "b")).error().code() == errc::closed);
    CHECK(b.sup.terminate("a").error().code() == errc::closed);
    CHECK_FALSE(b.sup.child("a"));
    b.sup.stop();
  }

  TEST_CASE("what was asked of a supervisor that is killed meanwhile is answered at once") {
    bench b;
    const auto killer = [&b](caf::event_based_actor* self) -> caf::behavior {
      self->set_exit_handler(
          [&b](caf::scheduled_actor*, caf::exit_msg&) { tr::detail::anon_kill(b.sup.actor()); });
      return {[](int) {}};
    };
    REQUIRE(b.sup.add("killer", killer));
    const auto began = tr::detail::now(b.sys);

    CHECK(b.sup.terminate("killer").error().code() == errc::closed);
    CHECK(tr::detail::now(b.sys) == began); // and not after the limit of 5 s
  }

  TEST_CASE("an empty handle says so") {
    bench b;
    const auto other = std::move(b.sup);
    CHECK(other.name() == "orders");
    CHECK_THROWS_WITH_AS(b.sup.children(), // NOLINT(bugprone-use-after-move): that is the point
                         "supervisor: this handle is empty; it was moved from, or never set",
                         std::logic_error);
  }

  TEST_CASE("the end of the handle ends its children in order, also by assignment") {
    bench b;
    b.with({"a", "b"});

    b.sup = tr::supervisor{b.sys, "other"};
    CHECK(b.said.line() == "-b, -a");
    CHECK(b.sys.actors() == 1);
    b.sup = tr::supervisor{};

    CHECK(b.sys.actors() == 0);
  }

  TEST_CASE("wait_for tells whether it has ended within the limit") {
    bench b;
    b.with({"a"});
    const auto began = tr::detail::now(b.sys);

    CHECK_FALSE(b.sup.wait_for(2s));
    CHECK(tr::detail::now(b.sys) - began == 2s);
    tr::detail::anon_exit(b.sup.actor());

    CHECK(b.sup.wait_for(2s));
    CHECK(b.said.line() == "-a");
    CHECK_FALSE(b.sup.error());
  }

  TEST_CASE("an event hook that throws ends the supervisor and all children, and says so") {
    bench b{{.on_event = [](const tr::supervisor_event& e) {
      if (e.what == tr::supervisor_event::kind::exited)
        throw std::runtime_error{"the log is full"};
    }}};
    b.with({"a", "b"});

    b.crash("a");

    CHECK(b.sys.actors() == 0);
    CHECK(b.sup.error()->message() == "the supervisor was ended: the log is full");
  }

  TEST_CASE("wrong options and names are refused where they are given") {
    bench b;
    const auto a = noted(b.said, "a");
    CHECK(refusal([&] {
            tr::supervisor{b.sys, "x", {.backoff = {.min = 2s, .max = 1s}}};
          })
          == "supervisor \"x\": backoff.max = 1 s, needs at least backoff.min, 2 s");
    CHECK(refusal([&] {
            tr::supervisor{b.sys, "x", {.intensity = {-1, 1s}}};
          })
          == "restart_intensity: restarts = -1, needs at least 0");
    CHECK(refusal([&] {
            tr::supervisor{b.sys, ""};
          })
          == "supervisor: name = \"\", needs at least one character");
    CHECK(refusal([&] { b.sup.add("", a); })
          == "child: name = \"\", needs at least one character and no '/'");
    CHECK(refusal([&] {
            b.sup.add(
                "a", a,
                {.restart = restart::temporary, .significance = tr::significance::significant});
          })
          == "child \"a\": significance = significant, needs a supervisor whose auto_shutdown is "
             "not never");
  }
}
