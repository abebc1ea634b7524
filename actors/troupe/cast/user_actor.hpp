#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <troupe/kernel/kernel.hpp>
#include <troupe/kernel/metric_block.hpp>
#include <troupe/link/link.hpp>
#include <troupe/link/linked_actor.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

/// What every actor that runs user code is given.
struct user_actor_setup {
  std::shared_ptr<run_state> state;
  std::size_t stage = 0;         ///< index in the run's stages
  metric_block* block = nullptr; ///< owned by `state`; null: its counts concern nobody
  caf::actor supervisor;
};

/// What sources, stages and sinks have in common: counting, pausing, timers, failing, aborting.
class user_actor : public linked_actor, protected kernel_host {
public:
  user_actor(caf::actor_config& cfg, user_actor_setup setup);

  void on_exit() override;

protected:
  std::string own_thread_name() const override { return "tr:" + stage_name(); }

  /// Does all that can be done now.
  virtual void pump() = 0;
  virtual void on_timer() { pump(); }
  virtual void wire(wire_msg& msg) = 0;
  /// The actor ends: last chance to count.
  virtual void settle() noexcept {}
  /// Drops handles, items and user code.
  virtual void release() = 0;

  /// Handlers that all share; derived classes put theirs in front.
  caf::message_handler common_handlers();
  /// Also a CAF exit message from outside counts as a kill: our own goodbye is `abort_msg`.
  void on_exit_msg(const caf::error& reason) override;

  /// What gets past all that looks after user code: the run fails with it.
  void on_exception(const std::exception_ptr& thrown) noexcept override;
  void end_with(error reason) override;
  void show(const error& why, const item_view& item) noexcept override;
  void keep(const caf::actor& actor) override;

  // For those that run no function on their items.
  void took(duration, time_point) noexcept override {}
  remedy failed(item_fault, const batch_base&, const item_view&) override {
    return {.stays = true};
  }
  void enough() override {}

  bool is_paused() const noexcept { return paused_; }
  std::optional<time_point> wakes_at() const noexcept { return wakes_at_; }
  bool may_work() const noexcept { return !paused_ && !broken_ && !halted(); }
  /// The run cannot go on; this actor does nothing more until it is told to end.
  void break_down(error reason);
  /// Wakes `on_timer` at `at`, or earlier if it was already set to be.
  void wake_at(time_point at);
  void publish() noexcept {
    if (block_ != nullptr)
      block_->publish(counts().totals(), busy_);
    published_busy_ = busy_;
  }
  /// User code is called at `at`, for `items` from `first` on that are expected to take `each`.
  /// Until `publish` samples see it run. A call counts from when it is slower than that: which of
  /// the items it is at, nobody knows.
  void begin_call(time_point at, std::uint64_t first, std::size_t items, duration each) noexcept {
    ++calls_;
    const auto others = items > 0 ? items - 1 : 0;
    if (block_ != nullptr)
      block_->begin_call({.busy_since = at - (busy_ - published_busy_),
                          .at = at,
                          .expected = static_cast<duration::rep>(others) * each,
                          .in_flight = counts().totals().in_flight,
                          .first_item = first,
                          .last_item = first + others});
  }
  /// What it does from now on, until it calls user code again. Before `publish`.
  void stand(phase doing, time_point now, std::optional<time_point> until = {}) noexcept;
  /// Below this a clock reading for each item would be felt, and an average over a batch will do.
  static constexpr duration worth_timing = std::chrono::microseconds{2};

  std::size_t stage() const noexcept { return stage_; }
  const std::string& stage_name() const { return state_->stages()[stage_].name; }
  time_point now() const noexcept override { return state_->now(); }
  run_state& state() noexcept { return *state_; }
  metric_block& block() noexcept { return *block_; }

  duration busy_{};

private:
  duration published_busy_{};
  std::shared_ptr<run_state> state_;
  std::size_t stage_;
  metric_block* block_;
  caf::actor supervisor_;
  std::optional<time_point> wakes_at_;
  std::uint64_t timer_generation_ = 0;
  phase stands_ = phase::idle;
  std::uint64_t calls_ = 0;
  std::uint64_t calls_before_ = 0; ///< those before it stood as it does
  bool watching_ = false;
  bool paused_ = false;
  bool broken_ = false;
};

} // namespace troupe::detail
