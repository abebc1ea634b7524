#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include <troupe/context.hpp>

// Clocks in the hands of the test.
namespace context_fixture {

inline constexpr troupe::time_point t0{std::chrono::hours{1}};

// A clock that stands still until told otherwise.
struct fake_time {
  std::shared_ptr<troupe::time_point> now = std::make_shared<troupe::time_point>(t0);

  troupe::context root() const {
    return troupe::context::background([now = now] { return *now; });
  }
};

// A clock that holds up a thread which asks for it, the next time it reads the clock.
struct gate {
  static inline thread_local bool hold_me = false;
  std::atomic<int> state{0}; // 1: a thread is held, 2: it may go on

  troupe::context root() {
    return troupe::context::background([this] {
      if (std::exchange(hold_me, false)) {
        set(1);
        state.wait(1);
      }
      return t0;
    });
  }
  void set(int s) {
    state = s;
    state.notify_all();
  }
};

inline void count_up(std::atomic<int>& n) { n.fetch_add(1); }

} // namespace context_fixture
