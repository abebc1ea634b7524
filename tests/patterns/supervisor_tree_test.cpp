#include <doctest/doctest.h>

#include <string>
#include <utility>

#include <caf/scheduler/test_coordinator.hpp>

#include "supervisor_fixture.hpp"
#include <troupe/supervisor.hpp>
#include <troupe/supervisor_spec.hpp>

using namespace supervisor_fixture;
using tr::errc;
using tr::restart;
using tr::shutdown;
using tr::strategy;
using tr::supervisor_spec;

namespace {

/// a, db (one_for_all) of pool and writer, z.
struct tree : bench {
  explicit tree(tr::child_options of_db = {}, tr::supervisor_options options = {})
      : bench(std::move(options)) {
    with({"a"});
    CHECK(sup.add("db",
                  supervisor_spec{{.strategy = strategy::one_for_all, .intensity = {1, 5s}}}
                      .add("pool", noted(said, "pool"))
                      .add("writer", noted(said, "writer")),
                  of_db));
    CHECK(said.line() == "+pool, +writer");
    with({"z"});
  }
};

} // namespace

TEST_SUITE("supervisor") {
  TEST_CASE("a branch handles the crashes of its own children") {
    tree t;

    t.crash("db/writer");

    CHECK(t.said.line() == "-writer, -pool, +pool, +writer");
    CHECK(names(t.sup) == "a running, db running, z running");
    CHECK(names(t.sup, "db") == "pool running, writer running");
    CHECK(t.events.empty()); // of the root
  }

  TEST_CASE("a branch that gives up is a failed child: its parent starts it anew") {
    tree t;
    t.crash("db/pool");
    t.said.line();

    t.crash("db/pool"); // the second in 5 s

    CHECK(t.said.line() == "-pool, -writer, +pool, +writer");
    CHECK(names(t.sup) == "a running, db running, z running");
    CHECK(t.sup.children()[1].restarts == 1);
    CHECK(t.sup.children()[1].last_exit
          == "supervisor \"db\": more restarts than 1 in 5 s; the last was pool: crash");
  }

  TEST_CASE("failures climb up the tree: each level's intensity is used up in turn") {
    tree t{{}, {.intensity = {1, 5s}}};
    // Each end of db takes two crashes; the second end is one too many for the root.
    for (int i = 0; i < 4; ++i)
      t.crash("db/pool");

    CHECK(t.sup.done());
    CHECK(t.sys.actors() == 0);
  }

  TEST_CASE("a branch is waited for without limit unless it is given one") {
    tree t;
    REQUIRE(t.sup.add("db/slow", noted(t.said, "slow"), {.shutdown = shutdown::within(24h)}));
    t.tell("db/slow", "stay");
    t.said.line();

    t.sup.stop();

    CHECK(t.said.line() == "-z, -slow, -writer, -pool, -a");
  }

  TEST_CASE("a branch that is killed at its limit takes its children with it") {
    tree t{{.shutdown = shutdown::within(1s)}};
    t.tell("db/writer", "stay"); // for 5 s
    const auto began = tr::detail::now(t.sys);

    t.sup.stop();

    CHECK(tr::detail::now(t.sys) - began == 1s);
    t.run();
    CHECK(t.sys.actors() == 0);
  }

  TEST_CASE("a supervisor that is killed leaves no orphans, and its parent starts it anew") {
    tree t;
    // An actor that nobody knows any more ends by itself: not for these.
    const auto old = t.sup.child("db/pool");
    const auto other = t.sup.child("a");

    t.kill("db");

    CHECK(names(t.sup, "db") == "pool running, writer running");
    CHECK(t.sys.actors() == 6); // two supervisors, a, z, pool, writer

    tr::detail::anon_kill(t.sup.actor());
    t.run();

    CHECK(t.sys.actors() == 0);
    CHECK(t.sup.error()->message() == "the supervisor was ended: killed");
  }

  TEST_CASE("a restarted branch starts its children anew, and has forgotten those added later") {
    tree t;
    REQUIRE(t.sup.add("db/late", noted(t.said, "late")));
    CHECK(names(t.sup, "db") == "pool running, writer running, late running");

    t.kill("db");

    CHECK(names(t.sup, "db") == "pool running, writer running");
  }

  TEST_CASE("a branch of which one child cannot be started is not started, and leaves nothing") {
    bench b;
    const auto answer
        = b.sup.add("db", supervisor_spec{{}}
                              .add("pool", noted(b.said, "pool"))
                              .add("bad", [](caf::event_based_actor*) -> caf::behavior {
                                throw std::runtime_error{"no disk"};
                              }));

    CHECK(answer.error().code() == errc::start_failed);
    CHECK(answer.error().message() == "supervisor \"db\": bad: no disk");
    CHECK(b.said.line() == "+pool, -pool");
    CHECK(b.sup.children().empty());
    CHECK(b.sys.actors() == 1);
  }

  TEST_CASE("a tree can begin with its children: it is up when the constructor returns") {
    virtual_system sys;
    journal said;
    const auto spec = supervisor_spec{{.strategy = strategy::rest_for_one}}
                          .add("a", noted(said, "a"))
                          .add("b", supervisor_spec{{}}.add("c", noted(said, "c")))
                          .add("d", noted(said, "d"));
    {
      const tr::supervisor sup{sys, "root", spec};
      const tr::supervisor again{sys, "again", spec};
      CHECK(said.line() == "+a, +c, +d, +a, +c, +d");
      CHECK(sup.to_text()
            == "root: rest_for_one\n"
               "  a: permanent, running\n"
               "  b: permanent, running, one_for_one\n"
               "    c: permanent, running\n"
               "  d: permanent, running\n");
    }
    CHECK(said.line() == "-d, -c, -a, -d, -c, -a");
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a tree that cannot begin has ended, and says why") {
    virtual_system sys;
    const tr::supervisor sup{sys, "root",
                             supervisor_spec{{}}.add("a", [](caf::actor_system&) -> caf::actor {
                               throw std::runtime_error{"no disk"};
                             })};
    CHECK(sup.done());
    CHECK(to_string(*sup.error()) == "stage \"root\": a: no disk (worker_died)");
  }

  TEST_CASE("significant children end their supervisor, and the parent sees a normal end") {
    bench b;
    for (const auto& [when, to_go] : {std::pair{tr::auto_shutdown::any_significant, 1},
                                      std::pair{tr::auto_shutdown::all_significant, 2}}) {
      const tr::child_options s{.restart = restart::transient,
                                .significance = tr::significance::significant};
      REQUIRE(b.sup.add("job",
                        supervisor_spec{{.auto_shutdown = when}}
                            .add("a", noted(b.said, "a"), s)
                            .add("b", noted(b.said, "b"), s)
                            .add("helper", noted(b.said, "helper")),
                        {.restart = restart::transient}));
      b.said.line();

      b.tell("job/a", "quit");
      CHECK(b.said.line() == (to_go == 1 ? "-a, -helper, -b" : "-a"));
      if (to_go == 2) {
        b.tell("job/b", "quit");
        CHECK(b.said.line() == "-b, -helper");
      }
      CHECK(names(b.sup) == "job stopped");
      CHECK(b.sup.remove("job"));
    }
  }

  TEST_CASE("regression: the tree can be printed at any time") {
    // The children of one that has ended are still known, but nothing is kept for them.
    bench b;
    b.with({"a"});
    tr::supervisor_spec branch;
    branch.add("c", noted(b.said, "c"));
    branch.add("d", noted(b.said, "d"));
    REQUIRE(b.sup.add("db", branch));
    auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>((*b.sys).scheduler());

    tr::detail::anon_kill(b.sup.child("db"));
    do
      CHECK_NOTHROW(b.sup.to_text());
    while (scheduler.try_run_once());
    CHECK(b.sup.to_text().find("    c: permanent, running") != std::string::npos);

    b.sup.stop();
    CHECK(b.sup.to_text().find("  a: permanent, stopped") != std::string::npos);
  }

  TEST_CASE("paths lead to the children of branches, and nowhere else") {
    tree t;
    CHECK(t.sup.child("db/pool"));
    CHECK(t.sup.child("db"));
    for (const auto* wrong : {"", "x", "db/x", "x/pool", "a/pool", "db/", "db/pool/"})
      CHECK_FALSE(t.sup.child(wrong));
    CHECK(t.sup.children("a").empty());
    CHECK(t.sup.terminate("db/x").error().code() == errc::not_found);
    CHECK(t.sup.terminate("x/pool").error().code() == errc::not_found);
    CHECK(t.sup.terminate("a/pool").error().code() == errc::not_found);

    CHECK(t.sup.terminate("db/pool"));
    CHECK(names(t.sup, "db") == "pool stopped, writer running");
    CHECK(t.sup.restart_child("db/pool"));
    CHECK(t.sup.add("db/pool", noted(t.said, "x")).error().code() == errc::already_started);
  }

  TEST_CASE("a spec refuses what a supervisor refuses, and a name that is given twice") {
    CHECK(refusal([] { supervisor_spec{{.backoff = {.min = -1ms}}}; })
          == "supervisor_spec: backoff.min = -1 ms, needs at least 0 ms");
    journal said;
    CHECK(
        refusal([&] { supervisor_spec{{}}.add("a", noted(said, "a")).add("a", noted(said, "a")); })
        == "supervisor_spec: name = \"a\", needs a name of its own");
  }
}
