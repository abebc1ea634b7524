#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <troupe/alert_listener.hpp>

namespace troupe::detail {

class alert_post;

/// The listeners of one monitor, each with an actor of its own.
class listener_set {
public:
  /// Of each listener at most `most` alerts wait. Errors: std::invalid_argument for one that is
  /// null, std::system_error where there is no thread to be had.
  listener_set(caf::actor_system& sys, std::vector<std::shared_ptr<alert_listener>> listeners,
               std::function<void(const alert&)> on_alert, std::size_t most);
  listener_set(const listener_set&) = delete;
  listener_set& operator=(const listener_set&) = delete;
  ~listener_set();

  void tell(const alert& a);

  /// No more come. What waits is told until then, and the actors end.
  void close(time_point until);

  /// Waits until all has been told, at most for `limit`; after that only for calls that are under
  /// way. None begins any more when this returns. Only after `close`, and not in an actor.
  void wait_end(duration limit);

  /// Without waiting: no call of `on_alert` begins any more. The others are for `close`.
  void leave();

  std::vector<listener_stats> stats() const;
  std::uint64_t callback_errors() const;

private:
  struct member {
    std::shared_ptr<alert_post> post; // shared with the actor
    caf::actor actor;
  };

  void add(std::shared_ptr<alert_listener> listener, std::size_t most);

  caf::actor_system& sys_;
  std::vector<member> members_;
  std::shared_ptr<alert_post> callback_; ///< of `on_alert`: the last of them, or null
};

} // namespace troupe::detail
