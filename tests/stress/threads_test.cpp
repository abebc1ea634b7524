#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

// What several threads may do with one thing at once. The numbers are checked everywhere; the order
// of memory accesses only under ThreadSanitizer (scripts/tsan).

/// Threads that begin together and repeat what they do until they are told to stop.
class crowd {
public:
  explicit crowd(std::vector<std::function<void()>> what) : begin_(std::ptrdiff_t(what.size())) {
    for (auto& f : what)
      threads_.emplace_back([this, f = std::move(f)] {
        begin_.arrive_and_wait();
        for (; !over_; std::this_thread::yield())
          f();
      });
  }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd() { disperse(); }

  void disperse() {
    over_ = true;
    for (auto& t : threads_)
      t.join();
    threads_.clear();
  }

private:
  std::latch begin_;
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

class text_file {
public:
  explicit text_file(int lines)
      : path_(std::filesystem::temp_directory_path()
              / ("troupe_threads_" + std::to_string(std::random_device{}()))) {
    std::ofstream out{path_};
    for (int i = 0; i < lines; ++i)
      out << "line " << i << '\n';
  }
  text_file(const text_file&) = delete;
  text_file& operator=(const text_file&) = delete;
  ~text_file() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

tr::flow<void> numbered(int n, std::vector<int>& out) {
  return tr::from("n", numbers(n))
         | tr::map("work", [](int x) { return x; }, {.parallel = 3, .buffer = 32})
         | tr::collect("out", out);
}

} // namespace

TEST_SUITE("threads") {
  TEST_CASE("a run that ends by itself may be asked by any number of threads meanwhile") {
    threaded_system sys;
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      std::vector<int> out;
      auto r = tr::start(sys, numbered(2000, out));
      std::atomic<bool> balanced{true};
      const auto look = [&] {
        for (const auto& stage : r.metrics().stages)
          if (!stage.counters.balanced())
            balanced = false;
      };
      crowd threads{{look, look, [&] { (void)r.done(); }}};

      while (!r.wait_for(1ms)) {
        r.pause("work");
        r.resume("work");
      }
      const auto end = accounted(r.wait());
      threads.disperse();

      CHECK(end.clean());
      CHECK(out == numbers(2000));
      CHECK(balanced);
    }
  }

  TEST_CASE("a monitor on real threads may be asked, given runs and destroyed at any moment") {
    threaded_system sys;
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      std::uint64_t alerts = 0; // not atomic: `on_alert` comes one at a time
      std::vector<int> out;
      std::optional<tr::monitor> watch;
      watch.emplace(
          *sys, tr::monitor_options{.sample_every = 1ms,
                                    .alert_when = {tr::mailbox_depth("work") > 0, tr::memory() > 0},
                                    .on_alert = [&](const tr::alert&) { ++alerts; },
                                    .history = 4});
      auto r = tr::start(sys, numbered(2000, out), {.watch = &*watch});
      crowd threads{{[&] { (void)watch->metrics(); },
                     [&] {
                       (void)watch->history();
                       (void)watch->open_alerts();
                     }}};

      while (watch->history().empty())
        std::this_thread::yield();
      threads.disperse();
      if (round % 2 == 0) // else while it goes on
        (void)r.wait();
      watch.reset();
      const auto told = alerts;
      const auto end = accounted(r.wait());

      CHECK(end.clean());
      CHECK(out == numbers(2000));
      CHECK(alerts == told); // none comes after the monitor is gone
    }
  }

  TEST_CASE("dead letters of parallel actors come one at a time, and none is left out") {
    threaded_system sys;
    std::vector<int> buried; // not guarded: that is the promise
    const auto refuse = [](int x) -> int { throw x; };

    auto r = tr::start(
        sys,
        tr::from("n", numbers(2000))
            | tr::map("refuse", refuse,
                      {.parallel = 3, .batch = 4, .on_error = tr::on_error::dead_letter})
            | tr::ignore("end"),
        {.dead_letters
         = [&](const tr::dead_letter& d) { buried.push_back(std::any_cast<int>(d.item)); }});
    const auto end = accounted(r.wait());

    CHECK(end.stage("refuse").failed == 2000);
    std::sort(buried.begin(), buried.end());
    CHECK(buried == numbers(2000));
  }

  TEST_CASE("the lines of a block may be read and let go by several threads, after their run too") {
    threaded_system sys;
    const text_file text{30}; // one block
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      std::vector<tr::line> lines;
      run_to_end(sys, tr::lines("read", text.path()) | tr::collect("out", lines));
      REQUIRE(lines.size() == 30);

      std::atomic<std::uint64_t> sum{0};
      std::latch begin{3};
      std::vector<std::thread> threads;
      for (std::size_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
          begin.arrive_and_wait();
          for (auto i = t; i < lines.size(); i += 3) {
            sum += std::stoul(std::string{lines[i].text().substr(5)}); // behind "line "
            lines[i] = {};
          }
        });
      for (auto& t : threads)
        t.join();

      CHECK(sum == 29 * 30 / 2);
    }
  }

  TEST_CASE("threads may offer to an inbox while its run is drained, stopped or cancelled") {
    threaded_system sys;
    for (int round = 0; round < 60; ++round) {
      CAPTURE(round);
      auto [in, source] = tr::inbox<int>("in", {.capacity = 16});
      std::atomic<std::uint64_t> accepted{0};
      std::uint64_t delivered = 0;
      tr::context ctx;
      auto r = tr::start(sys,
                         source | tr::map("work", [](int x) { return x; }, {.parallel = 2})
                             | tr::sink("out", [&](int) { ++delivered; }),
                         tr::run_options{.ctx = ctx});
      const auto offer = [&, in = in]() mutable {
        if (in.offer(1) == tr::offer_result::accepted)
          ++accepted;
      };
      const auto push = [&, in = in]() mutable {
        if (in.push(1, 1ms))
          ++accepted;
      };
      crowd threads{{offer, offer, push}};
      while (r.metrics("out").counters.delivered < 20)
        std::this_thread::yield();

      tr::report end;
      if (round % 3 == 0) {
        end = r.drain();
      } else if (round % 3 == 1) {
        end = r.stop();
      } else {
        crowd cancellers{{[&] { ctx.cancel(); }, [&] { ctx.cancel(); }}};
        end = r.wait();
      }
      threads.disperse();

      accounted(end);
      CHECK(end.stage("out").delivered == delivered);
      CHECK(end.stage("in").received == accepted);
      if (round % 3 == 0)
        CHECK(delivered == accepted);
    }
  }
}
