#include <troupe/policy/optimizer_machine.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "advisor_fixture.hpp"

using namespace troupe;
using namespace advisor_tests;

namespace {

/// source | slow | other: how much each of the two does with so many workers is up to the test.
class fake_flow {
public:
  std::function<double(std::size_t)> slow = [](std::size_t n) { return 100.0 * double(n); };
  std::function<double(std::size_t)> other = [](std::size_t n) { return 1000.0 * double(n); };
  double offered = 400;
  std::size_t workers[2] = {1, 1};
  std::uint64_t memory = 1000;

  double rate() const { return std::min({offered, slow(workers[0]), other(workers[1])}); }

  graph_sample after(duration d) {
    const auto s = std::chrono::duration<double>(d).count();
    at_ += d;
    items_ += rate() * s;
    busy_[0] += s * rate() / offered;
    busy_[1] += s * static_cast<double>(workers[0]) * rate() / slow(workers[0]);
    busy_[2] += s * static_cast<double>(workers[1]) * rate() / other(workers[1]);
    return sample();
  }

  void apply(const std::vector<optimizer_machine::change>& changes) {
    for (const auto& c : changes)
      workers[c.stage == "slow" ? 0 : 1] = std::size_t{*c.to.parallel};
  }

private:
  graph_sample sample() const {
    const bool first = rate() == slow(workers[0]) && rate() < offered;
    const bool second = rate() == other(workers[1]) && rate() < offered;
    const auto n = static_cast<std::uint64_t>(items_);
    auto all = sample_of(
        {{.name = "source", .kind = pattern_kind::producer_consumer, .items = n},
         {.name = "slow", .items = n, .workers = workers[0], .fill = first || second ? 1.0 : 0.0},
         {.name = "other", .items = n, .workers = workers[1], .fill = second ? 1.0 : 0.0}});
    for (std::size_t i = 0; i < 3; ++i)
      all.stages[i].busy
          = std::chrono::duration_cast<duration>(std::chrono::duration<double>{busy_[i]});
    all.at = at_;
    all.memory = memory;
    return all;
  }

  time_point at_ = time_point{} + 100s;
  double items_ = 0;
  double busy_[3] = {};
};

struct bench {
  explicit bench(optimizer_options options = {.apply = applying::automatically})
      : machine(forms_of({{.name = "source"}, {.name = "slow"}, {.name = "other"}}), options) {}

  void pass(duration d) {
    for (duration t{}; t < d; t += machine.sample_every())
      flow.apply(machine.feed(flow.after(machine.sample_every())));
  }
  std::vector<std::string> log() const {
    std::vector<std::string> all;
    for (const auto& s : machine.log())
      all.push_back(to_string(s));
    return all;
  }

  fake_flow flow;
  optimizer_machine machine;
};

} // namespace

