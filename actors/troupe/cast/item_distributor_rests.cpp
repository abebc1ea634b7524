// What an item_distributor says when it can do nothing more, or a join that waits can get nothing
// more from it.
#include <utility>

#include <troupe/cast/item_distributor.hpp>

namespace troupe::detail {

// Into all branches, and behind what is in them: the join before the one that it is for has to know
// that it is not overtaken. The merger of workers does not look, so one of them will do.
bool item_distributor::pass_on_rest(order_mark rest) {
  out_.flush();
  if (to_workers()) {
    std::size_t i = 0;
    while (i < out_.size() && !out_.pass_on_rest(i, rest))
      ++i;
    return i < out_.size();
  }
  for (; rested_ < out_.size(); ++rested_)
    if (setup_.joined[rested_] && out_.wanted(rested_) && !out_.pass_on_rest(rested_, rest))
      return false;
  rested_ = 0;
  return true;
}

// A branch is full up to the join, which waits for another one, or what the split before this one
// can hand on has been dealt out: nothing will come into the other branches before the join has
// handed on something.
void item_distributor::rest(std::uint64_t number) {
  for (std::size_t i = 0; number != 0 && i < out_.size(); ++i)
    if (setup_.joined[i])
      out_.rest(i, number);
}

// What the join has said over the branch that has no room.
std::uint64_t item_distributor::full_below() const {
  if (out_.blocked_at() < full_.size())
    for (const auto number : full_[out_.blocked_at()])
      if (join_numbers::same_join(number, setup_.join))
        return number;
  return 0;
}

void item_distributor::pass_on_full() {
  pending_.remove_if([this](std::uint64_t number) {
    const bool ours = setup_.join != 0 && join_numbers::same_join(number, setup_.join);
    if (!ours && !is_full(number))
      return false;
    if (!ours)
      in_.tell_full(*this, number);
    return true;
  });
}

// Not while one of them can still work: there may soon be room for more.
bool item_distributor::is_full(std::uint64_t number) const {
  for (std::size_t i = 0; i < out_.size(); ++i)
    if (out_.is_busy(i) && (i >= full_.size() || !full_[i].has(number)))
      return false;
  return true;
}

} // namespace troupe::detail
