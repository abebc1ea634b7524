#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "supervision_fixture.hpp"

using namespace supervision_fixture;
using tr::auto_shutdown;
using tr::restart;
using tr::shutdown;
using tr::significance;
using tr::strategy;

TEST_SUITE("supervision_machine") {
  TEST_CASE("stop ends the children from right to left, and then the supervisor") {
    world w;
    w.with({"a", "b", "c"});

    w.stop();

    CHECK(w.line() == "ask c, ask b, ask a, end");
    CHECK(w.m.ending() == machine::ending::stopped);
  }

  TEST_CASE("a supervisor without children ends at once, and only once") {
    world w;
    w.stop();
    w.stop();
    CHECK(w.line() == "end");
  }

  TEST_CASE("a child that does not end within its limit is killed, and the limit is 5 s by "
            "default") {
    for (const auto& [given, limit] : std::vector<std::pair<tr::child_options, tr::duration>>{
             {{}, 5s}, {{.shutdown = shutdown::within(200ms)}, 200ms}}) {
      world w;
      w.with({"a", "b"}, given);
      w.holds_end = {"b"};

      w.stop();
      CHECK(w.line() == "ask b");
      w.passes(limit - 1ns);
      CHECK(w.line().empty());
      w.passes(1ns);

      CHECK(w.line() == "kill b, ask a, end");
    }
  }

  TEST_CASE("a brutal shutdown kills at once") {
    world w;
    w.with({"a"}).with({"b"}, {.shutdown = shutdown::brutal});

    w.stop();

    CHECK(w.line() == "kill b, ask a, end");
  }

  TEST_CASE("an infinite shutdown waits for as long as it takes") {
    world w;
    w.with({"a"}).with({"b"}, {.shutdown = shutdown::infinite});
    w.holds_end = {"b"};

    w.stop();
    w.passes(24h);
    CHECK(w.line() == "ask b");
    CHECK_FALSE(w.m.due());
    w.ends("b");

    CHECK(w.line() == "ask a, end");
  }

  TEST_CASE("a supervisor as a child has an infinite shutdown unless given another") {
    world w;
    const auto i = w.m.add_first("sub", {}, tr::child_kind::supervisor);
    const auto j
        = w.m.add_first("brutal", {.shutdown = shutdown::brutal}, tr::child_kind::supervisor);
    CHECK(w.m.children().at(i).options.shutdown == shutdown::infinite);
    CHECK(w.m.children().at(j).options.shutdown == shutdown::brutal);
  }

  TEST_CASE("a killed child that is slow to go is waited for, and killed once") {
    world w;
    w.with({"a"});
    w.holds_end = {"a"};
    w.unkillable = {"a"};

    w.stop();
    w.passes(1h);
    CHECK(w.line() == "ask a, kill a");
    w.ends("a");
    CHECK(w.line() == "end");
  }

  TEST_CASE("stop overtakes what is under way and what waits in line") {
    world w;
    w.with({"a", "b"});
    w.holds_start = {"c"};
    w.add("c");
    w.add("d");
    w.terminate("a");
    w.crashes("b");
    CHECK(w.line() == "start c");

    w.stop();

    // c is asked though it is not up yet; of b, which is gone, nobody asks anything.
    CHECK(w.line() == "closed, closed, closed, ask c, ask a, end");
  }

  TEST_CASE("regression: a start that fails while stop is busy with others is not tried again, and "
            "does not keep it from ending") {
    world w;
    w.with({"a", "b"});
    w.holds_start = {"a"};
    w.holds_end = {"b"};
    w.crashes("a");
    w.stop();
    CHECK(w.line() == "start a, ask b");

    w.crashes("a");
    w.ends("b");

    CHECK(w.line() == "end");
    CHECK(w.states() == "a stopped, b stopped");
  }

  TEST_CASE("stop goes on with a child that is being ended already") {
    world w;
    w.with({"a", "b", "c"});
    w.holds_end = {"a"};
    w.terminate("a");

    w.stop();
    CHECK(w.line() == "ask a, closed, ask c, ask b");
    w.ends("a");

    CHECK(w.line() == "end");
  }

  TEST_CASE("stop does not wait for a delayed restart") {
    world w{{.backoff = {.min = 3s, .max = 30s}}};
    w.with({"a", "b"});
    w.crashes("b");

    w.stop();

    CHECK(w.line() == "ask a, end");
    CHECK_FALSE(w.m.due());
  }

  TEST_CASE("the fourth restart within 5 s is one too many: all are ended, and the supervisor") {
    world w;
    w.with({"a", "b", "c"});
    for (int i = 0; i < 3; ++i)
      w.crashes("b");
    CHECK(w.line() == "start b, start b, start b");

    w.passes(5s);
    w.crashes("b");

    CHECK(w.line() == "ask c, ask a, end");
    CHECK(w.m.ending() == machine::ending::gave_up);
    CHECK(w.m.ending_text() == "more restarts than 3 in 5 s; the last was b: crash");
    CHECK(w.events[w.events.size() - 2] == "stopped a");
    CHECK(w.events.back() == "ended");
    CHECK(std::count(w.events.begin(), w.events.end(), "gave_up") == 1);
  }

  TEST_CASE("restarts that are more than a period apart are forgotten") {
    world w{{.intensity = {1, 5s}}};
    w.with({"a"});
    for (int i = 0; i < 100; ++i) {
      w.crashes("a");
      w.passes(5s + 1ns);
    }
    CHECK(w.states() == "a running");
  }

  TEST_CASE(
      "the restart of many after one crash counts once, and the intensity is of all children") {
    world w{{.strategy = strategy::one_for_all, .intensity = {2, 5s}}};
    w.with({"a", "b", "c"});

    w.crashes("a");
    w.crashes("b");
    CHECK(w.states() == "a running, b running, c running");
    w.crashes("c");

    CHECK(w.m.ending() == machine::ending::gave_up);
  }

  TEST_CASE("a child that is not restarted does not count towards the intensity") {
    world w{{.intensity = tr::restart_intensity::never()}};
    w.with({"a"}, {.restart = restart::temporary}).with({"b"}, {.restart = restart::transient});

    w.crashes("a");
    w.ends("b");
    CHECK(w.m.ending() == machine::ending::none);
    w.restart("b");
    w.crashes("b");
    CHECK(w.m.ending() == machine::ending::gave_up);
  }

  TEST_CASE("failing starts count towards the intensity, and are tried again until then") {
    world w{{.intensity = {3, 5s}}};
    w.with({"a", "b"});
    w.fails_to_start = {"b"};

    w.crashes("b");
    CHECK(w.line() == "start b");
    CHECK(w.states() == "a running, b restarting");
    w.passes(0s);

    CHECK(w.line() == "start b, start b, ask a, end");
    CHECK(w.m.ending_text() == "more restarts than 3 in 5 s; the last was b: no disk");
  }

  TEST_CASE("a failing start among many leaves none running, and all are tried again") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b", "c"});
    w.fails_to_start = {"b"};

    w.crashes("c");
    CHECK(w.line() == "ask b, ask a, start a, start b, ask a");
    CHECK(w.states() == "a stopped, b restarting, c stopped");
    w.fails_to_start = {};
    w.passes(0s);

    CHECK(w.line() == "start a, start b, start c");
  }

  TEST_CASE("the first children are started from left to right") {
    world w;
    for (const auto* name : {"a", "b"})
      w.m.add_first(name, {}, tr::child_kind::worker);

    w.m.begin(w.now);
    w.passes(0s);

    CHECK(w.line().empty()); // the orders wait to be taken
    w.add("c");
    CHECK(w.line() == "start a, start b, ready, start c");
  }

  TEST_CASE(
      "first children of which one cannot be started end the supervisor, from right to left") {
    world w;
    for (const auto* name : {"a", "b", "c", "d"})
      w.m.add_first(name, {}, tr::child_kind::worker);
    w.fails_to_start = {"c"};

    w.m.begin(w.now);
    w.add("e");

    CHECK(w.line() == "start a, start b, start c, closed, ask b, ask a, end");
    CHECK(w.m.ending() == machine::ending::start_failed);
    CHECK(w.m.ending_text() == "c: no disk");
  }

  TEST_CASE("significant children end their supervisor as auto_shutdown says") {
    struct row {
      auto_shutdown when;
      restart type;
      std::string after_first, after_second;
    };
    const std::vector<row> rows{
        {auto_shutdown::any_significant, restart::temporary, "ask c, ask b, end", ""},
        {auto_shutdown::any_significant, restart::transient, "ask c, ask b, end", ""},
        {auto_shutdown::all_significant, restart::temporary, "", "ask c, end"},
        {auto_shutdown::all_significant, restart::transient, "", "ask c, end"},
    };
    for (const auto& [when, type, after_first, after_second] : rows) {
      world w{{.auto_shutdown = when}};
      w.with({"a", "b"}, {.restart = type, .significance = significance::significant});
      w.with({"c"});

      w.ends("a");
      CHECK(w.line() == after_first);
      if (after_second.empty())
        continue;
      w.ends("b");
      CHECK(w.line() == after_second);
      CHECK(w.m.ending() == machine::ending::auto_shutdown);
    }
  }

  TEST_CASE("a significant child that is restarted, or that the supervisor ends, ends nobody") {
    for (const auto when : {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
      world w{{.strategy = strategy::one_for_all, .auto_shutdown = when}};
      w.with({"a"}).with(
          {"s"}, {.restart = restart::transient, .significance = significance::significant});

      w.crashes("s");
      w.crashes("a");
      w.terminate("s");

      CHECK(w.m.ending() == machine::ending::none);
      CHECK(w.states() == "a running, s stopped");
    }
  }
}
