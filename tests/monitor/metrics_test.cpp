#include <troupe/metrics.hpp>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::counters;
using troupe::graph_sample;
using troupe::metrics_between;
using troupe::stage_sample;

namespace {

const troupe::time_point start{1000s};

graph_sample sample_at(troupe::duration since_start, std::vector<stage_sample> stages) {
  return {.at = start + since_start, .stages = std::move(stages)};
}

stage_sample stage_with(counters totals) { return {.name = "parse", .totals = totals}; }

} // namespace

TEST_SUITE("metrics") {

  TEST_CASE("adding counters adds every one of them") {
    counters sum{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    sum += counters{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110};

    CHECK(sum == counters{11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121});
  }

  TEST_CASE("every pattern has the name by which the API calls it") {
    using troupe::pattern_kind;
    CHECK(to_string(pattern_kind::producer_consumer) == "producer_consumer");
    CHECK(to_string(pattern_kind::fan_out) == "fan_out");
    CHECK(to_string(pattern_kind::fan_in) == "fan_in");
    CHECK(to_string(pattern_kind::pipeline) == "pipeline");
    CHECK(to_string(pattern_kind::worker_pool) == "worker_pool");
    CHECK(to_string(pattern_kind::rate_limiter) == "rate_limiter");
    CHECK(to_string(pattern_kind::circuit_breaker) == "circuit_breaker");
    CHECK(to_string(pattern_kind::scatter_gather) == "scatter_gather");
  }

  TEST_CASE("throughput counts each way in which an input can be finished, and no other") {
    struct row {
      const char* counter;
      counters later;
      double per_second;
    };
    const row rows[] = {
        {"delivered", {.delivered = 20}, 10}, {"filtered", {.filtered = 20}, 10},
        {"dropped", {.dropped = 20}, 10},     {"shed", {.shed = 20}, 10},
        {"failed", {.failed = 20}, 10},       {"received", {.received = 20}, 0},
        {"emitted", {.emitted = 20}, 0},      {"in_flight", {.in_flight = 20}, 0},
        {"abandoned", {.abandoned = 20}, 0},  {"redelivered", {.redelivered = 20}, 0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.counter);
      const auto m = metrics_between(sample_at(0s, {stage_with({})}),
                                     sample_at(2s, {stage_with(row.later)}));
      CHECK(m.stages.at(0).throughput == doctest::Approx(row.per_second));
    }
  }

  TEST_CASE("rates are those of the span, while counters are totals since the start") {
    const auto m = metrics_between(sample_at(10s, {stage_with({.delivered = 900, .failed = 100})}),
                                   sample_at(12s, {stage_with({.delivered = 990, .failed = 110})}));

    CHECK(m.stages.at(0).throughput == doctest::Approx(50));
    CHECK(m.stages.at(0).error_rate == doctest::Approx(0.1));
    CHECK(m.stages.at(0).counters == counters{.delivered = 990, .failed = 110});
  }

  TEST_CASE("nothing finished means no error rate, not a division by zero") {
    const auto same = stage_with({.delivered = 5, .failed = 5});
    const auto m = metrics_between(sample_at(0s, {same}), sample_at(1s, {same}));

    CHECK(m.stages.at(0).throughput == 0);
    CHECK(m.stages.at(0).error_rate == 0);
  }

  TEST_CASE("utilization is the busy share of all workers' time, kept within 0..1") {
    struct row {
      troupe::duration busy;
      std::size_t workers;
      double utilization;
    };
    const row rows[] = {
        {0s, 4, 0.0}, {2s, 4, 0.25}, {8s, 4, 1.0}, {9s, 4, 1.0}, {1s, 0, 0.0}, {-1s, 1, 0.0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.busy.count());
      CAPTURE(row.workers);
      auto later = stage_with({});
      later.busy = 3s + row.busy;
      later.workers = row.workers;
      auto earlier = later;
      earlier.busy = 3s;
      const auto m = metrics_between(sample_at(0s, {earlier}), sample_at(2s, {later}));
      CHECK(m.stages.at(0).utilization == doctest::Approx(row.utilization));
    }
  }

  TEST_CASE("buffer fill is the mailbox depth's share of the buffer") {
    auto stage = stage_with({});
    stage.mailbox_depth = 256;

    SUBCASE("of a bounded buffer") {
      stage.capacity = 1024;
      const auto m = metrics_between(sample_at(0s, {}), sample_at(1s, {stage})).stages.at(0);
      CHECK(m.mailbox_depth == 256);
      CHECK(m.buffer_fill == doctest::Approx(0.25));
    }
    SUBCASE("and zero without a buffer") {
      const auto m = metrics_between(sample_at(0s, {}), sample_at(1s, {stage})).stages.at(0);
      CHECK(m.buffer_fill == 0);
    }
  }

  TEST_CASE("latency and wait are those of the span, each from its own histogram") {
    auto earlier = stage_with({});
    earlier.latency.record(1'000'000'000, 1'000);
    auto later = earlier;
    later.latency.record(1'000, 100);
    later.wait.record(8, 10);

    const auto m = metrics_between(sample_at(0s, {earlier}), sample_at(1s, {later})).stages.at(0);

    CHECK(m.latency.mean == 1us);
    CHECK(m.latency.p50 >= 1us);
    CHECK(m.latency.p99 <= 1063ns); // 6.25 % above
    CHECK(m.latency.max <= 1063ns);
    CHECK(m.wait.mean == 8ns);
    CHECK(m.wait.max == 8ns);
  }

  TEST_CASE("a call that runs counts once it is slower than all that have returned") {
    auto later = stage_with({});
    later.latency.record(10'000'000, 99); // 10 ms
    const auto latency = [&] {
      return metrics_between(sample_at(0s, {}), sample_at(1s, {later})).stages.at(0).latency;
    };

    later.running = {9ms, 10ms};
    CHECK(latency().max == 10ms);
    CHECK(latency().mean == 10ms);
    later.running = {9ms, 1s, 2s};
    CHECK(latency().max == 2s);
    CHECK(latency().p99 >= 1s);
    CHECK(latency().p50 <= 10'700us); // 6.25 % above
  }

  TEST_CASE("metrics carry the name of the run") {
    const graph_sample now{.name = "orders", .at = start + 1s};

    CHECK(metrics_between(graph_sample{.at = start}, now).name == "orders");
  }

  TEST_CASE("an empty earlier sample at the start gives the metrics since the start") {
    auto now = stage_with({.delivered = 300, .failed = 100});
    now.latency.record(12, 400);
    const auto m = metrics_between(graph_sample{.at = start}, sample_at(4s, {now})).stages.at(0);

    CHECK(m.throughput == doctest::Approx(100));
    CHECK(m.error_rate == doctest::Approx(0.25));
    CHECK(m.latency.p50 == 12ns);
  }

  TEST_CASE("stages are matched by name, not by position, and listed as in the later sample") {
    const stage_sample a{.name = "a", .totals = {.delivered = 10}};
    const stage_sample b{.name = "b", .totals = {.delivered = 1'000}};
    auto a_later = a;
    a_later.totals.delivered += 1;
    auto b_later = b;
    b_later.totals.delivered += 2;
    const stage_sample new_one{.name = "c", .totals = {.delivered = 3}};

    const auto m
        = metrics_between(sample_at(0s, {a, b}), sample_at(1s, {b_later, new_one, a_later}));

    REQUIRE(m.stages.size() == 3);
    CHECK(m.stages[0].name == "b");
    CHECK(m.stages[0].throughput == doctest::Approx(2));
    CHECK(m.stages[1].throughput == doctest::Approx(3));
    CHECK(m.stages[2].throughput == doctest::Approx(1));
  }

  TEST_CASE("without a span there are no rates") {
    for (const auto span : {0s, -5s}) {
      CAPTURE(span.count());
      auto later = sample_at(span, {stage_with({.delivered = 10, .failed = 10})});
      later.cpu = 3s;
      auto earlier = sample_at(0s, {stage_with({})});
      earlier.cpu = 1s;
      const auto m = metrics_between(earlier, later);
      CHECK(m.stages.at(0).throughput == 0);
      CHECK(m.stages.at(0).utilization == 0);
      CHECK(m.cpu == 0);
    }
  }

  TEST_CASE("totals that began anew are taken as they are, never as a huge difference") {
    auto earlier = stage_with({.delivered = 100, .failed = 50});
    earlier.latency.record(5, 150);
    auto later = stage_with({.delivered = 10});
    later.latency.record(7, 10);
    const auto m = metrics_between(sample_at(0s, {earlier}), sample_at(1s, {later})).stages.at(0);

    CHECK(m.throughput == 0);
    CHECK(m.error_rate == 0);
    CHECK(m.latency.max == 7ns);
  }

  TEST_CASE("cpu is processor seconds per second of the span") {
    auto earlier = sample_at(0s, {});
    earlier.cpu = 10s;
    auto later = sample_at(2s, {});
    later.cpu = 13s;
    later.actors = 7;
    later.memory = 4096;

    const auto m = metrics_between(earlier, later);

    CHECK(m.cpu == doctest::Approx(1.5));
    CHECK(m.actors == 7);
    CHECK(m.memory == 4096);
  }

  TEST_CASE("cpu is left out where the earlier sample did not take it") {
    auto later = sample_at(2s, {});
    later.cpu = 1h;
    CHECK(metrics_between(graph_sample{.at = start}, later).cpu == 0);
  }

  TEST_CASE("the kernel tells this process's memory and processor time") {
    const auto before = troupe::read_process_usage();
    // 64 MiB, each page touched: resident memory grows by that much.
    std::vector<char> block(std::size_t{64} << 20, 'x');
    const auto after = troupe::read_process_usage();

    CHECK(block.back() == 'x');
    CHECK(before.memory > 0);
    CHECK(after.memory >= before.memory + (std::size_t{60} << 20));
    CHECK(before.cpu > 0ns);
    CHECK(after.cpu > before.cpu);
  }

  TEST_CASE("a stage prints as one line with units, without what there is nothing of") {
    const auto printed = [](const auto& m) {
      std::ostringstream out;
      out << m;
      return out.str();
    };
    troupe::stage_metrics m{.name = "parse",
                            .counters = {.received = 4800, .failed = 24, .in_flight = 4},
                            .throughput = 1234.5,
                            .error_rate = 0.005,
                            .utilization = 0.62,
                            .mailbox_depth = 51,
                            .buffer_fill = 0.0498,
                            .latency = {.p50 = 2500us, .p99 = 12ms, .max = 1500ms},
                            .wait = {.p50 = 950ns, .p99 = 3us, .max = 2min},
                            .workers = 4};
    CHECK(printed(m)
          == "parse: 1234 items/s, 4800 received, 24 failed, 4 in flight, 0.5 % errors, 4 workers "
             "62 % busy, "
             "buffer 4.98 % full (51 items), latency p50 2.5 ms p99 12 ms max 1.5 s, "
             "wait p50 950 ns p99 3 us max 120 s");
    m = {.name = "price", .workers = 1, .breaker = troupe::breaker_state::open};
    const std::string idle = "price: 0 items/s, 0 received, 1 worker 0 % busy, buffer 0 % full "
                             "(0 items), breaker open";
    CHECK(printed(m) == idle);
    const troupe::graph_metrics g{
        .name = "orders", .stages = {m}, .actors = 7, .memory = 3 << 19, .cpu = 0.25};
    CHECK(printed(g) == "orders\n" + idle + "\n7 actors, 1.5 MiB, 0.25 cores\n");
    CHECK(printed(troupe::graph_metrics{}) == "0 actors, 0 MiB, 0 cores\n");
  }

} // TEST_SUITE
