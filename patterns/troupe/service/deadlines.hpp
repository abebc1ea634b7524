#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/service/response_promise.hpp>

namespace troupe::detail {

/// Calls by their deadlines, without keeping any of them.
///
/// Bound: as many as twice the calls that were open at once, and 64: those that were answered in
///        time are swept out when there are so many.
class deadline_list {
public:
  void add(time_point at, std::weak_ptr<open_call> call);
  /// Takes out those that are due.
  std::vector<std::shared_ptr<open_call>> take_due(time_point now);
  std::optional<time_point> next() const;
  std::size_t size() const noexcept { return calls_.size(); }
  void clear() noexcept { calls_.clear(); }

private:
  std::multimap<time_point, std::weak_ptr<open_call>> calls_;
  std::size_t sweep_at_ = 64;
};

/// To the actor that watches deadlines: give this call up then.
struct expire_msg {
  using internal_message = void;
  std::weak_ptr<open_call> call;
  time_point at = {};
};

/// Ends calls whose deadline passes while they wait or run. One timer for all of them, so that
/// those that are answered in time leave none behind.
class deadline_actor : public actor_base {
public:
  using actor_base::actor_base;
  const char* name() const override { return "troupe.deadlines"; }
  void on_exit() override { list_.clear(); }

protected:
  caf::message_handler handlers() override;

private:
  struct look_msg {
    using internal_message = void;
    std::uint64_t generation = 0;
  };

  void look();

  deadline_list list_;
  std::optional<time_point> looks_at_;
  std::uint64_t generation_ = 0;
};

/// Has the call given up when `left` is over, by the system's clock.
void watch_deadline(const caf::actor& deadlines, caf::actor_system& sys, duration left,
                    std::weak_ptr<open_call> call);

} // namespace troupe::detail
