#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <troupe/error.hpp>

namespace troupe::detail {

/// What an actor has to do at which time. Unlike a delayed message, it can be taken back.
class timers {
public:
  using id = std::uint64_t; ///< never 0
  using function = std::function<void()>;

  id add(time_point at, function f);
  /// Nothing happens if it is gone already.
  void drop(id timer);
  /// Takes out the earliest of those that are due.
  function take_due(time_point now);
  std::optional<time_point> next() const;
  void clear() noexcept;

private:
  std::map<std::pair<time_point, id>, function> by_time_;
  std::map<id, time_point> times_;
  id last_ = 0;
};

} // namespace troupe::detail
