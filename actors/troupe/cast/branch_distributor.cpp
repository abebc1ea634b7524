#include <troupe/cast/branch_distributor.hpp>

#include <utility>

namespace troupe::detail {

branch_distributor::branch_distributor(caf::actor_config& cfg, user_actor_setup common,
                                       branch_distributor_setup setup)
    : dispatch_actor(cfg, std::move(common), std::move(setup.dispatch), outlet_set::no_limit),
      branches_(std::move(setup.branches)), join_(setup.join) {}

caf::message_handler branch_distributor::handlers() {
  return caf::message_handler{[this](missing_msg msg) {
           missing_ = msg.number;
           pump();
         }}
      .or_else(dispatch_actor::handlers());
}

void branch_distributor::connect(std::size_t slot, const endpoint& receiver) {
  out_.add(branches_[slot].plan, branches_[slot].numbers);
  out_.connect(slot, receiver);
}

void branch_distributor::on_dealt(bool resting) {
  if (join_ != 0 && !in_.exhausted())
    rest(in_.empty() ? (resting ? missing_ : 0) : full_below());
}

// A branch is full up to the join, which waits for another one, or what the split before this one
// can hand on has been dealt out: nothing will come into the other branches before the join has
// handed on something.
void branch_distributor::rest(std::uint64_t number) {
  for (std::size_t i = 0; number != 0 && i < out_.size(); ++i)
    if (branches_[i].joined)
      out_.rest(i, number);
}

// What the join has said over the branch that has no room.
std::uint64_t branch_distributor::full_below() const {
  if (out_.blocked_at() < full_.size())
    for (const auto number : full_[out_.blocked_at()])
      if (join_numbers::same_join(number, join_))
        return number;
  return 0;
}

// Into all branches, and behind what is in them: the join before the one that it is for has to know
// that it is not overtaken.
bool branch_distributor::pass_on_rest(order_mark rest) {
  out_.flush();
  for (; rested_ < out_.size(); ++rested_)
    if (branches_[rested_].joined && out_.wanted(rested_) && !out_.pass_on_rest(rested_, rest))
      return false;
  rested_ = 0;
  return true;
}

bool branch_distributor::is_asked(std::uint64_t number) const noexcept {
  return join_ != 0 && join_numbers::same_join(number, join_);
}

void branch_distributor::show_load() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < out_.size(); ++i) {
    const auto sent = out_.sent(i);
    state().crew(stage()).branch_sent[i].store(sent, std::memory_order_relaxed);
    sum += sent;
  }
  counts().emit(sum - counts().totals().emitted);
}

void branch_distributor::finish() {
  if (!std::exchange(ended_, true))
    out_.end();
}

bool branch_distributor::is_done() const noexcept { return ended_ && out_.settled(); }

} // namespace troupe::detail
