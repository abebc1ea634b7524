#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "../support.hpp"
#include <troupe/service.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Calls that wait for each other: all of them are at work at once, or the meeting fails.
class meeting {
public:
  explicit meeting(int wanted) : wanted_(wanted) {}

  bool attend() {
    std::unique_lock lock{mutex_};
    if (++here_ == wanted_)
      all_.notify_all();
    // The limit is only there to fail instead of hanging.
    return all_.wait_for(lock, 2s, [this] { return here_ >= wanted_; });
  }

private:
  const int wanted_;
  int here_ = 0;
  std::mutex mutex_;
  std::condition_variable all_;
};

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("after many quick calls, slow ones still go to different workers") {
    threaded_system sys;
    for (int round = 0; round < 5; ++round) {
      CAPTURE(round);
      meeting all_four{4};
      const auto f = [&](int x) { return x < 0 ? all_four.attend() : true; };
      auto pool = tr::serve(
          sys,
          tr::worker_pool("pool", f, {.workers = {4}, .queue = 2000, .thread = tr::thread::own}));
      std::vector<std::future<tr::result<bool>>> answers;
      for (int i = 0; i < 20'000; ++i)
        answers.push_back(pool.ask(i));
      for (auto& a : answers)
        a.get();
      answers.clear();

      for (int i = 0; i < 4; ++i)
        answers.push_back(pool.ask(-1));

      for (auto& a : answers) {
        const auto met = a.get();
        REQUIRE(met);
        CHECK(*met);
      }
    }
  }
}
