#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <troupe/cast/user_actor.hpp>
#include <troupe/kernel/dispatch_kernel.hpp>
#include <troupe/link/join_numbers.hpp>
#include <troupe/link/outlet_set.hpp>

namespace troupe::detail {

struct dispatch_setup {
  std::function<std::unique_ptr<dispatch_kernel>()> make_dispatch;
  item_type items;
  std::size_t batch = 1; ///< most items in a batch that comes in
};

/// Looks at each item to tell which of its receivers gets it. What item_distributor and
/// branch_distributor have in common.
///
/// Shape: one edge in, one out to each receiver; it owns the buffers of those.
class dispatch_actor : public user_actor {
public:
  /// `room`: most items on their way to all receivers together.
  dispatch_actor(caf::actor_config& cfg, user_actor_setup common, dispatch_setup setup,
                 std::size_t room);

protected:
  caf::message_handler handlers() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void wire(wire_msg& msg) override;
  void release() override;
  void pump() override;

  virtual void connect(std::size_t slot, const endpoint& receiver) = 0;
  virtual void on_connected() {}
  /// Whether nothing more is wanted behind it.
  virtual bool is_satisfied() const noexcept = 0;
  /// Whether there is nobody to send anything to.
  virtual bool is_deserted() const noexcept { return false; }
  /// What comes before the next item. False: there is no room for it.
  virtual bool clear_the_way() { return true; }
  /// What is to be said once all that can be dealt has been. `resting`: nothing has come since the
  /// split before it rests.
  virtual void on_dealt(bool /*resting*/) {}
  /// Passes on that a split in front rests. False: there is no room.
  virtual bool pass_on_rest(order_mark rest) = 0;
  /// Whether the join that asks by this number is waiting for this actor, not for one before it.
  virtual bool is_asked(std::uint64_t /*number*/) const noexcept { return false; }
  virtual void show_load() = 0;
  /// The input has ended: hands out what is left, and then the end.
  virtual void finish() = 0;
  virtual bool is_done() const noexcept = 0;

  /// False: there is no room for an item, or it has failed.
  bool step(batch_base& in);

  std::unique_ptr<dispatch_kernel> kernel_;
  inlet in_;
  outlet_set out_;
  std::vector<join_numbers> full_; ///< by outlet: what it was told by `full_msg`

private:
  void take_unwanted();
  void deal();
  void pass_on_full();
  bool is_full(std::uint64_t number) const;

  std::function<std::unique_ptr<dispatch_kernel>()> make_dispatch_;
  std::vector<std::uint32_t> unwanted_; ///< outlets behind which nothing more is wanted
  join_numbers pending_;                ///< of `full_`, what may have to be passed on
  std::uint64_t dealt_ = 0;
  time_point clock_{};     ///< the last time read
  bool satisfied_ = false; ///< and that has been said
  bool resting_ = false;
};

} // namespace troupe::detail
