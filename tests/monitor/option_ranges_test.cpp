#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

constexpr auto plus_one = [](int x) { return x + 1; };

template <class N>
struct option {
  std::string name; ///< as a refusal names it
  std::function<void(N)> use;
};

/// For options of which 0 has a meaning.
tr::count but_nothing(tr::count n) { return n.value() == 0 ? tr::count{-1} : n; }

auto source() { return tr::from("n", numbers(1)); }

std::vector<option<tr::count>> counts_of_stages() {
  using c = tr::count;
  return {
      {"producers", [](c n) { (void)tr::produce<int>("x", endless(), {.producers = n}); }},
      {"buffer", [](c n) { (void)tr::produce<int>("x", endless(), {.buffer = n}); }},
      {"buffer", [](c n) { (void)tr::from("x", numbers(1), {.buffer = n}); }},
      {"buffer", [](c n) { (void)tr::ticks("x", 1s, {.buffer = n}); }},
      {"buffer", [](c n) { (void)tr::lines("x", "file", {.buffer = n}); }},
      {"longest", [](c n) { (void)tr::lines("x", "file", {.longest = n}); }},
      {"parallel", [](c n) { (void)(source() | tr::stage("x", plus_one, {.parallel = n})); }},
      {"buffer", [](c n) { (void)(source() | tr::stage("x", plus_one, {.buffer = n})); }},
      {"batch", [](c n) { (void)(source() | tr::stage("x", plus_one, {.batch = n.value()})); }},
      {"buffer", [](c n) { (void)(source() | tr::take("x", 1, {.buffer = n})); }},
      {"remember", [](c n) { (void)(source() | tr::distinct("x", plus_one, {.remember = n})); }},
      {"size", [](c n) { (void)(source() | tr::batch("x", {.size = but_nothing(n)})); }},
      {"hold", [](c n) { (void)(source() | tr::batch("x", {.size = 1, .hold = but_nothing(n)})); }},
      {"buffer", [](c n) { (void)(source() | tr::batch("x", {.size = 1, .buffer = n})); }},
      {"workers", [](c n) { (void)(source() | tr::fan_out("x", plus_one, {.workers = n})); }},
      {"buffer",
       [](c n) { (void)tr::zip("x", source(), tr::from("m", numbers(1)), {.buffer = n}); }},
      {"buffer",
       [](c n) {
         std::vector<int> out;
         (void)(source() | tr::collect("x", out, {.buffer = n}));
       }},
      {"buffer", [](c n) { (void)(source() | tr::ignore("x", {.buffer = n})); }},
      {"buffer",
       [](c n) {
         (void)(tr::from("x", std::vector<std::string>{"a"})
                | tr::write_lines("y", "never opened", {.buffer = n}));
       }},
      {"buffer", [](c n) { (void)(source() | tr::fan_out("x", plus_one, {.buffer = n})); }},
      {"capacity", [](c n) { (void)tr::inbox<int>("x", {.capacity = n}); }},
      {"capacity", [](c n) { (void)tr::outbox<int>("x", {.capacity = n}); }},
      {"consumers", [](c n) { (void)(source() | tr::sink("x", [](int) {}, {.consumers = n})); }},
      {"weights",
       [](c n) {
         (void)(source() | tr::fan_out("x", plus_one, {.to = tr::dispatch::weighted({n})}));
       }},
      {"buffer",
       [](c n) { (void)(source() | tr::rate_limit("x", tr::per_second(1), {.buffer = n})); }},
  };
}

std::vector<option<tr::count>> counts_of_services() {
  using c = tr::count;
  return {
      {"workers.min", [](c n) { (void)tr::worker_pool("x", plus_one, {.workers = {n}}); }},
      {"workers.max",
       [](c n) {
         (void)tr::worker_pool("x", plus_one, {.workers = {1, n}});
       }},
      {"queue", [](c n) { (void)tr::worker_pool("x", plus_one, {.queue = n}); }},
      {"workers", [](c n) { (void)tr::call("x", plus_one, tr::call_options{.workers = n}); }},
      {"queue", [](c n) { (void)tr::call("x", plus_one, tr::call_options{.queue = n}); }},
      {"attempts", [](c n) { (void)tr::call("x", plus_one, tr::retry{.attempts = n}); }},
      {"attempts", [](c n) { (void)tr::on_error::retry({.attempts = n}); }},
      {"max", [](c n) { (void)tr::call("x", plus_one, tr::bulkhead{.max = n}); }},
      {"waiting",
       [](c n) { (void)tr::call("x", plus_one, tr::bulkhead{.waiting = but_nothing(n)}); }},
      {"max", [](c n) { (void)tr::call("x", plus_one, tr::hedge{.after = 1s, .max = n}); }},
      {"window", [](c n) { tr::breaker_machine{{.window = tr::last_calls(n)}}; }},
      {"minimum_calls", [](c n) { tr::breaker_machine{{.minimum_calls = n}}; }},
      {"trials", [](c n) { tr::breaker_machine{{.trials = n}}; }},
      {"workers", [](c n) { (void)tr::scatter_gather<int, int>("x", {plus_one}, {.workers = n}); }},
      {"in_flight",
       [](c n) { (void)tr::scatter_gather<int, int>("x", {plus_one}, {.in_flight = n}); }},
      {"max", [](c n) { tr::aimd_limit{{.max = n}}; }},
      {"initial", [](c n) { tr::aimd_limit{{.initial = n}}; }},
      {"probe_every", [](c n) { tr::vegas_limit{{.probe_every = n}}; }},
      {"queue", [](c n) { tr::gradient_limit{{.queue = n}}; }},
      {"long_window", [](c n) { tr::gradient_limit{{.long_window = n}}; }},
      {"max", [](c n) { tr::pool_resizer{{.max = n}}; }},
      {"failures",
       [](c n) {
         tr::balancer_machine{{.failures = n}, 1};
       }},
      {"instances",
       [](c n) {
         tr::balancer_machine{{}, n};
       }},
      {"restarts", [](c n) { tr::restart_intensity(but_nothing(n), 1s); }},
      {"permits", [](c n) { tr::semaphore{n}; }},
      {"capacity", [](c n) { tr::cache<int, int>{{.capacity = n}}; }},
      {"history",
       [](c n) {
         virtual_system sys;
         tr::monitor{sys, {.history = n}};
       }},
  };
}

