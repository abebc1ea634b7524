#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <caf/fwd.hpp>

#include <troupe/context.hpp>
#include <troupe/policy/concurrency_limit.hpp>
#include <troupe/policy/overflow.hpp>

namespace troupe {

/// A bound on the calls in a pool that follows their latency; see the types for how.
using adaptive_limit = std::variant<aimd_limit, vegas_limit, gradient_limit>;

} // namespace troupe

namespace troupe::detail {

/// What a service does with a call when it is full.
enum class when_full { refuse, wait };
/// Throws std::invalid_argument for an overflow that a service cannot have; `what` and `name` say
/// whose it is.
when_full full_of(std::string_view what, const std::string& name, const overflow& o);

/// Lets only so many calls into a service: those that wait, and one for each worker.
class door {
  /// What an adaptive limit learns from a call; nothing from one that was not wanted any more.
  enum class passage { answered, lost, unwanted };

public:
  /// A call that is inside. Move-only; leaves when it goes.
  class place {
  public:
    place() = default;
    place(std::shared_ptr<door> d, time_point since) : door_(std::move(d)), since_(since) {}
    place(place&&) noexcept = default;
    place& operator=(place&& other) noexcept {
      std::swap(door_, other.door_);
      std::swap(since_, other.since_);
      return *this;
    }
    ~place() { leave(false); }
    void leave(bool answered) noexcept { leave_as(answered ? passage::answered : passage::lost); }
    /// Its caller has changed its mind: that says nothing of the service.
    void leave_unwanted() noexcept { leave_as(passage::unwanted); }

  private:
    void leave_as(passage how) noexcept {
      if (const auto d = std::exchange(door_, nullptr))
        d->let_out(since_, how);
    }

    std::shared_ptr<door> door_;
    time_point since_{};
  };

  /// `capacity` is asked each time: the number of workers may change.
  door(caf::actor_system& sys, std::function<std::size_t()> capacity,
       const std::optional<adaptive_limit>& limit)
      : system_(&sys), capacity_(std::move(capacity)), limit_(limit) {}

  /// Empty: full.
  static std::optional<place> try_enter(const std::shared_ptr<door>& d);
  /// Waits for room until the context ends or the door is shut; then empty as well. Blocks the
  /// calling thread; under the testing scheduler it drives that instead.
  static std::optional<place> enter(const std::shared_ptr<door>& d, const context* ctx);

  /// Nobody waits here any more.
  void shut();
  bool is_shut() const;
  std::size_t inside() const;

private:
  bool has_room() const;
  bool take_place();
  bool wait(std::unique_lock<std::mutex>& lock, const context* ctx);
  bool wait_in_virtual_time(std::unique_lock<std::mutex>& lock, const context* ctx);
  void let_out(time_point since, passage how) noexcept;

  caf::actor_system* system_;
  std::function<std::size_t()> capacity_;
  std::optional<adaptive_limit> limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::size_t inside_ = 0;
  bool shut_ = false;
};

} // namespace troupe::detail
