// adaptive_pool: a load that rises and falls, and a worker pool that follows it.
//
//    calls      +-------+      +--> worker 1
//   ----------->| queue |------+--> worker 2            busy, and calls wait:   more workers
//   40 .. 600/s +-------+      +--> ...                 most have nothing to do: fewer
//    <----------- answers ---- +--> worker 8 at most
//
// A call takes 10 ms, so that a worker answers 100 a second. The pool starts with one worker. It
// grows by a fifth whenever all are busy or calls wait too long, and shrinks by a tenth when less
// than a third are busy; a worker that is sent to rest has finished its call before.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <numbers>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto work = 10ms;
constexpr auto row_every = 200ms;
constexpr auto tick = 5ms;
constexpr double low = 40; // calls a second

struct options {
  int workers = 8;
  int seconds = 6;
};

double seconds(tr::duration d) { return std::chrono::duration<double>(d).count(); }

struct call {
  steady::time_point asked;
};

/// Answers how long the call has waited.
tr::duration handle(const call& c) {
  const auto waited = steady::now() - c.asked;
  std::this_thread::sleep_for(work); // what a disk or another machine would take
  return waited;
}

/// What became of the calls since the last look.
class answers {
public:
  struct sum {
    int answered = 0;
    int refused = 0;
    tr::duration waited{};
    tr::duration longest{};
  };

  void add(const tr::result<tr::duration>& waited) {
    const std::lock_guard lock{mutex_};
    if (!waited) {
      ++now_.refused;
      return;
    }
    ++now_.answered;
    now_.waited += *waited;
    now_.longest = std::max(now_.longest, *waited);
  }
  sum take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(now_, {});
  }

private:
  std::mutex mutex_;
  sum now_;
};

double most_load(const options& o) { return std::max(low, 0.75 * o.workers / seconds(work)); }

/// Calls a second: low, up to three quarters of what all workers could do, and low again.
double load_at(tr::duration t, const options& o) {
  const double pause = o.seconds / 8.0;
  const double x = std::clamp((seconds(t) - pause) / (o.seconds - 3 * pause), 0.0, 1.0);
  return low + (most_load(o) - low) * std::pow(std::sin(std::numbers::pi * x), 2);
}

double ms(tr::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

std::string bar(double share, std::size_t columns) {
  const auto full = std::min(
      columns, static_cast<std::size_t>(std::lround(share * static_cast<double>(columns))));
  return std::string(full, '#') + std::string(columns - full, '.');
}

void print_head() { std::cout << "  time          load             wait      busy  workers\n"; }

void print_row(tr::duration t, const options& o, const answers::sum& got,
               const tr::stage_metrics& pool) {
  const auto mean = got.answered > 0 ? got.waited / got.answered : tr::duration{};
  std::cout << std::fixed << std::setprecision(1) << std::setw(4) << seconds(t) << " s"
            << std::setw(6) << std::lround(load_at(t, o)) << "/s "
            << bar(load_at(t, o) / most_load(o), 12) << std::setw(7) << ms(mean) << " ms"
            << std::setw(6) << std::lround(100 * pool.utilization) << " %  "
            << bar(static_cast<double>(pool.workers) / o.workers,
                   static_cast<std::size_t>(o.workers))
            << ' ' << pool.workers << '\n'
            << std::flush;
}

/// What the rows add up to.
struct course {
  std::size_t fewest = 0;
  std::size_t most = 0;
  std::size_t last = 0;
  double worker_seconds = 0;
  tr::duration longest_wait{};
  int answered = 0;
  int refused = 0;

  void add_workers(std::size_t workers) {
    fewest = most == 0 ? workers : std::min(fewest, workers);
    most = std::max(most, workers);
    last = workers;
    worker_seconds += static_cast<double>(workers) * seconds(row_every);
  }
  void add(const answers::sum& got) {
    longest_wait = std::max(longest_wait, got.longest);
    answered += got.answered;
    refused += got.refused;
  }
};

using service = tr::service<call, tr::duration>;

/// The pool's last period, as the monitor saw it; what there is since its start before the first.
tr::stage_metrics period_of(const service& pool, const tr::monitor& watch) {
  auto now = pool.metrics();
  for (const auto& run : watch.metrics())
    for (const auto& stage : run.stages)
      if (stage.name == now.name)
        now.utilization = stage.utilization;
  return now;
}

service serve_pool(caf::actor_system& sys, tr::monitor& watch, const options& o) {
  return tr::serve(sys,
                   tr::worker_pool("pool", handle,
                                   {.workers = {.min = 1, .max = o.workers},
                                    .queue = 1'000,
                                    .overflow = tr::overflow::shed,
                                    .wait_target = 20ms,
                                    .cooldown = 100ms,
                                    .thread = tr::thread::own}), // a call blocks its thread
                   watch);
}

void print_end(const course& all, int asked, const options& o) {
  std::cout << '\n'
            << asked << " calls: " << all.answered << " answered, " << all.refused
            << " refused; longest wait " << std::lround(ms(all.longest_wait)) << " ms\n"
            << "workers: " << all.fewest << " at least, " << all.most << " at most, " << all.last
            << " at the end; " << all.worker_seconds << " worker-seconds, where a fixed pool of "
            << o.workers << " takes " << static_cast<double>(o.workers * o.seconds) << '\n';
}

int run_load(const options& o) {
  answers got; // outlives the pool, whose last answers come at its end
  tr::config cfg;
  caf::actor_system sys{cfg};
  tr::monitor watch{sys, {.sample_every = row_every}};
  const auto pool = serve_pool(sys, watch, o);

  print_head();
  course all;
  int asked = 0;
  std::minstd_rand rng{1};
  const auto start = steady::now();
  for (auto t = tr::duration{}; t <= std::chrono::seconds{o.seconds}; t += tick) {
    std::this_thread::sleep_until(start + t);
    // Callers know nothing of each other, so they come at random.
    std::poisson_distribution<int> callers{load_at(t, o) * seconds(tick)};
    for (int n = callers(rng); n > 0; --n, ++asked)
      pool.ask({steady::now()}, [&got](const tr::result<tr::duration>& w) { got.add(w); });
    if (t == tr::duration{} || t % row_every != tr::duration{})
      continue;
    const auto seen = period_of(pool, watch);
    const auto answered = got.take();
    all.add(answered);
    all.add_workers(seen.workers);
    print_row(t, o, answered, seen);
  }
  pool.drain(10s);
  all.add(got.take());
  print_end(all, asked, o);
  return all.answered == asked ? 0 : 1;
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{"Puts a load that rises and falls on a worker pool that follows it.",
                               "adaptive_pool"};
  args.number("--workers", o.workers, "At most so many, 2 to 64 (default: 8)", 2, 64);
  args.number("--seconds", o.seconds, "How long, 2 to 600 (default: 6)", 2, 600);
  args.footer("Exit codes: 0 every call was answered, 1 some were not, 2 wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(run_load(o));
}

} // namespace

int main(int argc, char** argv) {
  return command_line::guarded("adaptive_pool", command, argc, argv);
}
