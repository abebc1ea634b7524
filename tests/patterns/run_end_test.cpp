#include <troupe/manager.hpp>
#include <troupe/run.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

tr::flow<void> short_flow() { return tr::from("n", numbers(3)) | tr::ignore("end"); }
/// One item a second, without end.
tr::flow<void> long_flow() { return tr::ticks("t", 1s) | tr::ignore("end"); }

} // namespace

TEST_SUITE("run on_end") {
  TEST_CASE("it is called once, with the report, before wait answers; then nothing of it is left") {
    virtual_system sys;
    auto r = tr::start(sys, short_flow());
    auto seen = std::make_shared<std::vector<std::uint64_t>>();
    const std::weak_ptr<void> captured = seen;
    r.on_end([seen = std::move(seen), &r](const tr::report& end) {
      seen->push_back(end.stage("end").delivered);
      CHECK(seen->size() == 1);
      CHECK(r.done());
      CHECK(r.wait().clean()); // does not wait for this call
    });
    CHECK_FALSE(captured.expired());

    CHECK(r.wait().clean());
    CHECK(captured.expired());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("after the end it is called here and now, and what it throws comes out") {
    virtual_system sys;
    auto r = tr::start(sys, short_flow());
    r.wait();
    int calls = 0;
    r.on_end([&](const tr::report& end) { calls += end.clean() ? 1 : 100; });
    CHECK(calls == 1);
    CHECK_THROWS_WITH_AS(r.on_end([](const tr::report&) { throw std::runtime_error("late"); }),
                         "late", std::runtime_error);
    CHECK(r.wait().clean());
  }

  TEST_CASE("all that ask are told, however the run ends") {
    virtual_system sys;
    for (const bool drains : {true, false}) {
      auto r = tr::start(sys, long_flow());
      int calls = 0;
      for (int i = 0; i < 3; ++i)
        r.on_end([&](const tr::report&) { ++calls; });
      tr::detail::virtual_time::run_for(sys, 3s);
      CHECK(calls == 0);
      drains ? r.drain() : r.stop();
      CHECK(calls == 3);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("the destructor waits for it") {
    virtual_system sys;
    int calls = 0;
    {
      const auto r = tr::start(sys, long_flow());
      r.on_end([&](const tr::report&) { ++calls; });
    }
    CHECK(calls == 1);
  }

  TEST_CASE("what it throws is the error of a report that has none") {
    virtual_system sys;
    auto r = tr::start(sys, short_flow());
    r.on_end([](const tr::report& end) {
      CHECK_FALSE(end.error().has_value());
      throw std::runtime_error("no network");
    });
    const auto end = r.wait();
    REQUIRE(end.error().has_value());
    CHECK(end.error()->message() == "the run's on_end threw: no network");
    CHECK(end.stage("end").delivered == 3);
  }

  TEST_CASE("it may not wait for another run") {
    virtual_system sys;
    auto other = tr::start(sys, long_flow());
    auto r = tr::start(sys, short_flow());
    r.on_end([&](const tr::report&) { (void)other.wait(); });
    const auto end = r.wait();
    REQUIRE(end.error().has_value());
    CHECK(end.error()->message().find("inside an actor") != std::string::npos);
  }

  TEST_CASE("nothing to call is refused") {
    virtual_system sys;
    auto r = tr::start(sys, short_flow());
    CHECK(refusal([&] { r.on_end({}); }) == "run: on_end = nothing, needs a function");
  }

  TEST_CASE("asked while the run ends it is called exactly once, and wait answers after it") {
    threaded_system sys;
    for (int i = 0; i < 200; ++i) {
      auto r = tr::start(sys, short_flow());
      const auto calls = std::make_shared<std::atomic<int>>(0);
      for (int k = 0; k < i % 20; ++k)
        std::this_thread::yield();
      r.on_end([calls](const tr::report& end) { *calls += end.clean() ? 1 : 100; });
      CHECK(r.wait().clean());
      CHECK(calls->load() == 1);
      CHECK(calls.use_count() == 1);
    }
  }
}

TEST_SUITE("manager on_end") {
  TEST_CASE("it is told of the first run where there was none, of one that runs, and of the last") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("ticks", long_flow());
    std::vector<std::string> told;
    m.on_end("ticks", [&](const tr::report&) { told.push_back("first"); });
    CHECK(told.empty());
    m.start("ticks");
    m.on_end("ticks", [&](const tr::report&) { told.push_back("running"); });
    m.stop("ticks");
    CHECK(told.size() == 2);
    m.on_end("ticks", [&](const tr::report&) { told.push_back("last"); });
    CHECK(told.back() == "last");

    m.restart("ticks"); // once, and not of every run
    m.stop("ticks");
    CHECK(told.size() == 3);
    CHECK(refusal([&] { m.on_end("tocks", [](const tr::report&) {}); }).find("tocks")
          != std::string::npos);
    CHECK(refusal([&] { m.on_end("ticks", {}); }) == "manager: on_end = nothing, needs a function");
  }

  TEST_CASE("it may start the flow again") {
    for (const bool threads : {false, true}) {
      std::optional<virtual_system> in_virtual_time;
      std::optional<threaded_system> in_threads;
      caf::actor_system& sys = threads ? *in_threads.emplace() : *in_virtual_time.emplace();
      tr::manager m{sys};
      m.add("short", short_flow());
      std::atomic<int> runs = 0;
      std::function<void(const tr::report&)> again = [&](const tr::report&) {
        CHECK(m.status("short") == tr::managed_status::ended);
        if (++runs == 20)
          return;
        m.start("short");
        m.on_end("short", again);
      };
      m.on_end("short", again);
      m.start("short");
      while (runs < 20)
        threads ? std::this_thread::yield() : tr::detail::virtual_time::run_for(sys, 1s);
      CHECK(m.stop("short").clean());
    }
  }

  TEST_CASE("at the end of the manager it may ask for what is not there any more") {
    threaded_system sys;
    std::string said;
    {
      tr::manager m{sys};
      m.add("ticks", long_flow());
      m.start("ticks");
      m.on_end("ticks", [&](const tr::report&) { said = refusal([&] { m.start("ticks"); }); });
    }
    CHECK(said.find("ticks") != std::string::npos);
  }
}
