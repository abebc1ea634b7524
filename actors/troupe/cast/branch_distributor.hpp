#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/cast/dispatch_actor.hpp>

namespace troupe::detail {

struct branch_distributor_setup {
  struct branch {
    edge_plan plan;
    bool numbers = false; ///< what results from its batches is put in order again
    bool joined = false;  ///< leads to the join
  };

  dispatch_setup dispatch;
  std::vector<branch> branches;
  std::uint64_t join = 0; ///< the first number of a join that waits until all show something
};

/// Sends items into the branches of a split: each into one, or into all.
///
/// Bound: that of each branch's own plan.
/// Rests: when a branch has no room, or nothing more can come, while the join behind them waits for
///        another branch, it says in the others that nothing follows for now.
class branch_distributor final : public dispatch_actor {
public:
  branch_distributor(caf::actor_config& cfg, user_actor_setup common,
                     branch_distributor_setup setup);

  const char* name() const override { return "troupe.branch_distributor"; }

private:
  caf::message_handler handlers() override;
  void connect(std::size_t slot, const endpoint& receiver) override;
  bool is_satisfied() const noexcept override { return out_.all_satisfied(); }
  void on_dealt(bool resting) override;
  bool pass_on_rest(order_mark rest) override;
  bool is_asked(std::uint64_t number) const noexcept override;
  void show_load() override;
  void finish() override;
  bool is_done() const noexcept override;

  void rest(std::uint64_t number);
  std::uint64_t full_below() const;

  std::vector<branch_distributor_setup::branch> branches_;
  std::uint64_t join_;
  std::uint64_t missing_ = 0; ///< the last `missing_msg`
  std::size_t rested_ = 0;    ///< branches into which the rest in front has been passed
  bool ended_ = false;
};

} // namespace troupe::detail
