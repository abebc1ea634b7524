// hedged_reads: reads of which a few take long, and a second attempt for those that are late.
//
//   200 reads/s ---> hedge --+--> attempt 1 -------------------> replica     10 ms; 2 % take 300 ms
//                            |
//                            +--> attempt 2, later than 95 % --> replica     the first answer wins,
//                                                                            the other is cancelled
//
// The same reads are made twice, without and with `hedge{.at_quantile = 0.95}`: a second attempt
// begins when 95 % of recent reads would have been answered; before 20 answers nobody knows when
// that is, and there is none. What an attempt takes is drawn from the seed, the number of the read
// and that of the attempt, so that both runs meet the same luck.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iomanip>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr int slow_per_mille = 20;
constexpr int slow_factor = 30;

struct options {
  int reads = 500;
  int rate = 200; // a second
  std::uint32_t seed = 1;
};

struct read {
  std::size_t number = 0;
};
struct value {
  int attempt = 0; // which one answered, from 1
};

double ms(tr::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

struct luck {
  tr::duration takes{};
  bool slow = false;
};

/// 8 to 12 ms, or 30 times as long.
luck draw(std::uint32_t seed, std::size_t read, int attempt) {
  std::seed_seq all{seed, static_cast<std::uint32_t>(read), static_cast<std::uint32_t>(attempt)};
  std::mt19937 rng{all};
  const auto usual = 8ms + std::chrono::microseconds{rng() % 4'000};
  const bool slow = rng() % 1'000 < slow_per_mille;
  return {slow ? slow_factor * usual : usual, slow};
}

/// Sleeps; false if the context was cancelled before.
bool sleep_for(tr::duration d, const tr::context& ctx) {
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;
  const auto id = ctx.on_cancel([&] {
    const std::lock_guard lock{mutex};
    cancelled = true;
    changed.notify_one();
  });
  {
    std::unique_lock lock{mutex};
    changed.wait_for(lock, d, [&] { return cancelled; });
  }
  ctx.forget(id);
  return !cancelled;
}

/// Several replicas of the same data, of which any attempt may meet a busy one.
class replicas {
public:
  explicit replicas(const options& o)
      : seed_(o.seed), attempts_(static_cast<std::size_t>(o.reads)) {}

  tr::result<value> get(const read& r, const tr::context& ctx) {
    const int attempt = ++attempts_[r.number];
    ++reads_;
    if (!sleep_for(draw(seed_, r.number, attempt).takes, ctx))
      return tr::fail(tr::errc::cancelled, "another attempt was faster");
    return value{attempt};
  }

  int reads() const noexcept { return reads_; }

private:
  std::uint32_t seed_;
  std::vector<std::atomic<int>> attempts_; // of each read
  std::atomic<int> reads_{0};
};

/// What came of all reads, one way or the other.
struct course {
  std::vector<tr::duration> took; // ascending
  int attempts = 0;
  int by_second = 0; // answered by the second attempt
  int failed = 0;

  tr::duration quantile(double q) const {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(took.size())));
    return took.at(std::max<std::size_t>(rank, 1) - 1);
  }
};

/// A read that has begun, and when it was answered.
struct answer {
  tr::result<value> got;
  tr::duration took{};
};

/// Asks at a fixed rate, whether or not earlier reads have been answered: callers know nothing of
/// each other, and a wait for the slow ones would hide them.
template <class... Policies>
course read_all(const options& o, const Policies&... policies) {
  replicas store{o}; // outlives the service
  tr::config cfg;
  caf::actor_system sys{cfg};
  const auto svc = tr::serve(
      sys, tr::call(
               "reads", [&](const read& r, tr::context& ctx) { return store.get(r, ctx); },
               tr::call_options{.workers = 32}, policies...));
  std::vector<std::future<answer>> answers;
  const auto start = steady::now();
  for (int n = 0; n < o.reads; ++n) {
    std::this_thread::sleep_until(start + n * std::chrono::nanoseconds{1s} / o.rate);
    auto promise = std::make_shared<std::promise<answer>>();
    answers.push_back(promise->get_future());
    svc.ask(read{static_cast<std::size_t>(n)},
            [promise, asked = steady::now()](const tr::result<value>& got) {
              promise->set_value({got, steady::now() - asked});
            });
  }
  course all;
  for (auto& future : answers) {
    const auto a = future.get();
    all.took.push_back(a.took);
    all.failed += a.got ? 0 : 1;
    all.by_second += a.got && a.got->attempt == 2 ? 1 : 0;
  }
  svc.drain(10s);
  std::sort(all.took.begin(), all.took.end());
  all.attempts = store.reads();
  return all;
}

void print_row(const std::string& how, const course& c) {
  const auto reads = static_cast<double>(c.took.size());
  std::cout << std::left << std::setw(16) << how << std::right << std::fixed
            << std::setprecision(1);
  for (const auto d : {c.quantile(0.5), c.quantile(0.9), c.quantile(0.99), c.took.back()})
    std::cout << std::setw(8) << ms(d);
  std::cout << std::setw(10) << c.attempts << std::setw(10) << 100 * (c.attempts / reads - 1)
            << " %\n"
            << std::flush;
}

/// How many reads took how long: what the quantiles are taken from.
void print_shape(const course& without, const course& with) {
  constexpr std::array<int, 6> ends{15, 30, 60, 120, 240, 1'000'000};
  std::cout << "\nhow many took      without  with\n";
  int begin = 0;
  for (const auto end : ends) {
    const auto in_it = [&](const course& c) {
      return std::count_if(c.took.begin(), c.took.end(),
                           [&](tr::duration d) { return ms(d) >= begin && ms(d) < end; });
    };
    std::cout << std::setw(5) << begin;
    if (end == ends.back())
      std::cout << " ms or more";
    else
      std::cout << " to " << std::setw(4) << end << " ms";
    std::cout << std::setw(10) << in_it(without) << std::setw(6) << in_it(with) << '\n';
    begin = end;
  }
}

int run_reads(const options& o) {
  int slow = 0;
  for (int n = 0; n < o.reads; ++n)
    slow += draw(o.seed, static_cast<std::size_t>(n), 1).slow ? 1 : 0;
  std::cout << o.reads << " reads, " << o.rate << " a second; the first attempt of " << slow
            << " takes " << slow_factor << " times as long\n\n"
            << "milliseconds         p50     p90     p99     max  attempts     extra load\n";
  const auto without = read_all(o);
  print_row("without", without);
  const auto with = read_all(o, tr::hedge{.at_quantile = 0.95});
  print_row("hedge at 0.95", with);
  print_shape(without, with);
  std::cout << '\n'
            << with.attempts - o.reads << " second attempts, " << with.by_second
            << " of them were the first to answer\n";
  return without.failed + with.failed == 0 ? 0 : 1;
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{"Reads with a tail of slow ones, without and with hedging.",
                               "hedged_reads"};
  args.number("--reads", o.reads, "How many, 100 to 100000 (default: 500)", 100, 100'000);
  args.number("--rate", o.rate, "Reads a second, 10 to 1000 (default: 200)", 10, 1'000);
  args.number("--seed", o.seed, "Which reads are slow, 0 to 4294967295 (default: 1)",
              std::uint32_t{0}, std::uint32_t{4'294'967'295});
  args.footer("Exit codes: 0 every read was answered, 1 some were not, 2 wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(run_reads(o));
}

} // namespace

int main(int argc, char** argv) {
  return command_line::guarded("hedged_reads", command, argc, argv);
}
