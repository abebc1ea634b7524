#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <troupe/kernel/kernel.hpp>
#include <troupe/on_error.hpp>

namespace troupe::detail {

/// Who gets the items that are lost, and which besides those that a stage buries.
struct dead_letter_sink {
  std::function<void(const dead_letter&)> take;
  loss also = loss::none;
};

/// What is known of a lost item. What the item's own code throws meanwhile becomes part
/// of the reason.
dead_letter letter_of(const std::string& stage, const error& why, time_point at,
                      const item_view& item) noexcept;

/// Hands a run's dead letters to its sink, one at a time, whichever threads they come from.
class dead_letter_office {
public:
  explicit dead_letter_office(dead_letter_sink sink);
  dead_letter_office(const dead_letter_office&) = delete;
  dead_letter_office& operator=(const dead_letter_office&) = delete;

  loss also() const noexcept { return also_; }

  /// Waits while the sink is busy. What the sink throws is the answer. A loss that the sink itself
  /// causes is not shown to it: it would come round for ever.
  std::optional<error> deliver(const dead_letter& letter) noexcept;
  /// Lets go of the sink.
  void close() noexcept;

private:
  const loss also_;
  std::mutex mutex_;
  std::function<void(const dead_letter&)> take_;
  std::atomic<std::thread::id> inside_{}; ///< who is in the sink now
};

} // namespace troupe::detail
