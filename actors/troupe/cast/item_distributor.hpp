#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include <troupe/cast/crew_book.hpp>
#include <troupe/cast/dispatch_actor.hpp>

namespace troupe::detail {

struct item_distributor_setup {
  dispatch_setup dispatch;
  edge_plan plan;          ///< of all workers together
  bool numbers = false;    ///< what results from the batches is put in order again
  std::size_t workers = 1; ///< how many to begin with
};

/// Looks at each item to tell which worker of a stage gets it.
///
/// Bound: workers share `plan.items`.
/// Loss:  none while a worker is left: what a dead one has not dealt with is dealt out again first;
///        where the order is to be restored, the run fails instead.
class item_distributor final : public dispatch_actor {
public:
  item_distributor(caf::actor_config& cfg, user_actor_setup common,
                   const item_distributor_setup& setup);

  const char* name() const override { return "troupe.item_distributor"; }

private:
  caf::message_handler handlers() override;
  void connect(std::size_t slot, const endpoint& receiver) override;
  void on_connected() override;
  // They feed the same merger: what one says holds for all, also for those that are dead.
  bool is_satisfied() const noexcept override { return out_.any_satisfied(); }
  bool is_deserted() const noexcept override { return crew_.alive() == 0; }
  bool clear_the_way() override;
  bool pass_on_rest(order_mark rest) override;
  void show_load() override;
  void finish() override;
  bool is_done() const noexcept override;
  void settle() noexcept override;
  void release() override;

  void take_in(const crew_msg& msg);
  void on_worker_gone(std::size_t slot);
  bool resize_if_due();

  edge_plan plan_;
  bool numbers_;
  crew_book crew_;
  std::deque<batch_ptr> again_; ///< what dead workers left behind
  std::optional<std::size_t> resize_to_;
};

} // namespace troupe::detail
