#pragma once

#include <exception>
#include <functional>
#include <memory>

#include <troupe/cast/user_actor.hpp>

namespace troupe::detail {

/// Pulls items out of a source kernel while there is demand, and no further.
///
/// Bound:  without a free batch buffer the kernel is not asked: this is where a flow stops pulling.
/// Drain:  `finish_msg` closes the kernel; what it still holds is handed out, then the end follows.
class source_actor : public user_actor {
public:
  source_actor(caf::actor_config& cfg, user_actor_setup common,
               const std::function<std::unique_ptr<source_kernel>()>& make_kernel, outlet out);

  const char* name() const override { return "troupe.source"; }

protected:
  /// The kernel has nothing before `descriptor` can be read. Is to see to it that it
  /// is asked again.
  virtual void wait_for_input(int /*descriptor*/) { pump_again(); }
  /// Behind what is in the mailbox.
  void pump_again();

private:
  caf::message_handler handlers() override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void wire(wire_msg& msg) override;
  void settle() noexcept override;
  void release() override;
  void pump() override;

  remedy failed(item_fault, const batch_base&, const item_view&) override;
  void enough() override { ended_ = true; }

  phase produce();
  supply fill(batch_base& out);
  void open();

  std::unique_ptr<source_kernel> kernel_;
  std::exception_ptr unmade_; ///< why there is no kernel
  outlet out_;
  batch_sizer sizer_;
  time_point clock_{}; ///< the last time read
  bool wired_ = false;
  bool opened_ = false;
  bool ended_ = false;
  bool pump_sent_ = false;
  bool unready_ = false; ///< there is nothing before the descriptor can be read
};

} // namespace troupe::detail
