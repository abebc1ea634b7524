// What samples say while a function of the user runs, and of the time since the last look.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/call.hpp>
#include <troupe/run.hpp>
#include <troupe/service_of.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// A function's view of its own run: what a sample says of it a second later.
class onlooker {
public:
  explicit onlooker(virtual_system& sys) : sys_(sys) {}

  tr::report watch(const tr::flow<void>& f, std::string stage) {
    look_ = [this, stage = std::move(stage)] { return run_.metrics(stage); };
    run_ = tr::start(sys_, f);
    return run_.wait();
  }
  void look_later() {
    tr::detail::virtual_time::advance(sys_, 1s);
    seen.push_back(look_());
  }

  std::vector<tr::stage_metrics> seen;

private:
  virtual_system& sys_;
  tr::run run_;
  std::function<tr::stage_metrics()> look_;
};

} // namespace

TEST_SUITE("running call") {
  TEST_CASE("what a function is at is in flight, its worker busy, and its latency grows") {
    virtual_system sys;
    onlooker by(sys);
    const auto hang = [&](int x) {
      if (x == 50) {
        by.look_later();
        by.look_later();
      }
      return x;
    };
    const auto numbers_in = tr::from("n", numbers(100));

    SUBCASE("in a sink") {
      CHECK(by.watch(numbers_in | tr::sink("hang", [&](int x) { hang(x); }), "hang").clean());
    }
    SUBCASE("in a stage") {
      CHECK(by.watch(numbers_in | tr::map("hang", hang) | tr::ignore("end"), "hang").clean());
    }
    SUBCASE("in one worker of several") {
      CHECK(
          by.watch(numbers_in | tr::map("hang", hang, {.parallel = 2}) | tr::ignore("end"), "hang")
              .clean());
      for (auto& m : by.seen)
        m.utilization *= 2;
    }
    SUBCASE("in a function that deals out") {
      CHECK(by.watch(numbers_in
                         | tr::partition(
                             "hang", [&](int x) { return std::size_t(hang(x) % 2); },
                             tr::ignore("a"), tr::ignore("b")),
                     "hang")
                .clean());
    }

    REQUIRE(by.seen.size() == 2);
    for (const auto& m : by.seen) {
      CHECK(m.counters.balanced());
      CHECK(m.counters.in_flight >= 1);
      CHECK(m.utilization == doctest::Approx(1));
    }
    // Quick ones are timed by the batch: from when it takes more than 2 us an item.
    CHECK(by.seen[0].latency.max >= 999ms);
    CHECK(by.seen[0].latency.max <= 1s);
    CHECK(by.seen[1].latency.max == by.seen[0].latency.max + 1s);
  }

  TEST_CASE("a source that hangs in its function is busy, and its latency grows") {
    virtual_system sys;
    onlooker by(sys);

    CHECK(by.watch(tr::produce<int>("hang",
                                    [&, n = 0]() mutable {
                                      if (++n == 50)
                                        by.look_later();
                                      return n < 100 ? std::optional{n} : std::nullopt;
                                    })
                       | tr::ignore("end"),
                   "hang")
              .clean());

    REQUIRE(by.seen.size() == 1);
    CHECK(by.seen[0].utilization == doctest::Approx(1));
    CHECK(by.seen[0].latency.max >= 990ms);
  }

  TEST_CASE("of items that are timed singly, the time of the one that runs is told") {
    virtual_system sys;
    onlooker by(sys);
    const auto slow = [&](int x) {
      tr::detail::virtual_time::advance(sys, 10ms);
      if (x == 50)
        by.look_later();
    };

    CHECK(by.watch(tr::from("n", numbers(100)) | tr::sink("slow", slow, {.batch = 64}), "slow")
              .clean());

    REQUIRE(by.seen.size() == 1);
    CHECK(by.seen[0].latency.max == 1s + 10ms);
    CHECK(by.seen[0].latency.p50 <= 11ms);
    CHECK(by.seen[0].utilization == doctest::Approx(1));
  }

  TEST_CASE("an item that failed is not part of the time of the next") {
    virtual_system sys;
    onlooker by(sys);
    const auto f = [&](int x) {
      tr::detail::virtual_time::advance(sys, 10ms);
      if (x == 50)
        by.look_later();
      else
        throw std::runtime_error{"no"};
    };

    const auto end
        = by.watch(tr::from("n", numbers(51))
                       | tr::sink("bad", f, {.batch = 64, .on_error = tr::on_error::skip}),
                   "bad");

    CHECK(end.stage("bad").failed == 50);
    REQUIRE(by.seen.size() == 1);
    CHECK(by.seen[0].latency.max == 1s + 10ms);
  }

  TEST_CASE("a call that runs in a served pool counts") {
    virtual_system sys;
    tr::service<int, int>* me = nullptr;
    std::vector<tr::stage_metrics> seen;
    auto pool = tr::serve(*sys, tr::worker_pool("pool", [&](int x) {
      tr::detail::virtual_time::advance(sys, 1s);
      seen.push_back(me->metrics());
      return x;
    }));
    me = &pool;

    auto answer = pool.ask(1);
    tr::detail::virtual_time::run_jobs(sys);

    REQUIRE(answer.get());
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].counters.in_flight == 1);
    CHECK(seen[0].counters.balanced());
    CHECK(seen[0].utilization == doctest::Approx(1));
    CHECK(seen[0].latency.max == 1s);
    CHECK(pool.drain(1s).clean());
  }

  TEST_CASE("the workers of a served call are busy while they call, and its latency grows") {
    virtual_system sys;
    tr::service<int, int>* me = nullptr;
    std::vector<tr::stage_metrics> seen;
    auto svc = tr::serve(*sys, tr::call(
                                   "slow",
                                   [&](int x) {
                                     tr::detail::virtual_time::advance(sys, 1s);
                                     seen.push_back(me->metrics());
                                     return x;
                                   },
                                   tr::call_options{.workers = 2}));
    me = &svc;

    auto answer = svc.ask(1);
    tr::detail::virtual_time::run_jobs(sys);
    REQUIRE(answer.get());
    tr::detail::virtual_time::run_for(sys, 1s);
    seen.push_back(svc.metrics());

    REQUIRE(seen.size() == 2);
    CHECK(seen[0].counters.in_flight == 1);
    CHECK(seen[0].latency.max == 1s);
    CHECK(seen[0].utilization == doctest::Approx(0.5));
    CHECK(seen[1].utilization == doctest::Approx(0.25));
    CHECK(seen[1].latency.max == 1s);
    CHECK(svc.drain(1s).clean());
  }

  TEST_CASE("the latency of a request that nobody answers grows until it leaves") {
    virtual_system sys;
    const auto silent = (*sys).spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](int) { return self->make_response_promise<int>(); }};
    });
    auto svc = tr::serve(*sys, tr::service_of<int, int>(silent, {.timeout = 10s}));
    const auto longest = [&] { return svc.metrics().latency.max; };

    auto first = svc.ask(1);
    tr::detail::virtual_time::run_for(sys, 2s);
    auto second = svc.ask(2);
    CHECK(longest() == 2s);
    tr::detail::virtual_time::run_for(sys, 3s);
    CHECK(longest() == 5s);
    tr::detail::virtual_time::run_for(sys, 6s);
    CHECK(!first.get());
    CHECK(svc.metrics().counters.in_flight == 1);
    CHECK(longest() == 10s);

    tr::detail::anon_kill(silent);
    svc.drain(20s);
  }
}

TEST_SUITE("rates") {
  TEST_CASE("are those since the last look, the first time since the start") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 10ms) | tr::ignore("end"));
    const auto rate = [&] { return r.rates().stages.at(1).throughput; };

    r.wait_for(1s);
    CHECK(rate() == doctest::Approx(100));
    r.pause("end");
    r.wait_for(3s);
    CHECK(rate() == 0);
    CHECK(r.metrics("end").throughput == doctest::Approx(25));
    CHECK(r.rates().stages.at(1).counters.delivered == 100);

    r.resume("end");
    r.stop();
  }

  TEST_CASE("are each handle's own, and go on after the end") {
    virtual_system sys;
    const auto f = tr::ticks("t", 10ms) | tr::take("some", 100) | tr::ignore("end");
    auto a = tr::start(sys, f);
    auto b = tr::start(sys, f);

    a.wait_for(500ms);
    CHECK(a.rates().stages.back().throughput == doctest::Approx(100));
    a.wait();
    b.wait();
    CHECK(b.rates().stages.back().throughput == doctest::Approx(100));
    CHECK(a.rates().stages.back().counters.delivered == 100);
    CHECK(a.rates().stages.back().throughput == 0);
  }
}
