#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <troupe/alert_listener.hpp>

namespace troupe::detail {

/// What one listener is still to be told, and what came of the rest.
///
/// Shape: the monitor puts alerts in, the listener's actor takes them out; any thread looks.
/// Bound: `most` alerts, the newest.
class alert_post {
public:
  alert_post(std::shared_ptr<alert_listener> listener, std::size_t most);

  /// Whether the actor is to be woken: it does not look by itself.
  bool put(const alert& a);

  /// The next one; the call that tells of it is then under way until `note`. Nothing: all is told,
  /// or the time of `close` is over.
  std::optional<alert> take(time_point now);
  void note(std::optional<std::string> failure);

  /// Tells the listener. Between `take` and `note` only.
  std::optional<std::string> tell(const alert& a) noexcept;

  /// No more will come, and what waits is told until then.
  void close(time_point until);

  /// No call begins any more, and what waits is lost.
  void cut();

  /// Closed, nothing waits, and no call is under way.
  bool over() const;

  /// Until it is `over`, at most for `limit`; whether it is.
  bool wait_over(duration limit);

  /// Asks a call that is under way to give up.
  void give_up() const;

  /// Lets go of the listener. Only when it is over.
  void release();

  listener_stats stats() const;

private:
  bool is_over() const { return closed_ && waiting_.empty() && !under_way_; }
  void lose_waiting();

  const std::size_t most_;
  mutable std::mutex mutex_; ///< guards all below
  std::condition_variable changed_;
  std::shared_ptr<alert_listener> listener_;
  std::deque<alert> waiting_;
  bool awake_ = false; ///< the actor, or a message to it is on its way
  bool under_way_ = false;
  bool closed_ = false;
  time_point until_ = time_point::max();
  listener_stats stats_;
};

} // namespace troupe::detail
