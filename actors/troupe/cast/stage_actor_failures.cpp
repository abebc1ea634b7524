// What a stage_actor does when user code fails.
#include <string>
#include <utility>

#include <troupe/cast/stage_actor.hpp>

namespace troupe::detail {

// User code outside of an item: opening, flushing, closing. There is nothing to skip, so it is
// fatal.
void stage_actor::guarded(const std::function<void()>& body) {
  try {
    body();
  } catch (...) {
    break_down(describe(std::current_exception()));
  }
}

void stage_actor::make_kernel() {
  kernel_ = make_kernel_(state().system());
  if (shows(loss::failed))
    kernel_->keep_items();
}

// What the state of the function held is lost with it: it is not to be trusted.
void stage_actor::renew(const batch_base& in) {
  // With an unlimited intensity a function that cannot be made would be tried for ever.
  constexpr int most_failures = 16;
  kernel_ = nullptr;
  counts().abandon(counts().totals().in_flight - in.left());
  for (int failures = 1;; ++failures) {
    try {
      make_kernel();
      counts().restart();
      return;
    } catch (...) {
      const auto thrown = describe(std::current_exception());
      const error why{
          thrown.code(), {}, "its function could not be made anew: " + thrown.message()};
      if (auto too_many = state().crashes(stage()).note(why, now()))
        return break_down(std::move(*too_many));
      if (failures == most_failures)
        return break_down(why);
    }
  }
}

// Handling a failure calls user code too: predicates, copies, the dead-letter sink.
remedy stage_actor::failed(item_fault fault, const batch_base& in, const item_view& item) {
  const auto failed_before = counts().totals().failed;
  try {
    return settle_failure(fault, in, item);
  } catch (...) {
    if (counts().totals().failed == failed_before)
      counts().fail(1);
    break_down({errc::stage_failed,
                {},
                "item " + std::to_string(in.index_of(in.cursor)) + ": handling its failure threw: "
                    + describe(std::current_exception()).message()});
    return {.stays = true};
  }
}

remedy stage_actor::settle_failure(const item_fault& fault, const batch_base& in,
                                   const item_view& item) {
  const auto index = in.index_of(in.cursor);
  const auto& why = fault.why;
  const auto located
      = error{why.code(), {}, "item " + std::to_string(index) + ": " + why.message()};
  clock_ = now();
  if (times_items_)
    turn_to(in, in.cursor + 1, clock_);
  const bool crashed = restarts_ && fault.thrown;
  std::optional<error> too_many;
  if (crashed)
    too_many = state().crashes(stage()).note(located, clock_);
  if (const auto delay = retry_delay(why, index, item); delay && !too_many) {
    obstacle_ = obstacle::retry;
    wake_at(later(clock_, *delay));
    return {.stays = true, .renew = crashed};
  }
  const bool tried = retrying_ && retried_item_ == index;
  const auto attempts = tried ? static_cast<int>(retrying_->attempts()) : 1;
  retrying_.reset();
  counts().fail(1);
  give_up(error{located}.with_attempts(attempts), item);
  if (!too_many && on_error_.chosen() != on_error::action::stop)
    return {.renew = crashed};
  break_down(too_many ? std::move(*too_many) : error{located}.with_attempts(attempts));
  return {.stays = true};
}

void stage_actor::give_up(error why, const item_view& item) {
  if (on_error_.chosen() == on_error::action::dead_letter || shows(loss::failed))
    show(why, item);
}

std::optional<duration> stage_actor::retry_delay(const error& reason, std::uint64_t index,
                                                 const item_view& item) {
  const auto* const policy = on_error_.retries();
  if (policy == nullptr || !item.kept)
    return std::nullopt;
  if (!retrying_ || retried_item_ != index)
    retrying_.emplace(*policy);
  retried_item_ = index;
  return retrying_->next(reason, rng_);
}

} // namespace troupe::detail
