#include <troupe/caf/virtual_time.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>

#if !TROUPE_CAF_1X
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#endif

namespace troupe::detail {

#if TROUPE_CAF_1X

// CAF 1.x keeps its deterministic scheduler in libcaf_test, which an application does not link.
bool is_testing(caf::actor_system&) { return false; }
bool is_scheduler_thread(caf::actor_system&) noexcept { return false; }
std::size_t scheduler_threads(caf::actor_system&) { return 0; }

namespace virtual_time {

namespace {
[[noreturn]] void refuse() {
  throw std::logic_error("virtual time needs CAF 0.17 and the scheduler policy \"testing\"");
}
} // namespace

bool run_jobs(caf::actor_system&) { refuse(); }
std::optional<time_point> next_timeout(caf::actor_system&) { refuse(); }
bool trigger_next_timeout(caf::actor_system&) { refuse(); }
void advance(caf::actor_system&, duration) { refuse(); }
void run_for(caf::actor_system&, duration) { refuse(); }
driven drive(caf::actor_system&, const std::function<bool()>&, std::optional<duration>) {
  refuse();
}

} // namespace virtual_time

#else

namespace {

using caf::scheduler::test_coordinator;

test_coordinator& testing_scheduler(caf::actor_system& sys) {
  auto* found = dynamic_cast<test_coordinator*>(&sys.scheduler());
  if (found == nullptr)
    throw std::logic_error("virtual time needs the scheduler policy \"testing\"");
  return *found;
}

template <class Policy>
bool works_for(caf::scheduler::abstract_coordinator& scheduler) noexcept {
  auto* const c = dynamic_cast<caf::scheduler::coordinator<Policy>*>(&scheduler);
  for (std::size_t i = 0; c != nullptr && i < c->num_workers(); ++i)
    if (c->worker_by_id(i)->get_thread().get_id() == std::this_thread::get_id())
      return true;
  return false;
}

} // namespace

bool is_scheduler_thread(caf::actor_system& sys) noexcept {
  return works_for<caf::policy::work_stealing>(sys.scheduler())
         || works_for<caf::policy::work_sharing>(sys.scheduler());
}

bool is_testing(caf::actor_system& sys) {
  return dynamic_cast<test_coordinator*>(&sys.scheduler()) != nullptr;
}

std::size_t scheduler_threads(caf::actor_system& sys) {
  return is_testing(sys) ? 0 : sys.scheduler().num_workers();
}

namespace virtual_time {

bool run_jobs(caf::actor_system& sys) {
  auto& jobs = testing_scheduler(sys).jobs;
  const bool any = !jobs.empty();
  const actor_thread here; // also for those that are not ours
  while (!jobs.empty()) {
    auto* const job = jobs.front();
    testing_scheduler(sys).try_run_once();
    // CAF puts an actor with more messages back at the front, so one that keeps sending to itself
    // would keep all others waiting; a real scheduler takes turns.
    if (jobs.size() > 1 && jobs.front() == job)
      std::rotate(jobs.begin(), jobs.begin() + 1, jobs.end());
  }
  return any;
}

std::optional<time_point> next_timeout(caf::actor_system& sys) {
  const auto& schedule = testing_scheduler(sys).clock().schedule();
  if (schedule.empty())
    return std::nullopt;
  return schedule.begin()->first;
}

bool trigger_next_timeout(caf::actor_system& sys) {
  return testing_scheduler(sys).trigger_timeout();
}

void advance(caf::actor_system& sys, duration d) {
  const auto from = now(sys);
  testing_scheduler(sys).advance_time(elapsed(from, later(from, d)));
}

void run_for(caf::actor_system& sys, duration d) {
  const auto end = later(now(sys), d);
  run_jobs(sys);
  for (auto due = next_timeout(sys); due && *due <= end; due = next_timeout(sys)) {
    trigger_next_timeout(sys);
    run_jobs(sys);
  }
  if (end != time_point::max() && end > now(sys))
    advance(sys, end - now(sys));
}

driven drive(caf::actor_system& sys, const std::function<bool()>& done,
             std::optional<duration> limit) {
  const auto until = later(now(sys), limit.value_or(duration::max()));
  for (;;) {
    run_jobs(sys);
    if (done())
      return driven::done;
    const auto next = next_timeout(sys);
    if (until != time_point::max() && (!next || *next > until)) {
      run_for(sys, elapsed(now(sys), until));
      return done() ? driven::done : driven::over_limit;
    }
    if (!next)
      return driven::stuck;
    trigger_next_timeout(sys);
  }
}

} // namespace virtual_time

#endif

} // namespace troupe::detail
