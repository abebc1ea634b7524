#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <caf/exit_reason.hpp>

#include "supervisor_fixture.hpp"
#include <troupe/supervisor.hpp>

using namespace supervisor_fixture;
using tr::restart;
using tr::shutdown;
using tr::strategy;

TEST_SUITE("supervisor") {
  TEST_CASE("one_for_one restarts the child that crashed, and no other") {
    bench b;
    b.with({"a", "b", "c"});
    const auto before = b.sup.child("b");

    b.crash("b");

    CHECK(b.said.line() == "-b, +b");
    CHECK(names(b.sup) == "a running, b running, c running");
    CHECK(b.sup.child("b") != before);
    CHECK(b.sup.children()[1].restarts == 1);
    CHECK(b.sup.children()[1].last_exit == "crash");
  }

  TEST_CASE("one_for_all ends the others from right to left and starts all from left to right") {
    bench b{{.strategy = strategy::one_for_all}};
    b.with({"a", "b", "c"});

    b.crash("b");

    CHECK(b.said.line() == "-b, -c, -a, +a, +b, +c");
  }

  TEST_CASE("rest_for_one restarts a child and those that were added after it") {
    bench b{{.strategy = strategy::rest_for_one}};
    b.with({"a", "b", "c"});

    b.crash("b");

    CHECK(b.said.line() == "-b, -c, +b, +c");
  }

  TEST_CASE("permanent children always, transient ones after a failure, temporary ones never") {
    for (const auto* how : {"crash", "quit", "kill", "shutdown"}) {
      CAPTURE(how);
      bench b;
      b.with({"p"}).with({"tr"}, {.restart = restart::transient});
      b.with({"te"}, {.restart = restart::temporary});
      const std::string what = how;

      for (const auto* child : {"p", "tr", "te"}) {
        if (what == "kill")
          b.kill(child);
        else if (what == "shutdown")
          tr::detail::anon_exit(b.sup.child(child));
        else
          b.tell(child, how);
        b.run();
      }

      const bool normal = what == "quit" || what == "shutdown";
      CHECK(names(b.sup) == (normal ? "p running, tr stopped" : "p running, tr running"));
    }
  }

  TEST_CASE("children start from left to right and stop from right to left") {
    bench b;
    for (const auto* name : {"a", "b", "c"})
      CHECK(b.sup.add(name, noted(b.said, name)));
    CHECK(b.said.line() == "+a, +b, +c");

    b.sup.stop();

    CHECK(b.said.line() == "-c, -b, -a");
    CHECK(b.sys.actors() == 0);
    CHECK(b.sup.done());
    CHECK_FALSE(b.sup.error());
    CHECK(b.sup.children().empty());
  }

  TEST_CASE("a child that does not end within its limit is killed, after 5 s by default") {
    for (const auto& [options, limit] : std::vector<std::pair<tr::child_options, tr::duration>>{
             {{}, 5s}, {{.shutdown = shutdown::within(100ms)}, 100ms}}) {
      bench b;
      b.with({"a"}, options);
      b.tell("a", "stay");
      const auto began = tr::detail::now(b.sys);

      b.sup.stop();

      CHECK(tr::detail::now(b.sys) - began == limit);
      CHECK(b.sys.actors() == 0);
    }
  }

  TEST_CASE("a brutal shutdown kills at once, also what would not end") {
    bench b;
    b.with({"a"}, {.shutdown = shutdown::brutal});
    b.tell("a", "stay");
    const auto began = tr::detail::now(b.sys);

    b.sup.stop();

    CHECK(tr::detail::now(b.sys) == began);
    CHECK(b.sys.actors() == 0);
  }

  TEST_CASE("an infinite shutdown waits; a kill from elsewhere ends the wait") {
    bench b;
    b.with({"a"}, {.shutdown = shutdown::infinite});
    b.tell("a", "stay");
    const auto a = b.sup.child("a");

    CHECK_THROWS_AS(b.sup.stop(), std::logic_error); // virtual time: nobody else could end it
    CHECK(names(b.sup) == "a stopping");
    tr::detail::anon_kill(a);

    CHECK_FALSE(b.sup.wait());
    CHECK(b.sys.actors() == 0);
  }

  TEST_CASE("a child that is asked to end first handles what it was sent before") {
    bench b;
    int handled = 0;
    REQUIRE(b.sup.add("a", [&handled](caf::event_based_actor*) -> caf::behavior {
      return {[&handled](int) { ++handled; }};
    }));
    for (int i = 0; i < 100; ++i)
      tr::detail::anon_send(b.sup.child("a"), i);

    b.sup.stop();

    CHECK(handled == 100);
  }

  TEST_CASE("the fourth restart within 5 s is one too many: all are stopped, and the parent sees "
            "why") {
    bench b;
    b.with({"a", "b", "c"});
    for (int i = 0; i < 3; ++i)
      b.crash("b");
    CHECK(names(b.sup) == "a running, b running, c running");
    b.said.line();

    b.crash("b");

    CHECK(b.said.line() == "-b, -c, -a");
    CHECK(b.sys.actors() == 0);
    REQUIRE(b.sup.wait());
    CHECK(to_string(*b.sup.error())
          == "stage \"orders\": more restarts than 3 in 5 s; the last was b: crash "
             "(worker_died)");
    CHECK(b.events.back() == "ended");
  }

  TEST_CASE("restarts more than a period apart are never too many") {
    bench b{{.intensity = {1, 5s}}};
    b.with({"a"});
    for (int i = 0; i < 20; ++i) {
      b.crash("a");
      b.pass(5s + 1ns);
    }
    CHECK(names(b.sup) == "a running");
  }

  TEST_CASE("a restart waits min x 2^n up to max, while others go on") {
    bench b{{.intensity = tr::restart_intensity::unlimited(), .backoff = {.min = 3s, .max = 30s}}};
    b.with({"a", "b"});
    for (const auto delay : {3s, 6s, 12s, 24s, 30s, 30s}) {
      b.crash("a");
      CHECK(b.said.line() == "-a");
      b.pass(delay - 1ns);
      CHECK(names(b.sup) == "a restarting, b running");
      CHECK_FALSE(b.sup.child("a"));
      b.crash("b"); // its own backoff
      b.pass(1ns);
      CHECK(names(b.sup).starts_with("a running"));
      b.said.line();
    }
  }

  TEST_CASE("failing starts count, and are tried again until there were too many") {
    bench b{{.intensity = {4, 1s}}};
    int starts = 0;
    REQUIRE(b.sup.add("a", [&starts](caf::event_based_actor* self) -> caf::behavior {
      if (++starts > 1)
        throw std::runtime_error{"no disk"};
      return {[self](int) { self->quit(); }};
    }));

    tr::detail::anon_send(b.sup.child("a"), 1);
    b.run();

    CHECK(starts == 1 + 4);
    CHECK(b.sup.done());
    CHECK(b.sup.error()->message() == "more restarts than 4 in 1 s; the last was a: no disk");
  }

  TEST_CASE("each start gets its own copy of the function: its state is made anew") {
    bench b;
    std::vector<int> seen;
    REQUIRE(b.sup.add("a", [&seen, n = 0](caf::event_based_actor*) mutable -> caf::behavior {
      ++n;
      return {[&seen, &n](const std::string& what) {
        seen.push_back(++n);
        if (what == "crash")
          throw std::runtime_error{what};
      }};
    }));

    b.tell("a", "x");
    b.crash("a");
    b.tell("a", "x");

    CHECK(seen == std::vector{2, 3, 2});
  }

  TEST_CASE("events tell what became of each child, in order") {
    bench b{{.strategy = strategy::rest_for_one, .intensity = {1, 5s}}};
    CHECK(b.sup.add("a", noted(b.said, "a")));
    CHECK(b.sup.add("b", noted(b.said, "b")));
    b.crash("a");
    b.crash("b");

    CHECK(b.events
          == std::vector<std::string>{"started a", "started b", "exited a", "stopped b",
                                      "restarted a", "restarted b", "exited b", "gave_up",
                                      "stopped a", "ended"});
  }
}
