#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <troupe/cast/order_check.hpp>
#include <troupe/cast/relay_actor.hpp>
#include <troupe/kernel/item_account.hpp>
#include <troupe/kernel/metric_block.hpp>
#include <troupe/link/join_numbers.hpp>
#include <troupe/policy/reorder_buffer.hpp>

namespace troupe::detail {

struct merger_setup {
  bool in_order = false;         ///< of the marks that a distributor made; else as they come
  metric_block* block = nullptr; ///< where it counts, if it is a stage of its own
  std::size_t stage = 0;         ///< index in the run's stages
  std::function<std::unique_ptr<order_check>()> make_check = {}; ///< whether it is sorted as well
};

/// Passes on the batches of several actors as one stream: as they come, or in the order of the
/// batches that a distributor numbered.
///
/// Shape: a link from each sender, one edge out.
/// Bound: holds only the senders' own buffers. In order this cannot block: whoever works on the
///        next batch in order has buffers of its own, which nobody else can take.
class merger final : public relay_actor {
public:
  merger(caf::actor_config& cfg, std::shared_ptr<run_state> state, caf::actor supervisor,
         merger_setup setup)
      : relay_actor(cfg, std::move(state), std::move(supervisor)), setup_(std::move(setup)) {}

  const char* name() const override { return "troupe.merger"; }

private:
  caf::message_handler handlers() override;
  void on_wired() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void on_end(std::uint32_t inlet) override;
  void on_enough() override;
  void on_full(full_msg msg) override;
  void release() override;

  void add_lane(const caf::actor& worker);
  void watch_lane(std::size_t lane);
  void tell_full(const endpoint& lane);
  void pass_on(batch_ptr batch);
  bool is_sorted(batch_base& batch);
  void fail(const error& why);
  void return_home(batch_ptr batch);
  void publish() noexcept;
  void seal();
  void complete_if_all_ended();
  void quit_if_done();

  merger_setup setup_;
  item_account counts_;
  reorder_buffer<batch_ptr> held_;
  std::unique_ptr<order_check> check_;
  std::vector<bool> ended_; ///< by lane
  bool sealed_ = false;     ///< no successor of one that has died is on its way
  bool complete_ = false;   ///< all have ended, and the receiver knows
  bool failed_ = false;     ///< hands on nothing more, and is soon told to end
  std::size_t away_ = 0;
  join_numbers full_; ///< what it was told by `full_msg`
  std::size_t want_ = 1;
};

} // namespace troupe::detail
