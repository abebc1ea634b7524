#pragma once

#include <any>
#include <memory>
#include <string>
#include <utility>

#include <troupe/error.hpp>
#include <troupe/policy/retry.hpp>

namespace troupe {

/// What a stage does with an item that its function failed on (it threw, or returned an error).
/// In each case the item counts as failed and the process lives on.
///
///     stage("parse", parse, {.on_error = on_error::skip})
///     stage("fetch", fetch, {.on_error = on_error::retry({.attempts = 3}, on_error::dead_letter)})
///
/// stop:        the run fails with the stage's name, the item's index and the reason (default).
/// skip:        the item is given up; the rest goes on.
/// dead_letter: the item is handed to the run's `dead_letters`; the rest goes on.
/// retry:       the item is tried again, the ones behind it wait; then what the second argument
///              says. An item that the function consumed (taken by value, move-only)
///              cannot be retried.
class on_error {
public:
  enum class action { stop, skip, dead_letter };

  static const on_error stop;
  static const on_error skip;
  static const on_error dead_letter;
  /// Throws std::invalid_argument for a policy out of range.
  static on_error retry(troupe::retry policy, const on_error& then = stop);

  action chosen() const noexcept { return action_; }
  const troupe::retry* retries() const noexcept { return retry_.get(); }
  /// Whether the item must outlive the function's call.
  bool keeps_item() const noexcept { return retry_ != nullptr || action_ == action::dead_letter; }

private:
  constexpr explicit on_error(action a) noexcept : action_(a) {}

  action action_;
  std::shared_ptr<const troupe::retry> retry_;
};

inline constinit const on_error on_error::stop{on_error::action::stop};
inline constinit const on_error on_error::skip{on_error::action::skip};
inline constinit const on_error on_error::dead_letter{on_error::action::dead_letter};

inline on_error on_error::retry(troupe::retry policy, const on_error& then) {
  validate(policy);
  on_error result{then.action_};
  result.retry_ = std::make_shared<const troupe::retry>(std::move(policy));
  return result;
}

/// An item that a run has lost, with all that is needed to understand and replay it.
struct dead_letter {
  std::string stage = {};
  error reason = {};
  int attempts = 1; ///< 0: given up before it was tried
  time_point time = {};
  std::string text = {}; ///< the item as text, where it can be printed
  std::any item = {};    ///< a T; for a move-only T a std::shared_ptr<T>; empty if it was consumed
  bool has_text = false; ///< tells an item that prints as nothing from one that cannot be printed
  std::string run = {};  ///< the name of the run, if it was given one
};

/// Ways to lose an item, for `run_options::dead_letters_for`; `loss::dropped | loss::shed` is both.
///
/// failed:  its function threw or returned an error, whatever `on_error` says.
/// dropped: lost by policy: an inbox overflowed, its caller went away, a newer one came first.
/// shed:    refused at the door: a full inbox or pool, a rate limit.
enum class loss : unsigned { none = 0, failed = 1, dropped = 2, shed = 4, all = 7 };

constexpr loss operator|(loss a, loss b) noexcept {
  return static_cast<loss>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr loss operator&(loss a, loss b) noexcept {
  return static_cast<loss>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

} // namespace troupe
