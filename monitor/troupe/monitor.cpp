#include <troupe/monitor.hpp>

#include <utility>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/listener_set.hpp>
#include <troupe/detail/monitor_state.hpp>

namespace troupe {

namespace {

/// To the monitor's actor: a run is waiting to be watched.
struct admit_msg {
  using internal_message = void;
};

/// To the monitor's actor: the monitor is gone.
struct finish_msg {
  using internal_message = void;
};

/// From the monitor's actor to itself; an old generation is ignored.
struct sample_msg {
  using internal_message = void;
  std::uint64_t generation = 0;
};

class monitor_actor : public detail::actor_base {
public:
  monitor_actor(caf::actor_config& cfg, std::shared_ptr<detail::monitor_state> state,
                std::shared_ptr<detail::listener_set> listeners, duration drain_limit)
      : actor_base{cfg}, state_{std::move(state)}, listeners_{std::move(listeners)},
        drain_limit_{drain_limit} {}

  const char* name() const override { return "troupe.monitor"; }

  // Also where a run's sample threw: the listeners must not be waited for without end. A timer that
  // is still out keeps this object alive; the runs must not stay with it.
  void on_exit() override {
    listeners_->close(detail::later(clock().now(), drain_limit_));
    state_.reset();
    listeners_.reset();
  }

protected:
  caf::message_handler handlers() override {
    return {[this](const admit_msg&) {
              state_->admit();
              if (!timer_runs_)
                start_timer();
            },
            [this](const sample_msg& msg) {
              if (msg.generation != generation_)
                return;
              timer_runs_ = state_->sample_all();
              if (timer_runs_)
                start_timer();
            },
            [this](const finish_msg&) {
              state_->finish(clock().now());
              quit();
            }};
  }

private:
  void start_timer() {
    timer_runs_ = true;
    detail::send_after(this, state_->period(), sample_msg{++generation_});
  }

  std::shared_ptr<detail::monitor_state> state_;
  std::shared_ptr<detail::listener_set> listeners_;
  duration drain_limit_;
  std::uint64_t generation_ = 0;
  bool timer_runs_ = false;
};

} // namespace

monitor::monitor(caf::actor_system& sys, monitor_options options)
    : sys_{sys}, drain_limit_{options.drain_limit} {
  detail::monitor_state::check(options);
  listeners_ = std::make_shared<detail::listener_set>(sys, std::exchange(options.listeners, {}),
                                                      std::exchange(options.on_alert, nullptr),
                                                      options.listener_buffer);
  state_ = std::make_shared<detail::monitor_state>(std::move(options), listeners_);
  actor_ = detail::spawn<monitor_actor>(sys, state_, listeners_, drain_limit_);
}

monitor::~monitor() {
  detail::anon_send(actor_, finish_msg{});
  if (detail::in_actor(sys_)) {
    listeners_->leave();
    return;
  }
  listeners_->wait_end(drain_limit_);
  detail::anon_kill(actor_); // it may have had no thread to finish on
  actor_ = nullptr;
  if (detail::is_testing(sys_))
    detail::virtual_time::run_jobs(sys_);
}

void monitor::watch(std::shared_ptr<const observable> run) {
  state_->add(std::move(run));
  detail::anon_send(actor_, admit_msg{});
}

std::vector<graph_metrics> monitor::metrics() const { return state_->metrics(); }

std::vector<metrics_at> monitor::curves(const std::string& run) const {
  return state_->curves(run);
}

std::vector<alert> monitor::history() const { return state_->history(); }

std::vector<alert> monitor::open_alerts() const { return state_->open_alerts(); }

std::uint64_t monitor::dropped_alerts() const { return state_->dropped_alerts(); }

std::uint64_t monitor::callback_errors() const { return listeners_->callback_errors(); }

std::vector<listener_stats> monitor::listener_stats() const { return listeners_->stats(); }

} // namespace troupe
