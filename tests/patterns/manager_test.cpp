#include <troupe/manager.hpp>
#include <troupe/monitor.hpp>
#include <troupe/worker_pool.hpp>

#include <latch>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;
using status = tr::managed_status;

namespace {

/// Ends by itself at 3.
tr::flow<void> short_flow() { return tr::from("n", numbers(3)) | tr::ignore("end"); }
/// One item a second, without end.
tr::flow<void> long_flow() { return tr::ticks("t", 1s) | tr::ignore("end"); }

tr::flow<void> failing_flow() {
  return tr::from("n", numbers(3)) | tr::map("bad", [](int x) -> int { throw x; })
         | tr::ignore("end");
}

void pass(virtual_system& sys, tr::duration d) { tr::detail::virtual_time::run_for(sys, d); }

struct counting_observer : tr::observer {
  void watch(std::shared_ptr<const tr::observable>) override { ++runs; }
  int runs = 0;
};

} // namespace

TEST_SUITE("manager") {
  TEST_CASE("keeps flows by name, in the order of adding, and starts none by itself") {
    virtual_system sys;
    tr::manager m{sys};

    m.add("b", long_flow());
    m.add("a", short_flow());

    CHECK(m.list() == std::vector<std::string>{"b", "a"});
    CHECK(m.status("a") == status::idle);
    CHECK(m.metrics("a").stages.empty());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("starts and drains a flow, and answers with its report") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("ticks", long_flow());

    m.start("ticks");
    pass(sys, 3s);
    CHECK(m.status("ticks") == status::running);
    CHECK(m.metrics("ticks").stages.at(0).name == "t");
    CHECK(m.metrics("ticks").stages.at(1).counters.delivered == 3);
    const auto end = accounted(m.stop("ticks"));

    CHECK(end.clean());
    CHECK(end.stage("end").delivered == 3);
    CHECK(m.status("ticks") == status::stopped);
    CHECK(m.metrics("ticks").stages.at(1).counters.delivered == 3); // the last run's
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a flow that ends by itself has ended, one that fails has failed") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("short", short_flow());
    m.add("bad", failing_flow());

    m.start("short");
    m.start("bad");
    pass(sys, 1s);

    CHECK(m.status("short") == status::ended);
    CHECK(m.status("bad") == status::failed);
    CHECK(m.stop("bad").error()); // the last report, still
    CHECK(m.status("bad") == status::failed);
    m.start("bad");
    CHECK(m.status("bad") == status::running);
  }

  TEST_CASE("starting what runs and stopping what does not changes nothing") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("ticks", long_flow());

    const auto none = m.stop("ticks");
    CHECK(none.stages().empty());
    CHECK(m.status("ticks") == status::idle);
    m.start("ticks");
    const auto actors = sys.actors();
    pass(sys, 2s);
    m.start("ticks");
    CHECK(sys.actors() == actors);
    CHECK(m.stop("ticks").stage("end").delivered == 2);
    CHECK(m.stop("ticks").stage("end").delivered == 2);
  }

  TEST_CASE("a restart ends the run and begins another") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("ticks", long_flow());
    m.start("ticks");
    pass(sys, 2s);

    const auto first = m.restart("ticks");
    pass(sys, 1s);

    CHECK(first.stage("end").delivered == 2);
    CHECK(m.status("ticks") == status::running);
    CHECK(m.metrics("ticks").stages.at(1).counters.delivered == 1);
  }

  TEST_CASE("stop abandons what is left at its limit") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("stuck", tr::from("n", numbers(100))
                       | tr::stage("stuck", [](int x) -> int { throw x; },
                                   {.on_error
                                    = tr::on_error::retry({.attempts = 1000, .backoff = {1s, 1s}})})
                       | tr::ignore("end"));
    m.start("stuck");
    pass(sys, 1s);

    const auto end = m.stop("stuck", 5s);

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::timed_out);
    CHECK(m.status("stuck") == status::stopped);
  }

  TEST_CASE("every run that starts is told to the observer, or to the flow's own") {
    virtual_system sys;
    counting_observer watch;
    counting_observer other;
    tr::manager m{sys, watch};
    m.add("a", short_flow());
    m.add("b", short_flow(), {.watch = &other});

    m.start("a");
    pass(sys, 1s);
    m.start("a");
    m.start("b");

    CHECK(watch.runs == 2);
    CHECK(other.runs == 1);
  }

  TEST_CASE("a run has the name of its flow, or the one that it was given, wherever it shows") {
    virtual_system sys;
    tr::monitor watch{*sys, {.sample_every = 1s}};
    tr::manager m{sys, watch};
    m.add("a", long_flow());
    m.add("b", long_flow(), {.name = "other"});

    m.start("a");
    m.start("b");
    pass(sys, 5s);

    CHECK(m.metrics("a").name == "a");
    CHECK(m.metrics("b").name == "other");
    const auto seen = watch.metrics();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].name == "a");
    CHECK(seen[1].name == "other");
  }

  TEST_CASE("a name that is unknown, empty or taken is refused") {
    virtual_system sys;
    tr::manager m{sys};

    CHECK(refusal([&] { m.start("x"); })
          == "manager: name = \"x\", needs a name that was added; there is none");
    m.add("orders", long_flow());
    m.add("prices", long_flow());
    const std::string unknown = "manager: name = \"order\", needs one of \"orders\", \"prices\"";
    CHECK(refusal([&] { m.start("order"); }) == unknown);
    CHECK(refusal([&] { m.stop("order"); }) == unknown);
    CHECK(refusal([&] { m.restart("order"); }) == unknown);
    CHECK(refusal([&] { m.remove("order"); }) == unknown);
    CHECK(refusal([&] { (void)m.status("order"); }) == unknown);
    CHECK(refusal([&] { (void)m.metrics("order"); }) == unknown);
    CHECK(refusal([&] { m.add("orders", short_flow()); })
          == "manager: name = \"orders\", needs a name that is not taken");
    CHECK(refusal([&] { m.add("", short_flow()); })
          == "manager: name = \"\", needs at least one character");
  }

  TEST_CASE("an empty flow is refused when it is started") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("empty", tr::flow<void>{});

    CHECK(refusal([&] { m.start("empty"); }) != "nothing was refused");
    CHECK(m.status("empty") == status::idle);
  }

  TEST_CASE("what is removed is drained and forgotten, and its name is free") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("ticks", long_flow());
    m.start("ticks");

    m.remove("ticks");

    CHECK(sys.actors() == 0);
    CHECK(m.list().empty());
    m.add("ticks", long_flow());
  }

  TEST_CASE("the end of a manager drains what runs, the last added first") {
    virtual_system sys;
    std::string order;
    {
      tr::manager m{sys};
      for (const char name : {'a', 'b', 'c'}) {
        // A group leaves when the flow drains, so the sink says when that was.
        m.add({name}, tr::ticks("t", 1s) | tr::batch("all", {.size = 100})
                          | tr::sink("end", [&order, name](const std::vector<std::uint64_t>&) {
                              order += name;
                            }));
        m.start({name});
      }
      pass(sys, 2s);
    }
    CHECK(order == "cba");
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("balances over services") {
    virtual_system sys;
    tr::monitor watch{sys};
    tr::manager m{sys, watch};
    const auto a = tr::serve(sys, tr::worker_pool("a", [](int) { return 1; }));
    const auto b = tr::serve(sys, tr::worker_pool("b", [](int) { return 2; }));

    const auto turns = m.balance<int, int>("api", {a, b}, tr::balance::round_robin);
    CHECK(turns.ask(0).get() == 1);
    CHECK(turns.ask(0).get() == 2);
    CHECK(turns.ask(0).get() == 1);
    const auto mostly_b
        = m.balance<int, int>("api", {a, b}, {.how = tr::balance::weighted, .weights = {1, 5}});
    CHECK(mostly_b.ask(0).get() == 2);
  }

  TEST_CASE("statuses have names") {
    std::ostringstream out;
    out << status::idle << ' ' << status::running << ' ' << status::stopped << ' ' << status::ended
        << ' ' << status::failed;
    CHECK(out.str() == "idle running stopped ended failed");
  }

  TEST_CASE("while one thread stops a flow, others may look at it and start another") {
    threaded_system sys;
    tr::manager m{sys};
    std::latch inside{1};
    std::latch release{1};
    m.add("slow", tr::from("n", numbers(1))
                      | tr::sink("end",
                                 [&](int) {
                                   inside.count_down();
                                   release.wait();
                                 },
                                 {.thread = tr::thread::own}));
    m.add("other", short_flow());
    m.start("slow");
    inside.wait();

    std::thread stopping{[&] { m.stop("slow"); }};
    m.start("other");
    CHECK(m.list().size() == 2);
    CHECK(m.status("slow") == status::running);
    CHECK(m.metrics("slow").stages.size() == 2);
    release.count_down();
    stopping.join();

    CHECK(m.status("slow") != status::running);
  }
}
