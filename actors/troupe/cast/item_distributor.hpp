#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <troupe/cast/user_actor.hpp>
#include <troupe/kernel/dispatch_kernel.hpp>
#include <troupe/link/join_numbers.hpp>
#include <troupe/link/outlet_set.hpp>

namespace troupe::detail {

struct item_distributor_setup {
  std::function<std::unique_ptr<dispatch_kernel>()> make_dispatch;
  item_type items;
  std::size_t batch = 1;              ///< most items in a batch that comes in
  std::vector<edge_plan> plans;       ///< of the branches; for workers the first one holds for all
  std::vector<bool> numbers;          ///< likewise: results are put in order again
  std::optional<std::size_t> workers; ///< how many to begin with; empty: these are branches
  std::vector<bool> joined;           ///< of the branches: leads to the join
  std::uint64_t join = 0; ///< the first number of a join that waits until all show something
};

/// Looks at each item to tell which of its receivers gets it: the workers of a stage, or branches.
///
/// Shape: one edge in, one out to each receiver; it owns the buffers of those.
/// Bound: workers share `plans[0].items`; each branch has its own plan.
/// Loss:  none while a worker is left: what a dead one has not dealt with is dealt out again first;
///        where the order is to be restored, the run fails instead.
class item_distributor final : public user_actor {
public:
  item_distributor(caf::actor_config& cfg, user_actor_setup common, item_distributor_setup setup);

  const char* name() const override { return "troupe.item_distributor"; }

private:
  caf::message_handler handlers() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void wire(wire_msg& msg) override;
  void settle() noexcept override;
  void release() override;
  void pump() override;

  bool to_workers() const noexcept { return setup_.workers.has_value(); }
  void employ(const caf::actor& worker, std::size_t slot);
  void take_in(const crew_msg& msg);
  void take_unwanted();
  void on_worker_gone(std::size_t slot);
  void show_sent();
  bool resize_if_due();
  bool deal_again();
  void deal();
  bool step(batch_base& in);
  bool pass_on_rest(order_mark rest);
  void rest(std::uint64_t number);
  std::uint64_t full_below() const;
  void pass_on_full();
  bool is_full(std::uint64_t number) const;
  void finish_if_done();

  item_distributor_setup setup_;
  std::unique_ptr<dispatch_kernel> kernel_;
  inlet in_;
  outlet_set out_;
  std::deque<batch_ptr> again_;         ///< what dead workers left behind
  std::vector<std::uint32_t> unwanted_; ///< outlets behind which nothing more is wanted
  std::vector<join_numbers> full_;      ///< by outlet: what it was told by `full_msg`
  join_numbers pending_;                ///< of that, what may have to be passed on
  std::uint64_t missing_ = 0;           ///< the last `missing_msg`
  std::size_t rested_ = 0;              ///< branches into which the rest in front has been passed
  bool resting_ = false;                ///< nothing has come since the split before it rests
  std::optional<std::size_t> resize_to_;
  std::uint64_t dealt_ = 0;
  time_point clock_{}; ///< the last time read
  std::size_t alive_ = 0;
  std::size_t active_ = 0; ///< how many workers are to be used
  bool satisfied_ = false; ///< nothing more is wanted behind it
  bool dismissed_ = false;
};

} // namespace troupe::detail
