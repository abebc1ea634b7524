#pragma once

#include <cstddef>
#include <string>
#include <thread>

#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/wake_scheduler.hpp>
#include <troupe/detail/thread_name.hpp>

/// As CAF's own worker, for our policy: but which actor runs is only noted for a logger that wants
/// to know. CAF notes it twice for every resumption, under a lock and with a search, which was an
/// eighth of what passing on a batch costs.
template <>
class caf::scheduler::worker<troupe::detail::wake_policy> : public caf::execution_unit {
public:
  using policy = troupe::detail::wake_policy;
  using coordinator_ptr = coordinator<policy>*;
  using policy_data = policy::worker_data;

  worker(std::size_t id, coordinator_ptr parent, const policy_data& data, std::size_t throughput)
      : execution_unit(&parent->system()), throughput_(throughput), id_(id), parent_(parent),
        data_(data) {}
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void start() {
    thread_ = std::thread{[this] {
      const troupe::detail::actor_thread here; // whosoever's actors
      if (logs())
        CAF_SET_LOGGER_SYS(&system());
      troupe::detail::name_this_thread("troupe.w" + std::to_string(id_));
      system().thread_started();
      run();
      system().thread_terminates();
    }};
  }

  void external_enqueue(resumable* job) { policy_.external_enqueue(this, job); }
  void exec_later(resumable* job) override { policy_.internal_enqueue(this, job); }

  coordinator_ptr parent() { return parent_; }
  std::size_t id() const { return id_; }
  std::thread& get_thread() { return thread_; }
  policy_data& data() { return data_; }

private:
  bool logs() { return system().logger().verbosity() > CAF_LOG_LEVEL_QUIET; }

  void run() {
    while (resume(policy_.dequeue(this))) {
    }
  }

  // False: the scheduler shuts down.
  bool resume(resumable* job) {
    switch (job->resume(this, throughput_)) {
    case resumable::resume_later: // it stays in the queues, with our reference
      policy_.resume_job_later(this, job);
      return true;
    case resumable::shutdown_execution_unit:
      return false;
    default:
      intrusive_ptr_release(job);
      return true;
    }
  }

  std::size_t throughput_;
  std::thread thread_;
  std::size_t id_;
  coordinator_ptr parent_;
  policy_data data_;
  policy policy_;
};

namespace troupe::detail {

using wake_coordinator = caf::scheduler::coordinator<wake_policy>;

} // namespace troupe::detail
