#include <troupe/manager.hpp>
#include <troupe/optimizer.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

/// One item in 100 ms of virtual time: the first attempt fails, and the second comes then.
struct slow {
  bool again = false;
  tr::result<std::uint64_t> operator()(const std::uint64_t& x) {
    again = !again;
    if (again)
      return tr::fail(tr::errc::stage_failed, "not yet");
    return x;
  }
};

/// 40 items a second, for two workers who do 20.
tr::flow<void> slow_flow(int workers = 2) {
  const auto after_100ms
      = tr::on_error::retry({.attempts = 2, .backoff = {100ms, 100ms}, .jitter = tr::jitter::none});
  return tr::ticks("ticks", 25ms)
         | tr::stage("slow", slow{},
                     {.parallel = workers,
                      .order = tr::emit::as_completed,
                      .buffer = 16,
                      .batch = 1,
                      .on_error = after_100ms})
         | tr::ignore("end");
}

void pass(virtual_system& sys, tr::duration d) { tr::detail::virtual_time::run_for(sys, d); }

const tr::optimizer_options by_itself{.apply = tr::applying::automatically, .measure_for = 20s};

} // namespace

TEST_SUITE("optimizer") {
  TEST_CASE("by hand it only says what to change; a recommendation that is applied helps") {
    virtual_system sys;
    auto r = tr::start(sys, slow_flow(), {.name = "orders"});
    tr::optimizer better{r, {.measure_for = 20s}};

    pass(sys, 100s);
    const auto found = better.advice();

    CHECK(better.log().empty());
    CHECK(r.metrics("slow").workers == 2);
    CHECK(found.throughput == doctest::Approx(20).epsilon(0.02));
    REQUIRE(found.recommendations.size() == 1);
    const auto& rec = found.recommendations.front();
    CHECK(rec.run == "orders");
    CHECK(rec.stage == "slow");
    CHECK(rec.type == tr::advice_type::workers);
    CHECK(rec.expected.throughput.after > 39);
    rec.apply(r);
    r.rates();
    pass(sys, 100s);
    CHECK(r.rates().stages.at(1).throughput == doctest::Approx(40).epsilon(0.02));
    CHECK(to_string(better.advice()) == "nothing to change");
    rec.take_back(r);
    pass(sys, 1s);
    CHECK(r.metrics("slow").workers == 2);
    r.stop();
  }

  TEST_CASE("automatically it changes the run, measures, and tells of each step twice") {
    virtual_system sys;
    auto r = tr::start(sys, slow_flow());
    std::vector<tr::step_state> told;
    auto options = by_itself;
    options.on_step = [&](const tr::optimizer_step& s) {
      told.push_back(s.state);
      throw std::runtime_error{"ignored"};
    };
    tr::optimizer better{r, options};

    pass(sys, 200s);

    const auto log = better.log();
    REQUIRE(!log.empty());
    CHECK(log.size() <= 3);
    CHECK(log.front().predicted.before == doctest::Approx(20).epsilon(0.05));
    CHECK(log.back().state == tr::step_state::kept);
    CHECK(log.back().measured == doctest::Approx(40).epsilon(0.02));
    CHECK(told.size() == 2 * log.size());
    CHECK(told.front() == tr::step_state::measuring);
    CHECK(told.back() == tr::step_state::kept);
    const auto steps = log.size();
    pass(sys, 2min);
    CHECK(better.log().size() == steps);
    r.stop();
  }

  TEST_CASE("no stage gets more workers than the bounds allow") {
    virtual_system sys;
    auto r = tr::start(sys, slow_flow());
    auto options = by_itself;
    options.bounds.most_workers = 3;
    const tr::optimizer better{r, options};

    pass(sys, 2min);

    CHECK(r.metrics("slow").workers == 3);
    CHECK(better.advice().limit == tr::flow_limit{tr::limit_cause::most_workers, "slow"});
    CHECK(better.advice().recommendations.empty());
    r.stop();
  }

  TEST_CASE("a stage with one worker is advice only, and cannot be applied") {
    virtual_system sys;
    auto r = tr::start(sys, slow_flow(1));
    const tr::optimizer better{r, by_itself};

    pass(sys, 2min);

    CHECK(better.log().empty());
    const auto found = better.advice();
    CHECK(found.limit == tr::flow_limit{tr::limit_cause::one_worker, "slow"});
    REQUIRE(found.recommendations.size() == 1);
    CHECK(found.recommendations[0].change.find("compose it with parallel = ") == 0);
    CHECK_THROWS_AS(found.recommendations[0].apply(r), std::logic_error);
    r.stop();
  }

  TEST_CASE("it ends with its run, may outlive it, and leaves no actor") {
    virtual_system sys;
    auto r = std::make_unique<tr::run>(tr::start(sys, slow_flow()));
    auto better = std::make_unique<tr::optimizer>(*r, by_itself);
    pass(sys, 200s);
    r->stop();
    r.reset();
    CHECK(!better->log().empty());
    pass(sys, 2min);
    CHECK(sys.actors() == 0);
    better.reset();

    auto other = tr::start(sys, slow_flow());
    better = std::make_unique<tr::optimizer>(other, by_itself);
    const auto actors = sys.actors();
    better.reset();
    CHECK(sys.actors() == actors - 1);
    other.stop();
    const tr::optimizer late{other, by_itself};
    CHECK(late.log().empty());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("wrong options are refused by name") {
    virtual_system sys;
    auto r = tr::start(sys, slow_flow());
    const auto refused = [&](const tr::optimizer_options& o) {
      return refusal([&] { const tr::optimizer better{r, o}; });
    };

    CHECK(refused({.measure_for = 0s}) == "optimizer: measure_for = 0 ms, needs more than 0 ms");
    CHECK(refused({.must_reach = 1.5}) == "optimizer: must_reach = 1.5, needs 0 to 1");
    CHECK(refused({.try_again = -1s}) == "optimizer: try_again = -1 s, needs at least 0 ms");
    CHECK(refused({.bounds = {.most_workers = 0}})
          == "advisor: most_workers = 0, needs 1 to 10000");
    CHECK(refused({.log = 0}) == "optimizer: log = 0, needs 1 to 1099511627776");
    r.stop();
    CHECK_THROWS_AS(tr::optimizer{tr::run{}}, std::logic_error);
  }

  TEST_CASE("a manager recommends for a flow by its name, and applies") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("orders", slow_flow());
    CHECK(m.recommendations("orders").empty());
    m.start("orders");
    pass(sys, 50s);

    auto found = m.recommendations("orders");
    REQUIRE(found.size() == 1);
    CHECK(found.front().run == "orders");
    CHECK(found.front().stage == "slow");
    for (int i = 0; i < 3 && !found.empty(); ++i) {
      m.apply("orders", found.front());
      pass(sys, 50s); // buffers empty
      (void)m.recommendations("orders");
      pass(sys, 50s);
      found = m.recommendations("orders");
    }
    CHECK(found.empty());
    CHECK(refusal([&] { (void)m.recommendations("order"); })
          == "manager: name = \"order\", needs one of \"orders\"");
  }

  TEST_CASE("a manager's optimizer works on each run of the flow") {
    virtual_system sys;
    tr::manager m{sys};
    m.add("orders", slow_flow());
    m.optimize("orders", by_itself);
    for (int i = 0; i < 2; ++i) {
      m.start("orders");
      pass(sys, 200s);
      REQUIRE(!m.steps("orders").empty());
      CHECK(m.steps("orders").front().run == "orders");
      CHECK(m.metrics("orders").stages.at(1).workers >= 4);
      m.stop("orders");
    }
    CHECK(refusal([&] { m.optimize("orders", {.log = 0}); })
          == "optimizer: log = 0, needs 1 to 1099511627776");
  }
}
