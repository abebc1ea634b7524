#include <troupe/policy/advisor.hpp>
#include <troupe/policy/recommendation.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "advisor_fixture.hpp"

using namespace troupe;
using namespace advisor_tests;
using kind = pattern_kind;

namespace {

/// A source that could give 400 a second, and is held back to what a worker does in 10 ms.
std::vector<stage> slow_stage() {
  return {{.name = "source", .kind = kind::producer_consumer, .items = 1000, .busy = 0.25},
          {.name = "slow", .items = 1000, .busy = 1, .fill = 1},
          {.name = "end", .kind = kind::producer_consumer, .items = 1000, .busy = 0.01}};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Of the first recommendation.
std::string first_of(const advice& a) {
  if (a.recommendations.empty())
    return "none";
  const auto& rec = a.recommendations.front();
  return std::string{to_string(rec.type)} + ": " + rec.stage + ": " + rec.change;
}

struct resizes {
  int calls = 0;
  std::string stage;
  settings to;
  void configure(const std::string& s, const settings& t) {
    ++calls;
    stage = s;
    to = t;
  }
};

} // namespace

TEST_SUITE("advisor") {
  TEST_CASE("asks for as many workers as the source's rate takes at their true rate") {
    const auto a = advice_for(slow_stage());

    CHECK(a.throughput == doctest::Approx(100));
    CHECK(a.limit == flow_limit{limit_cause::function, "slow"});
    REQUIRE(a.recommendations.size() == 1);
    const auto& rec = a.recommendations.front();
    // 400 / 100 = 4 workers would be busy all of the time, 5 are for 80 % of it.
    CHECK(first_of(a) == "workers: slow: parallel = 5 instead of 1");
    CHECK(rec.run == "orders");
    CHECK(rec.priority == 9); // 3 + 7 x 0.75 / 0.9
    CHECK(rec.expected.throughput.after == doctest::Approx(400));
    CHECK(rec.expected.latency.after < rec.expected.latency.before / 4);
    CHECK(rec.expected.memory.after - rec.expected.memory.before == 4 * 16 * 1024);
    CHECK(has(rec.evidence, "in its function 100 % of the time, 10 ms an item"));
    CHECK(has(to_string(a), "throughput 100 -> 400 items/s"));
    CHECK(a.then == doctest::Approx(400));
    CHECK(a.then_limit.cause == limit_cause::source);
  }

  TEST_CASE("a recommendation is applied and taken back by what it says") {
    const auto a = advice_for(slow_stage());
    REQUIRE(!a.recommendations.empty());
    resizes r;

    a.recommendations.front().apply(r);
    CHECK(r.stage == "slow");
    CHECK(r.to.parallel->value() == 5);
    a.recommendations.front().take_back(r);
    CHECK(r.to.parallel->value() == 1);

    const auto by_hand = advice_for(slow_stage(), forms_of(slow_stage(), resizing::anew));
    CHECK(first_of(by_hand) == "workers: slow: compose it with parallel = 5 instead of 1");
    CHECK(by_hand.limit == flow_limit{limit_cause::one_worker, "slow"});
    CHECK_THROWS_AS(by_hand.recommendations.front().apply(r), std::logic_error);
    CHECK(r.calls == 2);
  }

  TEST_CASE("stages that limit each other are changed together, what is in the way first") {
    auto flow = slow_stage();
    flow.insert(flow.begin() + 2, {.name = "next", .items = 1000, .busy = 0.8});

    const auto a = advice_for(flow);

    REQUIRE(a.recommendations.size() == 2);
    CHECK(a.recommendations[0].stage == "slow");
    CHECK(a.recommendations[0].expected.throughput.after == doctest::Approx(125)); // 100 / 0.8
    CHECK(a.recommendations[1].stage == "next");
    CHECK(a.recommendations[1].expected.throughput.before == doctest::Approx(125));
    CHECK(a.recommendations[1].expected.throughput.after == doctest::Approx(400));
    CHECK(a.recommendations[0].priority > a.recommendations[1].priority);
  }

  TEST_CASE("says what limits the flow then") {
    auto flow = slow_stage();
    auto forms = forms_of(flow);
    SUBCASE("a stage that stays as it is") {
      flow[2].busy = 0.5;
      forms[2].resized = resizing::never;
      const auto a = advice_for(flow, forms);
      CHECK(a.then_limit == flow_limit{limit_cause::one_worker, "end"});
      CHECK(a.then == doctest::Approx(200));
      CHECK(first_of(a) == "workers: slow: parallel = 3 instead of 1"); // 200 / 90
    }
    SUBCASE("the most workers") {
      const auto a = advice_for(flow, forms, {.most_workers = 2});
      CHECK(a.then_limit == flow_limit{limit_cause::most_workers, "slow"});
      CHECK(a.then == doctest::Approx(200));
    }
    SUBCASE("the scheduler's threads, for work that is on them") {
      const auto a = advice_for(flow, forms, {.threads = 2});
      CHECK(a.then_limit.cause == limit_cause::cores);
      CHECK(a.then == doctest::Approx(2 / 0.0101).epsilon(0.01)); // 10 ms, and 0.1 ms at the end
      forms[1].thread = troupe::thread::own;
      CHECK(advice_for(flow, forms, {.threads = 2}).then_limit.cause == limit_cause::source);
    }
    SUBCASE("the processors") {
      auto begin = begin_of(flow);
      auto end = sample_of(flow);
      begin.cpu = 1s;
      end.cpu = 11s; // one of four
      const auto a = advisor{forms, {.cores = 2}}.advise(begin, end);
      CHECK(a.then_limit.cause == limit_cause::cores);
      CHECK(a.then == doctest::Approx(200));
    }
    SUBCASE("memory") {
      const auto a = advice_for(flow, forms, {.memory = 1024 * 1024 + 16 * 1024});
      CHECK(a.then_limit.cause == limit_cause::memory);
      CHECK(first_of(a) == "workers: slow: parallel = 2 instead of 1");
      CHECK(a.then == doctest::Approx(200));
    }
  }

  TEST_CASE("of a flow that needs nothing it says so, whatever it is like") {
    auto flow = slow_stage();
    flow[1].fill = 0;
    SUBCASE("busy, but not held back") { flow[1].busy = 0.99; }
    SUBCASE("many workers with little to do") { flow[1] = {"slow", kind::pipeline, 1000, 0.1, 9}; }
    SUBCASE("idle") {
      for (auto& s : flow)
        s.items = 0;
    }
    SUBCASE("limited by its rate") {
      flow[1] = {.name = "rate", .kind = kind::rate_limiter, .items = 1000, .fill = 1};
      CHECK(advice_for(flow).limit == flow_limit{limit_cause::rate, "rate"});
    }
    SUBCASE("without items or time between the samples") {
      const auto now = sample_of(flow);
      CHECK(advisor{forms_of(flow)}.advise(now, now).recommendations.empty());
      CHECK(advisor{{}}.advise({}, {}).recommendations.empty());
    }

    CHECK(to_string(advice_for(flow)) == "nothing to change");
  }

  TEST_CASE("a source that has not said what it made is judged by what arrived") {
    auto flow = slow_stage();
    flow[0].items = 0;
    const auto a = advice_for(flow);
    CHECK(a.throughput == doctest::Approx(100));
    CHECK(a.limit == flow_limit{limit_cause::function, "slow"});
  }

  TEST_CASE("what is busy with passing items on is not helped by more workers") {
    auto flow = slow_stage();
    for (auto& s : flow)
      s.items = 20'000'000; // half a microsecond each, a twentieth of it in the function
    flow[1].busy = 0.05;
    const auto a = advice_for(flow, forms_of(flow, resizing::anew));
    CHECK(a.limit == flow_limit{limit_cause::hops, "slow"});
    CHECK(to_string(a) == "nothing to change");
  }

  TEST_CASE("bounds out of range are refused by name") {
    CHECK_THROWS_WITH(advisor({}, {.most_workers = 0}),
                      "advisor: most_workers = 0, needs 1 to 10000");
    CHECK_THROWS_WITH(advisor({}, {.cores = -1}), "advisor: cores = -1, needs at least 0");
  }
}

TEST_SUITE("advisor: an optimizer for each pattern") {
  TEST_CASE("names the option of each pattern") {
    const auto changes = [](kind k, resizing how) {
      auto flow = slow_stage();
      flow[1].kind = k;
      return first_of(advice_for(flow, forms_of(flow, how)));
    };

    CHECK(changes(kind::pipeline, resizing::parallel)
          == "workers: slow: parallel = 5 instead of 1");
    CHECK(changes(kind::fan_out, resizing::workers) == "workers: slow: workers = 5 instead of 1");
    CHECK(changes(kind::worker_pool, resizing::workers)
          == "workers: slow: workers = 5 instead of 1");
    CHECK(changes(kind::circuit_breaker, resizing::parallel)
          == "workers: slow: parallel = 5 instead of 1");
    CHECK(changes(kind::scatter_gather, resizing::anew)
          == "workers: slow: compose it with in_flight = 5 instead of 1");
    CHECK(changes(kind::producer_consumer, resizing::anew)
          == "workers: slow: compose it with consumers = 5 instead of 1");
  }

  TEST_CASE("fan_out: where input waits while workers have nothing to do, it is dealt unevenly") {
    auto flow = slow_stage();
    flow[1] = {
        .name = "slow", .kind = kind::fan_out, .items = 1000, .busy = 0.5, .workers = 4, .fill = 1};
    auto forms = forms_of(flow, resizing::workers);
    forms[1].how = "round_robin";
    const auto a = advice_for(flow, forms);
    CHECK(first_of(a)
          == "dispatch: slow: compose it with to = dispatch::least_loaded instead of round_robin");
    CHECK(a.recommendations.front().expected.throughput.after == doctest::Approx(190)); // 95 %
    CHECK(!a.recommendations.front().settings);
    forms[1].how = "by_key";
    CHECK(has(first_of(advice_for(flow, forms)), "deal out by a key"));
    forms[1].how = "least_loaded"; // it is not that
    CHECK(has(first_of(advice_for(flow, forms)), "workers = "));
  }

  TEST_CASE("fan_in: names the input that a merge waits for") {
    std::vector<stage> flow{
        {.name = "a", .kind = kind::producer_consumer, .items = 500, .busy = 0.5},
        {.name = "b", .kind = kind::producer_consumer, .items = 500, .busy = 1},
        {.name = "all",
         .kind = kind::fan_in,
         .items = 1000,
         .busy = 0.01,
         .inputs = {{0, 90, 100}, {1, 0, 100}}},
        {.name = "end", .kind = kind::producer_consumer, .items = 1000, .busy = 0.01}};
    auto forms = forms_of(flow);
    forms[1].inputs.clear();
    forms[2].inputs = {0, 1};
    forms[2].how = "in_order";
    const auto a = advice_for(flow, forms);
    REQUIRE(a.recommendations.size() == 1);
    CHECK(a.recommendations[0].type == advice_type::merge);
    CHECK(a.recommendations[0].evidence == "it waits for b, while its input from a is 90 % full");
    forms[2].how = "first_available";
    CHECK(advice_for(flow, forms).recommendations.empty());
  }

  TEST_CASE("rate_limiter: what it turns away would be welcome") {
    auto flow = slow_stage();
    flow[1] = {.name = "rate", .kind = kind::rate_limiter, .items = 1000, .shed = 300};
    const auto a = advice_for(flow);
    REQUIRE(a.recommendations.size() == 1);
    CHECK(a.recommendations[0].type == advice_type::rate);
    CHECK(has(a.recommendations[0].evidence, "it turns away 30 % of what comes"));
    flow[2].busy = 0.7;
    CHECK(advice_for(flow).recommendations.empty());
  }

  TEST_CASE("circuit_breaker: more workers would only fail more often") {
    auto flow = slow_stage();
    flow[1].kind = kind::circuit_breaker;
    SUBCASE("it fails") { flow[1].failed = 200; }
    SUBCASE("it is open") {
      flow[1].breaker = breaker_state::open;
      CHECK(advice_for(flow).limit == flow_limit{limit_cause::breaker, "slow"});
    }
    const auto a = advice_for(flow);
    REQUIRE(a.recommendations.size() == 1);
    CHECK(a.recommendations[0].type == advice_type::breaker);
    CHECK(!a.recommendations[0].settings);
  }

  TEST_CASE("a buffer that bursts do not fit into is too small") {
    using enum phase;
    std::vector<stage> flow{
        {.name = "source",
         .kind = kind::producer_consumer,
         .items = 1000,
         .busy = 0.2,
         .phases = {held_back, idle}},
        {.name = "work", .items = 1000, .busy = 0.6, .fill = 0.2, .phases = {idle}, .capacity = 8}};
    const auto a = advice_for(flow);
    REQUIRE(a.recommendations.size() == 1);
    CHECK(first_of(a) == "buffer: work: compose it with buffer = 32 instead of 8");
    CHECK(a.recommendations[0].expected.throughput.after > 110);
    flow[1].busy = 0.95; // it could not do more
    CHECK(has(first_of(advice_for(flow)), "workers: work"));
  }

  TEST_CASE("batch: one that is no work is not worth passing on") {
    std::vector<stage> flow{
        {.name = "source", .kind = kind::producer_consumer, .items = 5'000'000, .busy = 0.2},
        {.name = "quick", .items = 5'000'000, .busy = 0.3, .fill = 1}};
    auto forms = forms_of(flow, resizing::never);
    forms[1].batch = 1;
    const auto a = advice_for(flow, forms);
    REQUIRE(a.recommendations.size() == 1);
    CHECK(first_of(a) == "batch: quick: compose it with batch = automatic instead of 1");
    CHECK(a.recommendations[0].expected.throughput.after > 900'000); // 2 us, 1 us of it for hops
    forms[1].batch = 64;
    CHECK(advice_for(flow, forms).recommendations.empty());
  }

  TEST_CASE("fused: two functions that take less than it takes to pass on") {
    std::vector<stage> flow{
        {.name = "source", .kind = kind::producer_consumer, .items = 50'000'000, .busy = 0.2},
        {.name = "a", .items = 50'000'000, .busy = 0.3, .fill = 1, .capacity = 8},
        {.name = "b", .items = 50'000'000, .busy = 0.3, .fill = 1, .capacity = 8}};
    auto forms = forms_of(flow, resizing::anew);
    forms[0].resized = resizing::never;
    const auto a = advice_for(flow, forms, {.most_workers = 1});
    CHECK(first_of(a) == "fused: b: make one stage of a and b, with fused");
    flow[1].capacity = flow[2].capacity = 1024; // full batches
    CHECK(!has(first_of(advice_for(flow, forms, {.most_workers = 1})), "fused"));
  }

  TEST_CASE("memory: names the edge on which most waits, where there is little left") {
    auto flow = slow_stage();
    flow[1].capacity = 4000;
    auto forms = forms_of(flow, resizing::never);
    forms[1].item_bytes = 100;
    const auto a = advice_for(flow, forms, {.memory = 1100 * 1024});
    REQUIRE(a.recommendations.size() == 1);
    CHECK(first_of(a) == "memory: slow: compose it with buffer = 1000 instead of 4000");
    const auto& memory = a.recommendations[0].expected.memory;
    CHECK(memory.before - memory.after == 3000 * 100);
    CHECK(advice_for(flow, forms, {.memory = 2048 * 1024}).recommendations.empty());
  }

  TEST_CASE("words have names") {
    std::ostringstream out;
    out << to_string(advice_type::fused) << ' ' << to_string(limit_cause::cores) << ' '
        << advice_for({{.name = "alone"}});
    CHECK(out.str() == "fused cores nothing to change");
  }
}