std::vector<option<double>> shares() {
  using d = double;
  return {
      {"failure_rate", [](d x) { tr::breaker_machine{{.failure_rate = x}}; }},
      {"slow_rate", [](d x) { tr::breaker_machine{{.slow_rate = x}}; }},
      {"cooldown_factor", [](d x) { tr::breaker_machine{{.cooldown_factor = x}}; }},
      {"backoff", [](d x) { tr::aimd_limit{{.backoff = x}}; }},
      {"smoothing", [](d x) { tr::vegas_limit{{.smoothing = x}}; }},
      {"smoothing", [](d x) { tr::gradient_limit{{.smoothing = x}}; }},
      {"tolerance", [](d x) { tr::gradient_limit{{.tolerance = x}}; }},
      {"grow", [](d x) { tr::pool_resizer{{.grow = x}}; }},
      {"shrink", [](d x) { tr::pool_resizer{{.shrink = x}}; }},
      {"shrink_below", [](d x) { tr::pool_resizer{{.shrink_below = x}}; }},
      {"at_quantile", [](d x) { tr::hedge_delay{{.after = 1s, .at_quantile = x}}; }},
      {"backoff.factor", [](d x) { (void)tr::on_error::retry({.backoff = {.factor = x}}); }},
      {"restarts.factor",
       [](d x) { (void)tr::call("x", plus_one, tr::call_options{.restarts = {.factor = x}}); }},
      {"backoff.factor",
       [](d x) {
         virtual_system sys;
         tr::supervisor{sys, "x", {.backoff = {.factor = x}}};
       }},
      {"burst",
       [](d x) { (void)(source() | tr::rate_limit("x", tr::per_second(1), {.burst = x})); }},
      {"burst",
       [](d x) {
         tr::token_bucket{tr::per_second(1), x, {}};
       }},
      {"threshold", [](d x) { (void)(tr::throughput("x") > x); }},
      {"hysteresis", [](d x) { (void)(tr::throughput("x") > 1).hysteresis(x); }},
  };
}

template <class N>
void refuses_all(const std::vector<option<N>>& options, const std::vector<N>& values) {
  for (const auto& o : options)
    for (const auto& value : values) {
      CAPTURE(o.name);
      const auto said = refusal([&] { o.use(value); });
      CAPTURE(said);
      CHECK(said.find(o.name + " = ") != std::string::npos);
    }
}

constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

const std::vector<tr::count> wrong_counts{
    0, -1, std::numeric_limits<long long>::min(), (1LL << 40) + 1, 1LL << 60, ~0ULL};

} // namespace

TEST_SUITE("option ranges") {
  TEST_CASE("each count of a stage is refused by name at nothing, below it and above 2^40") {
    refuses_all(counts_of_stages(), wrong_counts);
  }

  TEST_CASE("each count of a service or policy is refused by name likewise") {
    refuses_all(counts_of_services(), wrong_counts);
  }

  TEST_CASE("each share and factor is refused by name if it is negative, infinite or no number") {
    refuses_all<double>(shares(), {-1.0, -infinite, infinite, not_a_number});
  }

  TEST_CASE("an infinite rate and budget are no limit; those that are no number are refused") {
    for (const auto x : {-1.0, -infinite, not_a_number}) {
      CHECK(refusal([&] {
              tr::token_bucket{tr::per_second(x), 1, {}};
            }).find("rate = ")
            != std::string::npos);
      CHECK(refusal([&] { (void)tr::on_error::retry({.budget = x}); }).find("budget = ")
            != std::string::npos);
    }
    CHECK(tr::token_bucket{tr::per_second(infinite), 1, {}}.allow({}, 1000));
    CHECK_NOTHROW((void)tr::on_error::retry({.budget = infinite}));
  }

  TEST_CASE("the largest batch leaves by time alone, and its bound is counted") {
    std::vector<std::vector<int>> got;
    virtual_system sys;
    const auto f = tr::from("n", numbers(100)) | tr::batch("b", {.size = 1LL << 40, .within = 1s})
                   | tr::collect("end", got);
    tr::start(sys, f).wait();
    CHECK(got.size() == 1);
    CHECK(f.topology().item_bound() >= 1ULL << 40);
  }
}
