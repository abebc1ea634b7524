#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <troupe/cast/user_actor.hpp>
#include <troupe/kernel/merge_kernel.hpp>
#include <troupe/link/join_numbers.hpp>

namespace troupe::detail {

struct item_merger_setup {
  std::function<std::unique_ptr<merge_kernel>()> make_merge;
  std::vector<std::size_t> batches; ///< most items in a batch, by input; more have the last one's
  outlet out;
  bool more_follow = false; ///< a distributor may name further inputs, and says when it does not
};

/// Looks at the items that wait at its inputs and hands them on in the order its merge_kernel says.
///
/// Shape: several edges in, one out; it owns the buffers of that.
/// Bound: stops taking when it has no buffer for what it makes. An input that has run empty holds
///        up the others only where the merge_kernel must see all: `sorted` and `zip`. `sorted`
///        behind a split passes it over while it rests and nothing more can come before.
class item_merger final : public user_actor {
public:
  item_merger(caf::actor_config& cfg, user_actor_setup common, item_merger_setup setup);

  const char* name() const override { return "troupe.item_merger"; }

private:
  caf::message_handler handlers() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void wire(wire_msg& msg) override;
  void release() override;
  void pump() override;

  void enough() override;

  void add_lane(const endpoint& sender);
  void take_up(batch_base& batch);
  void join();
  void filter_rest();
  bool exhausted() const;
  void hear(std::uint64_t number, std::size_t lane);
  void talk();
  void ask();
  void pass_on_rests();
  bool rests_below(std::uint64_t number) const;
  void pass_on_full();
  bool shows_nothing() const;
  void finish_if_done();

  item_merger_setup setup_;
  std::unique_ptr<merge_kernel> kernel_;
  std::vector<inlet> lanes_;
  caf::actor split_; ///< of which the inputs are branches, if there is one
  rest_record rests_;
  std::vector<join_numbers> heard_; ///< by lane: rests that are for joins behind this one
  bool rests_heard_ = false;
  join_numbers full_;      ///< what it was told by `full_msg`
  bool full_due_ = false;  ///< and is to pass on when it has no room
  bool starved_ = false;   ///< has no room for what it makes
  time_point clock_{};     ///< the last time read
  bool satisfied_ = false; ///< nothing more is wanted, or can come out: the input is filtered away
};

} // namespace troupe::detail
