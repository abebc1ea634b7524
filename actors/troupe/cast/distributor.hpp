#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include <troupe/cast/crew_book.hpp>
#include <troupe/cast/relay_actor.hpp>
#include <troupe/link/join_numbers.hpp>
#include <troupe/policy/dispatcher.hpp>

namespace troupe::detail {

struct distributor_setup {
  std::size_t stage = 0; ///< whose workers these are: index in the run's stages
  dispatcher to{dispatcher::rule::least_loaded};
  bool numbers = false; ///< batches get a mark each, so that their results can be put in order
  bool adapts = false;  ///< the number of workers follows the load
};

/// Hands whole batches to one of several workers, and only as many as keep it busy, so that a slow
/// worker does not collect work that another could do.
///
/// Shape: one edge in, a link to each worker.
/// Bound: holds only the sender's own buffers.
/// Loss:  none while a worker is left. It keeps hold of what it lent: what a dead worker has not
///        dealt with goes to the others, or to its successor where batches are numbered, and counts
///        as redelivered.
class distributor final : public relay_actor {
public:
  distributor(caf::actor_config& cfg, std::shared_ptr<run_state> state, caf::actor supervisor,
              distributor_setup setup);

  const char* name() const override { return "troupe.distributor"; }

private:
  caf::message_handler handlers() override;
  void on_wired() override;
  void on_data(batch_ptr batch, std::uint32_t inlet) override;
  void on_demand(batch_ptr batch, std::uint32_t outlet) override;
  void on_end(std::uint32_t inlet) override;
  void on_enough() override;
  void on_full(full_msg msg) override;
  void pass_on_full();
  bool is_full(std::uint64_t number) const;
  void release() override;

  void take_in(const crew_msg& msg);
  void employ(const endpoint& worker);
  void on_worker_gone(std::size_t slot);
  std::deque<batch_ptr> take_back(std::size_t slot);
  void expect_heir(std::size_t heir, const caf::actor& dead);
  void hand_down(std::size_t slot);
  void dispatch();
  void lend(batch_ptr batch, std::size_t worker);
  bool is_settled() const;
  void dismiss();
  void report();

  distributor_setup setup_;
  std::deque<batch_ptr> waiting_;
  std::vector<std::deque<batch_ptr>> lent_;                  ///< by slot
  std::map<std::size_t, std::deque<batch_ptr>> left_behind_; ///< by dead slots, for their heirs
  std::map<std::size_t, std::size_t> heirs_; ///< slots of new workers, by those of dead ones
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_item_ = 0;
  std::size_t batches_ahead_ = 1; ///< how many a worker may have at once
  std::size_t want_ = 1;
  crew_book crew_;
  std::vector<join_numbers> full_; ///< by slot: what it was told by `full_msg`
  join_numbers pending_;           ///< of that, what has not been passed on
  bool strained_ = false;          ///< the supervisor knows that something waits
  bool ended_ = false;
};

} // namespace troupe::detail
