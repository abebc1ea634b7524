// Times flows of uint64 items and prints one line a run:
//
//     flows --workload W1|W2|W3|W4|W4o|W5a|W5b|W8|breaker [--n ITEMS] [--buffer ITEMS] [--monitor
//     on] RESULT workload=W1 peer=troupe n=.. ns_per_item=.. items_per_s=.. wall_ms=.. cpu_ms=..
//     rss_kb=.. checksum=..
//
// W1: 1 producer -> 1 consumer. W2: 4 producers -> 4 consumers. W3: source -> x*2 -> +10 ->
// x^(x>>1) -> keep evens -> sink. W4: source -> 4 workers in turn (x*x) -> first come -> sink; W4o:
// the same in order. W5a, W5b: a worker_pool of 4 as a stage, tasks of 1 us and 20 us (as many
// iterations as BENCH_ITERS_1US says, or 600): efficiency = n * task / 2 cores / wall. W8: one item
// every 2 ms through the idle pipeline of W3: p50 and p99 from source to sink. breaker: calls of
// 200 ns without and with a circuit_breaker, in turns; the best of each, and the difference for a
// call in wall and in processor time (of all threads). The time runs from before the first actor is
// spawned to after the last is gone. Checksums depend on the order where there is one.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using u64 = std::uint64_t;
using wall = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

struct arguments {
  std::string workload = "W1";
  std::string peer = "troupe";
  u64 n = 20'000'000;
  std::size_t buffer = 1024;
  bool watched = false;
};

arguments parse(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2)
    given[argv[i]] = argv[i + 1];
  arguments a;
  const auto number = [&](const char* key, u64 otherwise) {
    return given.contains(key) ? std::stoull(given[key]) : otherwise;
  };
  if (given.contains("--workload"))
    a.workload = given["--workload"];
  if (given.contains("--peer"))
    a.peer = given["--peer"];
  const std::map<std::string, u64> usual{
      {"W5a", 1'000'000}, {"W5b", 100'000}, {"W8", 500}, {"breaker", 1'000'000}};
  a.n = number("--n", usual.contains(a.workload) ? usual.at(a.workload) : a.n);
  a.buffer = number("--buffer", a.buffer);
  a.watched = given["--monitor"] == "on";
  return a;
}

double cpu_ms() { return static_cast<double>(std::clock()) * 1e3 / CLOCKS_PER_SEC; }

u64 peak_rss_kb() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (u64 kb = 0; word == "VmHWM:" && status >> kb)
      return kb;
  return 0;
}

auto counter(const arguments& a, u64 from, u64 to) {
  return tr::produce<u64>(
      "source",
      [i = from, to]() mutable { return i < to ? std::optional<u64>{i++} : std::nullopt; },
      {.buffer = a.buffer});
}

template <class F>
auto stages(const tr::flow<u64>& source, const arguments& a, F into) {
  const tr::stage_options o{.buffer = a.buffer};
  return source
         | tr::map(
             "double", [](u64 x) { return x * 2; }, o)
         | tr::map(
             "add", [](u64 x) { return x + 10; }, o)
         | tr::map(
             "gray", [](u64 x) { return x ^ (x >> 1); }, o)
         | tr::filter(
             "even", [](u64 x) { return (x & 1) == 0; }, o)
         | tr::sink("sink", into, {.buffer = a.buffer});
}

void report(const arguments& a, double wall_ns, double cpu, u64 checksum,
            const std::string& extra) {
  std::cout << "RESULT workload=" << a.workload << " peer=" << a.peer << " n=" << a.n
            << " ns_per_item=" << wall_ns / static_cast<double>(a.n)
            << " items_per_s=" << static_cast<u64>(1e9 * static_cast<double>(a.n) / wall_ns)
            << " wall_ms=" << wall_ns / 1e6 << " cpu_ms=" << cpu << " rss_kb=" << peak_rss_kb()
            << " checksum=" << checksum << extra << '\n';
}