TEST_SUITE("optimizer_machine") {
  TEST_CASE("changes nothing before it has looked for a period, nor by hand") {
    bench b;
    b.pass(8750ms);
    CHECK(b.log().empty());
    b.pass(2500ms);
    CHECK(b.flow.workers[0] == 5); // 400 a second by workers that do 100, busy at most 90 %

    bench by_hand{{}};
    by_hand.pass(10min);
    CHECK(by_hand.log().empty());
    CHECK(by_hand.machine.look().recommendations.size() == 1);
  }

  TEST_CASE("keeps what did what was predicted, and is content") {
    bench b;
    b.pass(1h);

    CHECK(b.log()
          == std::vector<std::string>{"step 1: orders: slow: parallel = 5 instead of 1: 100 -> "
                                      "400 items/s predicted, 400 measured: kept"});
    CHECK(b.machine.log().front().state == step_state::kept);
    CHECK(to_string(b.machine.look()) == "nothing to change");
  }

  TEST_CASE("changes stages that limit each other in one step") {
    bench b;
    b.flow.other = [](std::size_t n) { return 150.0 * static_cast<double>(n); };
    b.pass(1min);

    REQUIRE(b.machine.log().size() == 1);
    CHECK(b.machine.log().front().changes.size() == 2);
    CHECK(b.flow.workers[0] == 5);
    CHECK(b.flow.workers[1] == 3);
    CHECK(b.flow.rate() == 400);
  }

  TEST_CASE("takes back what makes it worse, and leaves it alone for as long as it was told") {
    bench b{{.apply = applying::automatically, .try_again = 5min}};
    b.flow.slow = [](std::size_t n) { return n == 1 ? 100.0 : 60.0; };
    b.pass(1min);

    CHECK(b.log()
          == std::vector<std::string>{"step 1: orders: slow: parallel = 5 instead of 1: 100 -> 400 "
                                      "items/s predicted, 60 measured: taken back, it made it "
                                      "worse"});
    CHECK(b.flow.workers[0] == 1);
    CHECK(b.machine.look().recommendations.empty());
    CHECK(b.machine.look().limit == flow_limit{limit_cause::function, "slow"});
    b.pass(4min);
    CHECK(b.machine.log().size() == 1);
    b.pass(2min);
    CHECK(b.machine.log().size() == 2);
    CHECK(b.flow.workers[0] == 1);
  }

  TEST_CASE("takes back a step that gains less than it must reach") {
    bench b{{.apply = applying::automatically, .must_reach = 0.5}};
    SUBCASE("it gains too little") {
      b.flow.slow = [](std::size_t n) { return n == 1 ? 100.0 : 240.0; };
      b.pass(1min);
      CHECK(b.flow.workers[0] == 1);
      CHECK(b.machine.log().front().why == "it gained too little");
    }
    SUBCASE("it gains enough") {
      b.flow.slow = [](std::size_t n) { return n == 1 ? 100.0 : 260.0; };
      b.pass(40s);
      CHECK(b.machine.log().front().state == step_state::kept);
      CHECK(b.flow.workers[0] > 1);
    }
  }

  TEST_CASE("keeps a step after which the sources had no more to give") {
    bench b;
    b.pass(11250ms);
    REQUIRE(b.flow.workers[0] == 5);
    b.flow.offered = 110;
    b.pass(1min);

    CHECK(b.flow.workers[0] == 5);
    CHECK(b.machine.log().front().state == step_state::kept);
    CHECK(b.machine.log().front().why == "the sources had no more to give");
  }

  TEST_CASE("takes back a step after which the process has too much memory") {
    bench b{{.apply = applying::automatically, .bounds = {.memory = 1024 * 1024}}};
    b.pass(11250ms);
    REQUIRE(b.flow.workers[0] == 5);
    b.flow.memory = 2 * 1024 * 1024;
    b.pass(1min);

    CHECK(b.flow.workers[0] == 1);
    CHECK(b.machine.log().size() == 1); // and there is none for another
    CHECK(b.machine.log().front().why == "the process has 2 MiB");
  }

  TEST_CASE("where one of several changes did harm, the next ones are tried alone") {
    bench b;
    b.flow.slow = [](std::size_t n) { return 100.0 * static_cast<double>(n); };
    // More than one of them do nothing but harm.
    b.flow.other = [](std::size_t n) { return n == 1 ? 150.0 : 90.0; };
    b.pass(5min);

    REQUIRE(b.machine.log().size() >= 2);
    CHECK(b.machine.log()[0].changes.size() == 2);
    CHECK(b.machine.log()[0].state == step_state::taken_back);
    for (std::size_t i = 1; i < b.machine.log().size(); ++i)
      CHECK(b.machine.log()[i].changes.size() == 1);
    CHECK(b.machine.log()[1].state == step_state::kept);
    CHECK(b.flow.rate() == 150);
  }

  TEST_CASE("what is not newer is ignored, and the log keeps the newest steps") {
    bench b{{.apply = applying::automatically, .try_again = 0s, .log = 2}};
    const auto first = b.flow.after(1s);
    b.machine.feed(first);
    CHECK(b.machine.feed(first).empty());
    b.flow.slow = [](std::size_t n) { return n == 1 ? 100.0 : 60.0; };
    b.pass(10min);

    CHECK(b.machine.log().size() == 2);
    CHECK(b.machine.log().back().number > 5);
  }

  TEST_CASE("options out of range are refused by name") {
    const auto with = [](const optimizer_options& o) { return optimizer_machine{{}, o}; };
    CHECK_THROWS_WITH(with({.measure_for = -1s}),
                      "optimizer: measure_for = -1 s, needs more than 0 ms");
    CHECK_THROWS_WITH(with({.must_reach = -0.1}), "optimizer: must_reach = -0.1, needs 0 to 1");
  }
}
