#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>

#include <troupe/cast/user_actor.hpp>
#include <troupe/link/join_numbers.hpp>
#include <troupe/on_error.hpp>

namespace troupe::detail {

/// How a stage actor is told to behave.
struct stage_setup {
  std::function<std::unique_ptr<kernel>(caf::actor_system&)> make_kernel;
  troupe::on_error on_error = troupe::on_error::stop;
  bool restarts = false; ///< a function that throws is made anew
  batch_sizer sizer{1};
  std::optional<outlet> out; ///< empty for a sink
  bool distributed = false;  ///< one of several workers behind a distributor
};

/// Runs a kernel over what arrives and hands its results on; without an outlet, a sink.
///
/// Bound: works only while it has a buffer for the results; what waits is bounded by the sender's
///        buffers, since a batch goes home only when it is dealt with.
class stage_actor final : public user_actor {
public:
  stage_actor(caf::actor_config& cfg, user_actor_setup common, stage_setup setup);

  const char* name() const override { return "troupe.stage"; }

private:
  caf::message_handler handlers() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void wire(wire_msg& msg) override;
  void settle() noexcept override;
  void release() override;
  void pump() override;
  void on_timer() override;

  void took(duration d, time_point at) noexcept override;
  remedy failed(item_fault fault, const batch_base& in, const item_view& item) override;
  void enough() override;

  /// What is left to be done; it only ever goes forward.
  enum class progress {
    working,
    satisfied, ///< nothing more is wanted: the input is filtered away
    complete,  ///< nor has the kernel more to hand on than what it holds
    finished,  ///< and that is handed on
  };
  /// Why the last pump stopped early.
  enum class obstacle {
    none,
    demand, ///< there was none: its return is worth a pump
    retry,  ///< an item waits for its next attempt
  };

  bool satisfied() const noexcept { return progress_ >= progress::satisfied; }
  bool finished() const noexcept { return progress_ == progress::finished; }
  bool starved() const noexcept { return obstacle_ == obstacle::demand; }
  bool can_work() const noexcept {
    return may_work() && obstacle_ != obstacle::retry && kernel_ != nullptr;
  }
  bool held_back() const noexcept { return !satisfied() && kernel_->waits(); }
  void advance(progress p);
  /// This item of the batch is the next one.
  void turn_to(const batch_base& in, std::size_t item, time_point at) noexcept;
  troupe::phase doing() const noexcept;
  void stand();
  void take_up(batch_base& in);
  bool work_on(batch_base& in);
  bool step(batch_base& in);
  bool close_mark(const batch_base& in);
  bool pass_on_rest(const batch_base& rest);
  void pass_on_full();
  bool expire_if_due();
  void finish();
  void make_kernel();
  void renew(const batch_base& in);
  void guarded(const std::function<void()>& body);
  batch_base* open(std::size_t most = static_cast<std::size_t>(-1));
  batch_base* open_for(const batch_base& in);
  remedy settle_failure(const item_fault& fault, const batch_base& in, const item_view& item);
  void give_up(error why, const item_view& item);
  std::optional<duration> retry_delay(const error& reason, std::uint64_t index,
                                      const item_view& item);

  std::function<std::unique_ptr<kernel>(caf::actor_system&)> make_kernel_;
  std::unique_ptr<kernel> kernel_;
  troupe::on_error on_error_;
  inlet in_;
  std::optional<outlet> out_;
  std::optional<retry_schedule> retrying_;
  std::uint64_t retried_item_ = 0;
  std::minstd_rand rng_;
  time_point clock_{}; ///< the last time read: one reading serves several purposes
  const batch_base* working_on_ = nullptr; ///< during a step
  std::size_t position_ = 0;               ///< in it, of the item whose turn it is
  bool distributed_;
  bool restarts_;
  progress progress_ = progress::working;
  obstacle obstacle_ = obstacle::none;
  join_numbers full_; ///< to be passed on when there is no demand
};

} // namespace troupe::detail