// Runs a flow and prints its figures; false if it did not end well.
template <class Sum>
bool timed(caf::actor_system& sys, const arguments& a, const tr::flow<void>& f,
           const Sum& checksum) {
  tr::monitor watch{sys,
                    {.sample_every = 100ms, .alert_when = {tr::mailbox_depth("sink") > 1'000'000}}};
  const auto began = wall::now();
  const auto cpu = cpu_ms();
  auto r = a.watched ? tr::start(sys, f, watch) : tr::start(sys, f);
  const auto end = r.wait();
  const std::chrono::duration<double, std::nano> took = wall::now() - began;
  report(a, took.count(), cpu_ms() - cpu, checksum, "");
  return end.clean();
}

bool ordered(caf::actor_system& sys, const arguments& a) {
  u64 sum = 0;
  const auto add = [&sum, k = u64{0}](u64 x) mutable { sum += x * ++k; };
  const auto source = counter(a, 0, a.n);
  return timed(sys, a,
               a.workload == "W1" ? source | tr::sink("sink", add, {.buffer = a.buffer})
                                  : stages(source, a, add),
               sum);
}

bool many_to_many(caf::actor_system& sys, const arguments& a) {
  constexpr u64 parties = 4;
  std::atomic<u64> sum{0};
  const auto quarter = a.n / parties;
  const auto source = tr::produce<u64>("source",
                                       [quarter, i = u64{0}](std::size_t p) mutable {
                                         return i < quarter ? std::optional<u64>{p * quarter + i++}
                                                            : std::nullopt;
                                       },
                                       {.producers = parties, .buffer = a.buffer});
  const auto add = [&sum](u64 x) { sum.fetch_add(x, std::memory_order_relaxed); };
  return timed(sys, a, source | tr::sink("sink", add, {.consumers = parties, .buffer = a.buffer}),
               sum);
}

bool four_workers(caf::actor_system& sys, const arguments& a) {
  u64 sum = 0;
  const auto square = [](u64 x) { return x * x; };
  const auto order = a.workload == "W4o" ? tr::merge::in_order : tr::merge::first_available;
  return timed(sys, a,
               counter(a, 0, a.n)
                   | tr::fan_out("square", square, {.workers = 4, .buffer = a.buffer})
                   | tr::fan_in("merge", {.merge = order, .buffer = a.buffer})
                   | tr::sink("sink", [&sum](u64 x) { sum += x; }, {.buffer = a.buffer}),
               sum);
}

