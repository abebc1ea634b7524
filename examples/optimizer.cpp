// optimizer: a flow with one slow stage, which is found and mended while the flow runs.
//
//   orders --> check --> price x2 --> ledger
//   250/s      2 ms      20 ms        1 ms
//                ^          ^
//                +----------+------ optimizer: samples, says what limits, changes it, measures
//
// Two that price do 100 orders a second; the orders come at 250. The optimizer sees how long each
// stage works for an order, calculates how many workers it takes, and what the flow will do then.
// What it predicted stands beside what came. With --crowded the price service gets slower the more
// ask it: what did not come true is taken back.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto row_every = 500ms;

struct options {
  int seconds = 6;
  int most = 16;
  bool crowded = false;
};

/// What a disk or another machine would take.
void wait_for_answer(std::chrono::milliseconds d) { std::this_thread::sleep_for(d); }

int next_order(std::chrono::milliseconds every, int& last) {
  wait_for_answer(every);
  return ++last;
}

/// A service for prices: with --crowded a call takes the longer, the more there are.
class price_service {
public:
  explicit price_service(bool crowded) : crowded_(crowded) {}

  double price_of(int order) {
    const int inside = ++inside_;
    wait_for_answer(crowded_ ? 10ms * inside * inside / 2 : 20ms);
    --inside_;
    return order * 1.25;
  }

private:
  const bool crowded_;
  std::atomic<int> inside_{0};
};

tr::flow<void> orders(price_service& prices) {
  const auto own = tr::thread::own; // each of them waits for somebody
  return tr::produce<int>("orders",
                          [last = 0]() mutable { return std::optional{next_order(4ms, last)}; },
                          {.buffer = 32, .thread = own})
         | tr::stage("check",
                     [](int order) {
                       wait_for_answer(2ms);
                       return order;
                     },
                     {.buffer = 32, .thread = own})
         | tr::stage("price", [&prices](int order) { return prices.price_of(order); },
                     {.parallel = 2, .buffer = 32, .thread = own})
         | tr::sink("ledger", [](double) { wait_for_answer(1ms); }, {.buffer = 32, .thread = own});
}

/// Rows and steps come from two threads.
class screen {
public:
  void say(const std::string& line) {
    const std::lock_guard lock{mutex_};
    std::cout << line << std::endl;
  }
  void row(double seconds, const tr::graph_metrics& now) {
    const auto& price = now.stages.at(2);
    const auto ledger = now.stages.at(3).throughput;
    const auto columns = static_cast<std::size_t>(std::clamp(ledger / 10, 0.0, 40.0));
    const std::lock_guard lock{mutex_};
    std::cout << std::fixed << std::setprecision(1) << std::setw(5) << seconds << " s"
              << std::setw(6) << std::lround(ledger) << "/s " << std::left << std::setw(26)
              << std::string(columns, '#') << std::right << " price x" << price.workers << ", "
              << std::lround(100 * price.utilization) << " % busy\n"
              << std::flush;
  }

private:
  std::mutex mutex_;
};

void say_step(screen& out, const tr::optimizer_step& step) {
  if (step.state == tr::step_state::measuring)
    for (const auto& rec : step.changes)
      out.say("        " + rec.stage + ": " + rec.evidence);
  out.say("        " + to_string(step));
}

/// What was predicted beside what came; whether each step is known to have gone well or was taken
/// back.
bool print_end(const std::vector<tr::optimizer_step>& steps, const tr::advice& last) {
  std::cout << "\n  step  change                              predicted   measured\n";
  bool known = !steps.empty();
  for (const auto& step : steps) {
    const bool measured = step.state != tr::step_state::measuring;
    known = known && measured;
    std::string change;
    for (const auto& rec : step.changes)
      change += (change.empty() ? "" : ", ") + rec.stage + ": " + rec.change;
    std::cout << std::setw(6) << step.number << "  " << std::left << std::setw(34) << change
              << std::right << std::setw(9) << std::lround(step.predicted.after) << "/s"
              << std::setw(9) << (measured ? std::to_string(std::lround(step.measured)) : "?")
              << "/s  " << to_string(step.state) << '\n';
  }
  std::cout << "\nnow: " << last << "; " << to_string(last.limit) << '\n';
  return known;
}

int run_orders(const options& o) {
  screen out;
  price_service prices{o.crowded};
  tr::config cfg;
  caf::actor_system sys{cfg};
  auto r = tr::start(sys, orders(prices));
  const tr::optimizer better{r,
                             {.apply = tr::applying::automatically,
                              .bounds = {.most_workers = o.most},
                              .measure_for = 1s,
                              .on_step = [&](const tr::optimizer_step& s) { say_step(out, s); }}};
  const auto start = steady::now();
  for (auto t = row_every; t <= std::chrono::seconds{o.seconds}; t += row_every) {
    std::this_thread::sleep_until(start + t);
    out.row(std::chrono::duration<double>(t).count(), r.rates());
  }
  const auto last = better.advice();
  r.stop();
  return print_end(better.log(), last) ? 0 : 1;
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{"Finds the slow stage of a flow and mends it while the flow runs.",
                               "optimizer"};
  args.number("--seconds", o.seconds, "How long, 6 to 600 (default: 6)", 6, 600);
  args.number("--most", o.most, "At most so many workers, 2 to 64 (default: 16)", 2, 64);
  args.flag("--crowded", o.crowded, "More workers make it worse");
  args.footer("Exit codes: 0 something was changed, and measured; 1 it was not; 2 wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(run_orders(o));
}

} // namespace

int main(int argc, char** argv) { return command_line::guarded("optimizer", command, argc, argv); }
