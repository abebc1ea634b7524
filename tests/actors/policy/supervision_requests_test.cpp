#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "supervision_fixture.hpp"
#include <troupe/policy/supervision_machine.hpp>

using namespace supervision_fixture;
using tr::restart;
using tr::strategy;

namespace {

std::string refusal(const tr::supervisor_options& o) {
  try {
    tr::validate(o, "supervisor \"orders\"");
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was refused";
}

std::string refusal(const tr::child_options& o, const tr::supervisor_options& of,
                    const std::string& name = "cache") {
  try {
    tr::validate(o, name, of);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was refused";
}

} // namespace

TEST_SUITE("supervision_machine") {
  TEST_CASE("a restart waits min x 2^n up to max, and nothing else waits for it") {
    world w{{.intensity = tr::restart_intensity::unlimited(), .backoff = {.min = 3s, .max = 30s}}};
    w.with({"a", "b"});
    for (const auto delay : {3s, 6s, 12s, 24s, 30s, 30s}) {
      w.crashes("a");
      CHECK(w.line().empty());
      CHECK(w.states() == "a restarting, b running");
      CHECK(w.m.due() == w.now + delay);
      w.passes(delay - 1ns);
      CHECK(w.line().empty());
      w.add("x", {.restart = restart::temporary});
      w.ends("x");
      CHECK(w.line() == "start x");
      w.passes(1ns);
      CHECK(w.line() == "start a");
    }
  }

  TEST_CASE("the backoff begins anew when the child has run for at least min") {
    world w{{.backoff = {.min = 1s, .max = 30s}}};
    w.with({"a"});
    w.crashes("a");
    w.passes(1s);

    w.passes(1s - 1ns);
    w.crashes("a");
    CHECK(w.m.due() == w.now + 2s);
    w.passes(2s);

    w.passes(1s);
    w.crashes("a");
    CHECK(w.m.due() == w.now + 1s);
  }

  TEST_CASE("each child has its own backoff, and failing starts prolong it") {
    world w{{.intensity = {10, 1s}, .backoff = {.min = 1s, .max = 30s}}};
    w.with({"a", "b"});
    w.fails_to_start = {"a"};

    w.crashes("a");
    w.passes(1s);
    CHECK(w.line() == "start a");
    CHECK(w.m.due() == w.now + 2s);
    w.crashes("b");

    CHECK(w.m.due() == w.now + 1s);
  }

  TEST_CASE("with a backoff, the siblings are ended at the crash and started with the child") {
    world w{{.strategy = strategy::rest_for_one, .backoff = {.min = 1s, .max = 30s}}};
    w.with({"a", "b", "c"});

    w.crashes("b");
    CHECK(w.line() == "ask c");
    CHECK(w.states() == "a running, b restarting, c stopped");
    w.passes(1s);

    CHECK(w.line() == "start b, start c");
  }

  TEST_CASE("a crash to the left of a delayed restart takes it over") {
    world w{{.strategy = strategy::rest_for_one, .backoff = {.min = 1s, .max = 30s}}};
    w.with({"a", "b", "c"});
    w.crashes("b");
    w.passes(500ms);
    w.line();

    w.crashes("a");
    w.passes(500ms); // when b would have been tried
    CHECK(w.line().empty());
    CHECK(w.states() == "a restarting, b stopped, c stopped");
    w.passes(500ms);

    CHECK(w.line() == "start a, start b, start c");
    CHECK_FALSE(w.m.due());
  }

  TEST_CASE("add refuses a name that is there: already_started, or already_present") {
    world w{{.backoff = {.min = 1s, .max = 1s}}};
    w.with({"a", "b", "c"});
    w.terminate("b");
    w.crashes("c");
    w.line();

    w.add("a");
    w.add("b");
    w.add("c"); // waits for its restart

    CHECK(w.line() == "already_started, already_present, already_present");
  }

  TEST_CASE("add of a child that cannot be started answers so, and forgets it") {
    world w;
    w.fails_to_start = {"a"};

    w.add("a");

    CHECK(w.line() == "start a, start_failed");
    CHECK(w.states().empty());
    CHECK(w.m.ending() == machine::ending::none);
    w.fails_to_start = {};
    w.add("a");
    CHECK(w.line() == "start a");
  }

  TEST_CASE("terminate keeps a child for restart_child, and forgets a temporary one") {
    world w;
    w.with({"a"}).with({"t"}, {.restart = restart::temporary});

    w.terminate("a");
    w.terminate("t");
    w.terminate("x");
    CHECK(w.line() == "ask a, ask t, not_found");
    CHECK(w.states() == "a stopped");
    w.terminate("a"); // does not run: nothing to do
    w.restart("a");

    CHECK(w.line() == "start a");
    CHECK(w.states() == "a running");
  }

  TEST_CASE("terminate calls off a delayed restart") {
    world w{{.backoff = {.min = 1s, .max = 1s}}};
    w.with({"a"});
    w.crashes("a");

    w.terminate("a");
    w.passes(1h);

    CHECK(w.line().empty());
    CHECK(w.states() == "a stopped");
  }

  TEST_CASE("a child that crashes while its terminate waits in line is not started again") {
    world w;
    w.with({"a", "b"});
    w.holds_end = {"b"};
    w.terminate("b");
    w.terminate("a");

    w.crashes("a");
    w.ends("b");

    CHECK(w.line() == "ask b");
    CHECK(w.states() == "a stopped, b stopped");
  }

  TEST_CASE("restart_child refuses a child that runs, one that waits for its restart, and others") {
    world w{{.backoff = {.min = 1s, .max = 1s}}};
    w.with({"a", "b"});
    w.crashes("b");

    w.restart("a");
    w.restart("b");
    w.restart("x");

    CHECK(w.line() == "still_running, restarting, not_found");
  }

  TEST_CASE("a restart by hand that fails leaves the child stopped, and does not count") {
    world w{{.intensity = tr::restart_intensity::never()}};
    w.with({"a"});
    w.terminate("a");
    w.fails_to_start = {"a"};
    w.line();

    w.restart("a");

    CHECK(w.line() == "start a, start_failed");
    CHECK(w.states() == "a stopped");
  }

  TEST_CASE("remove forgets a child that does not run, and refuses the others") {
    world w{{.backoff = {.min = 1s, .max = 1s}}};
    w.with({"a", "b", "c"});
    w.crashes("b");
    w.terminate("c");
    w.line();

    w.remove("a");
    w.remove("b");
    w.remove("c");
    w.remove("x");

    CHECK(w.line() == "still_running, restarting, not_found");
    CHECK(w.states() == "a running, b restarting");
    w.add("c");
    CHECK(w.states() == "a running, b restarting, c running");
  }

  TEST_CASE("requests are served in the order in which they came, one at a time") {
    world w;
    w.holds_start = {"a"};

    w.add("a");
    w.terminate("a");
    w.remove("a");
    CHECK(w.line() == "start a");
    w.comes_up("a");

    CHECK(w.line() == "ask a");
    CHECK(w.states().empty());
  }

  TEST_CASE("wrong options are refused with option, value and range") {
    CHECK(refusal(tr::supervisor_options{.backoff = {.min = -1ms}})
          == "supervisor \"orders\": backoff.min = -1 ms, needs at least 0 ms");
    CHECK(refusal(tr::supervisor_options{.backoff = {.min = 2s, .max = 1s}})
          == "supervisor \"orders\": backoff.max = 1 s, needs at least backoff.min, 2 s");
    CHECK(refusal(tr::supervisor_options{.backoff = {.factor = 2}})
          == "supervisor \"orders\": backoff.factor = 2, needs 0 to 1");
    CHECK(refusal(tr::child_options{}, {}, "a/b")
          == "child: name = \"a/b\", needs at least one character and no '/'");
    const tr::child_options significant{.restart = restart::transient,
                                        .significance = tr::significance::significant};
    CHECK(refusal(significant, {})
          == "child \"cache\": significance = significant, needs a supervisor whose auto_shutdown "
             "is not never");
    CHECK(refusal(tr::child_options{.significance = tr::significance::significant},
                  {.auto_shutdown = tr::auto_shutdown::any_significant})
          == "child \"cache\": significance = significant, needs restart = transient or temporary");
    CHECK(refusal(significant, {.auto_shutdown = tr::auto_shutdown::any_significant})
          == "nothing was refused");
    CHECK_THROWS_WITH_AS(tr::shutdown::within(-1ms),
                         "shutdown: within = -1 ms, needs at least 0 ms", std::invalid_argument);
  }

  TEST_CASE("a shutdown says its limit, and whether it asks at all") {
    CHECK(tr::shutdown::brutal.is_brutal());
    CHECK_FALSE(tr::shutdown::infinite.is_brutal());
    CHECK(tr::shutdown::infinite.limit() == std::nullopt);
    CHECK(tr::shutdown::within(1s).limit() == 1s);
  }
}