// A chain of dependent xorshifts: nothing to gain from the processor's other ports.
[[gnu::noinline]] u64 work(u64 x, u64 iterations) {
  for (u64 i = 0; i < iterations; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

double thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// One task alone, the best of several tries.
double task_ns(u64 iterations) {
  const u64 tasks = 1'000'000 / (2 * iterations + 1) + 1;
  double best = 1e30;
  volatile u64 sum = 0;
  for (int round = 0; round < 15; ++round) {
    const auto began = thread_cpu_ns();
    for (u64 i = 0; i < tasks; ++i)
      sum = sum + work(i + 1, iterations);
    best = std::min(best, (thread_cpu_ns() - began) / static_cast<double>(tasks));
  }
  return best;
}

bool pool_of_four(caf::actor_system& sys, const arguments& a) {
  const auto* const given = std::getenv("BENCH_ITERS_1US");
  const u64 iterations
      = (given != nullptr ? std::stoull(given) : 600) * (a.workload == "W5b" ? 20 : 1);
  const auto alone = task_ns(iterations);
  u64 sum = 0;
  const auto pool = tr::worker_pool("pool", [iterations](u64 x) { return work(x + 1, iterations); },
                                    {.workers = {4}, .queue = a.buffer});
  const auto began = wall::now();
  const auto cpu = cpu_ms();
  const auto end
      = tr::start(sys, counter(a, 0, a.n) | pool
                           | tr::sink("sink", [&sum](u64 x) { sum += x; }, {.buffer = a.buffer}))
            .wait();
  const std::chrono::duration<double, std::nano> took = wall::now() - began;
  report(a, took.count(), cpu_ms() - cpu, sum,
         " task_ns=" + std::to_string(alone) + " efficiency="
             + std::to_string(static_cast<double>(a.n) * alone / 2 / took.count()));
  return end.clean();
}

struct call_cost {
  double wall_ns = 1e30;
  double cpu_ns = 1e30;
  u64 checksum = 0;
};

// One more try; false if it did not end well.
template <class Call>
bool timed_calls(caf::actor_system& sys, const arguments& a, const Call& call, call_cost& best) {
  const auto n = static_cast<double>(a.n);
  u64 sum = 0;
  const auto began = wall::now();
  const auto cpu = cpu_ms();
  const auto end
      = tr::start(sys, counter(a, 0, a.n) | call
                           | tr::sink("sink", [&sum](u64 x) { sum += x; }, {.buffer = a.buffer}))
            .wait();
  const std::chrono::duration<double, std::nano> took = wall::now() - began;
  best = {std::min(best.wall_ns, took.count() / n),
          std::min(best.cpu_ns, (cpu_ms() - cpu) * 1e6 / n), sum};
  return end.clean();
}

bool cost_of_a_breaker(caf::actor_system& sys, const arguments& a) {
  const auto* const given = std::getenv("BENCH_ITERS_1US");
  const u64 iterations = (given != nullptr ? std::stoull(given) : 600) / 5;
  const auto f = [iterations](u64 x) { return work(x + 1, iterations); };
  const tr::call_options o{.queue = a.buffer};
  const auto plain = tr::call("x", f, o);
  const auto guarded = tr::call("x", f, o, tr::circuit_breaker{});
  call_cost without;
  call_cost with;
  for (int round = 0; round < 7; ++round)
    if (!timed_calls(sys, a, plain, without) || !timed_calls(sys, a, guarded, with))
      return false;
  report(a, with.wall_ns * static_cast<double>(a.n), with.cpu_ns * static_cast<double>(a.n) / 1e6,
         with.checksum,
         " task_ns=" + std::to_string(task_ns(iterations)) + " plain_ns="
             + std::to_string(without.wall_ns) + " breaker_ns=" + std::to_string(with.wall_ns)
             + " difference_ns=" + std::to_string(with.wall_ns - without.wall_ns)
             + " cpu_difference_ns=" + std::to_string(with.cpu_ns - without.cpu_ns)
             + " ratio=" + std::to_string(with.wall_ns / without.wall_ns));
  return with.checksum == without.checksum;
}

bool idle_latency(caf::actor_system& sys, const arguments& a) {
  std::vector<u64> latencies;
  const auto now = [] { return static_cast<u64>(wall::now().time_since_epoch().count()); };
  auto [in, source] = tr::inbox<u64>("inbox");
  const auto same = [](u64 x) { return x; };
  auto r = tr::start(sys, source | tr::map("a", same) | tr::map("b", same) | tr::map("c", same)
                              | tr::map("d", same)
                              | tr::sink("sink", [&](u64 t) { latencies.push_back(now() - t); }));
  const auto began = wall::now();
  const auto cpu = cpu_ms();
  for (u64 i = 0; i < a.n; ++i) {
    std::this_thread::sleep_until(began + i * 2ms);
    in.offer(now());
  }
  in.close();
  const auto clean = r.wait().clean();
  const std::chrono::duration<double, std::nano> took = wall::now() - began;
  std::sort(latencies.begin(), latencies.end());
  report(a, took.count(), cpu_ms() - cpu, latencies.size(),
         " p50_ns=" + std::to_string(latencies[latencies.size() / 2])
             + " p99_ns=" + std::to_string(latencies[latencies.size() * 99 / 100])
             + " max_ns=" + std::to_string(latencies.back()));
  return clean;
}

} // namespace

int main(int argc, char** argv) {
  const auto a = parse(argc, argv);
  tr::config cfg;
  caf::actor_system sys{cfg};
  if (a.workload == "W1" || a.workload == "W3")
    return ordered(sys, a) ? 0 : 1;
  if (a.workload == "W2")
    return many_to_many(sys, a) ? 0 : 1;
  if (a.workload == "W4" || a.workload == "W4o")
    return four_workers(sys, a) ? 0 : 1;
  if (a.workload == "W5a" || a.workload == "W5b")
    return pool_of_four(sys, a) ? 0 : 1;
  if (a.workload == "W8")
    return idle_latency(sys, a) ? 0 : 1;
  if (a.workload == "breaker")
    return cost_of_a_breaker(sys, a) ? 0 : 1;
  std::cerr << "UNSUPPORTED " << a.workload
            << "; there are W1, W2, W3, W4, W4o, W5a, W5b, W8, breaker\n";
  return 3;
}
