#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <troupe/optimizer.hpp>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

const tr::stage_options blocking{
    .parallel = 2, .order = tr::emit::as_completed, .buffer = 32, .thread = tr::thread::own};

/// The work of these tests: a call that blocks its thread.
auto stage_of(const std::string& name, std::chrono::milliseconds d) {
  const auto work = [d](int x) {
    std::this_thread::sleep_for(d); // real-time: the stage's work
    return x;
  };
  return tr::stage(name, work, blocking);
}

tr::flow<int> source_of(std::chrono::milliseconds d) {
  const auto next = [d, n = 0]() mutable {
    std::this_thread::sleep_for(d); // real-time: the source's work
    return std::optional{n++};
  };
  return tr::produce<int>("source", next, {.buffer = 32, .thread = tr::thread::own});
}

/// Stages of 2 to 20 ms each: two workers of one of them do at most 125 items a second, and the
/// source 160 to 240.
tr::flow<void> flow_of(int i) {
  using ms = std::chrono::milliseconds;
  auto f = source_of(ms{4 + i % 3}) | stage_of("a", ms{2 + 2 * i});
  f = f | (i % 2 == 0 ? stage_of("b", ms{20 - i}) : stage_of("c", ms{16}));
  return f | tr::ignore("end");
}

/// A flow, and its optimizer's first step.
class trial {
public:
  trial(caf::actor_system& sys, const tr::flow<void>& f)
      : r(tr::start(sys, f)), better(r, {.apply = tr::applying::automatically,
                                         .bounds = {.most_workers = 24},
                                         .measure_for = 1s,
                                         .on_step = [this](const auto& s) { note(s); }}) {}

  /// Empty if it takes too long.
  tr::optimizer_step step() {
    auto known = known_.get_future();
    return known.wait_for(20s) == std::future_status::ready ? known.get() : tr::optimizer_step{};
  }

private:
  void note(const tr::optimizer_step& s) {
    if (s.state != tr::step_state::measuring && !std::exchange(noted_, true))
      known_.set_value(s);
  }

  std::promise<tr::optimizer_step> known_;
  bool noted_ = false;

public:
  tr::run r;
  tr::optimizer better; ///< ends before what it calls
};

bool came_true(const tr::optimizer_step& s) {
  return s.state == tr::step_state::kept
         && std::abs(s.measured - s.predicted.after) <= 0.2 * s.predicted.after;
}

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("what an optimizer predicts of ten flows that block comes true within 20 %") {
    threaded_system sys;
    std::vector<int> left{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::string missed;
    // While the machine does something else, work takes longer than it took before.
    for (int attempt = 0; attempt < 4 && !left.empty(); ++attempt) {
      std::vector<std::unique_ptr<trial>> trials;
      for (const auto i : left)
        trials.push_back(std::make_unique<trial>(sys, flow_of(i)));
      std::vector<int> again;
      missed.clear();
      for (std::size_t i = 0; i < trials.size(); ++i) {
        const auto step = trials[i]->step();
        if (came_true(step))
          continue;
        again.push_back(left[i]);
        missed += to_string(step) + '\n';
      }
      left = again;
      for (auto& t : trials)
        t->r.stop();
    }

    CHECK(missed == "");
  }

  TEST_CASE("what makes a flow worse is taken back") {
    threaded_system sys;
    // They wait for each other, and the more there are, the longer.
    auto inside = std::make_shared<std::atomic<int>>(0);
    const auto crowded = [inside](int x) {
      std::this_thread::sleep_for(5ms * ++*inside); // real-time: its work
      --*inside;
      return x;
    };
    trial t{sys, source_of(2ms) | tr::stage("crowded", crowded, blocking) | tr::ignore("end")};

    const auto step = t.step();

    CAPTURE(to_string(step));
    CHECK(step.state == tr::step_state::taken_back);
    CHECK(step.measured < step.predicted.after);
    CHECK(eventually([&] { return t.r.metrics("crowded").workers == 2; }));
    CHECK(to_string(t.better.advice()) == "nothing to change"); // not again
    t.r.stop();
  }
}
