#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "supervision_fixture.hpp"
#include <troupe/supervision.hpp>

using namespace supervision_fixture;
using tr::restart;
using tr::strategy;

TEST_SUITE("supervision_machine") {
  TEST_CASE("one_for_one restarts the child that crashed, and no other") {
    world w{{.strategy = strategy::one_for_one}};
    w.with({"a", "b", "c"});

    w.crashes("b");

    CHECK(w.line() == "start b");
    CHECK(w.states() == "a running, b running, c running");
  }

  TEST_CASE("one_for_all ends the others from right to left, then starts all from left to right") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b", "c"});

    w.crashes("b");

    CHECK(w.line() == "ask c, ask a, start a, start b, start c");
  }

  TEST_CASE("rest_for_one ends those that were added later, then starts them behind the child") {
    world w{{.strategy = strategy::rest_for_one}};
    w.with({"a", "b", "c", "d"});

    w.crashes("b");
    CHECK(w.line() == "ask d, ask c, start b, start c, start d");
    w.crashes("d");
    CHECK(w.line() == "start d");
    w.crashes("a");
    CHECK(w.line() == "ask d, ask c, ask b, start a, start b, start c, start d");
  }

  TEST_CASE("whether a child is started again follows from its type and from how it ended") {
    struct row {
      restart type;
      machine::exit how;
      std::string line;
      std::string states;
    };
    const std::vector<row> rows{
        {restart::permanent, machine::exit::failure, "start a", "a running"},
        {restart::permanent, machine::exit::normal, "start a", "a running"},
        {restart::transient, machine::exit::failure, "start a", "a running"},
        {restart::transient, machine::exit::normal, "", "a stopped"},
        {restart::temporary, machine::exit::failure, "", ""},
        {restart::temporary, machine::exit::normal, "", ""},
    };
    for (const auto& r : rows) {
      CAPTURE(to_string(r.type));
      world w;
      w.with({"a"}, {.restart = r.type});

      w.exits("a", r.how);

      CHECK(w.line() == r.line);
      CHECK(w.states() == r.states);
    }
  }

  TEST_CASE("the normal end of a child does not touch its siblings") {
    for (const auto s : {strategy::one_for_all, strategy::rest_for_one}) {
      world w{{.strategy = s}};
      w.with({"a"}, {.restart = restart::transient});
      w.with({"b"});

      w.ends("a");

      CHECK(w.line().empty());
      CHECK(w.states() == "a stopped, b running");
    }
  }

  TEST_CASE("a temporary child that is ended for the sake of a sibling is forgotten") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a"}).with({"t"}, {.restart = restart::temporary}).with({"c"});

    w.crashes("a");

    CHECK(w.line() == "ask c, ask t, start a, start c");
    CHECK(w.states() == "a running, c running");
  }

  TEST_CASE("the restart of all starts also a child that had ended or was terminated before") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a"}).with({"b"}, {.restart = restart::transient}).with({"c"});
    w.ends("b");
    w.terminate("c");
    CHECK(w.states() == "a running, b stopped, c stopped");
    w.line();

    w.crashes("a");

    CHECK(w.line() == "start a, start b, start c");
  }

  TEST_CASE("each child is started when the one before it is up") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b"});
    w.holds_start = {"a"};

    w.crashes("b");
    CHECK(w.line() == "ask a, start a");
    w.comes_up("a");
    CHECK(w.line() == "start b");
  }

  TEST_CASE("each child is ended when the one behind it is gone") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b", "c"});
    w.holds_end = {"b"};

    w.crashes("c");
    CHECK(w.line() == "ask b");
    w.ends("b");
    CHECK(w.line() == "ask a, start a, start b, start c");
  }

  TEST_CASE("siblings that crash while they are ended count as ended") {
    world w{{.strategy = strategy::one_for_all, .intensity = {1, 5s}}};
    w.with({"a", "b", "c"});
    w.holds_end = {"c"};

    w.crashes("b");
    w.crashes("a"); // its turn had not come
    w.crashes("c"); // its turn it was

    CHECK(w.line() == "ask c, start a, start b, start c");
    CHECK(w.m.ending() == machine::ending::none);
  }

  TEST_CASE("a child that crashes while others are restarted has its turn behind them") {
    world w{{.strategy = strategy::rest_for_one}};
    w.with({"a", "b", "c"});
    w.holds_start = {"b"};

    w.crashes("b");
    CHECK(w.line() == "ask c, start b");
    w.crashes("a");
    CHECK(w.line().empty());
    w.holds_start = {};
    w.comes_up("b");

    CHECK(w.line() == "start c, ask c, ask b, start a, start b, start c");
  }

  TEST_CASE("a child may crash again as soon as it is up") {
    world w;
    w.with({"a"});

    w.crashes("a");
    w.crashes("a");

    CHECK(w.line() == "start a, start a");
    CHECK(w.child("a").restarts == 2);
    CHECK(w.child("a").why == "crash");
  }

  TEST_CASE("news of an earlier run of a child are of no interest") {
    world w;
    w.with({"a"});
    const auto first = w.child("a").run;
    w.crashes("a");
    w.line();

    w.m.exited(*w.m.find("a"), first, machine::exit::failure, "late", w.now);
    w.m.started(*w.m.find("a"), first, w.now);
    w.m.exited(77, 1, machine::exit::failure, "unknown", w.now);

    CHECK(w.m.take_orders().empty());
    CHECK(w.states() == "a running");
  }

  TEST_CASE("an end counts once, as it was told first") {
    world w;
    w.with({"a", "b"});
    w.holds_end = {"b"};
    w.terminate("b"); // what happens meanwhile waits in line
    w.events.clear();

    w.crashes("a");
    w.exits("a", machine::exit::normal, "echo");

    CHECK(w.child("a").why == "crash");
    CHECK(w.events.size() == 1);
  }

  TEST_CASE("a start that declines is no failure, and the next child is started") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b"});
    w.declines = {"a"};

    w.crashes("b");

    CHECK(w.line() == "ask a, start a, start b");
    CHECK(w.states() == "a stopped, b running");
  }

  TEST_CASE("events tell what became of each child") {
    world w{{.strategy = strategy::one_for_all}};
    w.with({"a", "b"});
    w.fails_to_start = {"b"};
    w.add("c");
    w.events.clear();

    w.crashes("a");
    w.fails_to_start = {};
    w.passes(0s);

    CHECK(w.events
          == std::vector<std::string>{"exited a", "stopped c", "stopped b", "restarted a",
                                      "start_failed b", "stopped a", "restarted a", "restarted b",
                                      "restarted c"});
  }
}
