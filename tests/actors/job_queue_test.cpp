#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include <troupe/caf/job_queue.hpp>

using troupe::detail::job_queue;

namespace {

struct idle_job final : caf::resumable {
  resume_result resume(caf::execution_unit* /*host*/, std::size_t /*most*/) override {
    return done;
  }
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override {}
};

} // namespace

TEST_SUITE("job_queue") {
  TEST_CASE("jobs leave in the order in which they came, however many wait") {
    std::vector<idle_job> jobs(1000);
    job_queue q;
    std::size_t in = 0;
    std::size_t out = 0;
    // Three come for each that leaves, so that it grows while its front is anywhere in the ring.
    while (out < jobs.size()) {
      for (int i = 0; i < 3 && in < jobs.size(); ++i)
        q.push(&jobs[in++]);
      REQUIRE(q.size() == in - out);
      REQUIRE(q.pop() == &jobs[out++]);
    }
    CHECK(q.pop() == nullptr);
  }

  TEST_CASE("the first job is told from those that join others") {
    std::array<idle_job, 2> jobs;
    job_queue q;
    CHECK(q.push(&jobs[0]));
    CHECK_FALSE(q.push(&jobs[1]));
    q.pop();
    q.pop();
    CHECK(q.push(&jobs[0]));
  }

  TEST_CASE("a job is taken only as the one that was seen at the front") {
    std::array<idle_job, 2> jobs;
    job_queue q;
    q.push(&jobs[0]);
    q.push(&jobs[1]);
    const auto seen = q.front();
    CHECK(q.pop() == &jobs[0]);

    CHECK(q.pop_if(seen) == nullptr);
    CHECK(q.size() == 1);
    CHECK(q.pop_if(q.front()) == &jobs[1]);
    CHECK(q.pop_if(q.front()) == nullptr);
  }

  TEST_CASE("two threads that take what two others put in get each job once") {
    constexpr std::size_t each = 20'000;
    std::vector<idle_job> jobs(2 * each);
    std::vector<std::atomic<int>> taken(jobs.size());
    std::atomic<std::size_t> left{jobs.size()};
    job_queue q;
    const auto put = [&](std::size_t from) {
      for (std::size_t i = from; i < from + each; ++i)
        q.push(&jobs[i]);
    };
    const auto take = [&] {
      while (left > 0)
        if (const auto* const j = q.pop()) {
          ++taken[static_cast<std::size_t>(static_cast<const idle_job*>(j) - jobs.data())];
          --left;
        }
    };
    {
      const std::jthread a{put, 0};
      const std::jthread b{put, each};
      const std::jthread c{take};
      const std::jthread d{take};
    }
    std::size_t wrong = 0;
    for (const auto& n : taken)
      wrong += n == 1 ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(q.size() == 0);
  }
}
