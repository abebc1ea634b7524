#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <caf/actor.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/link/messages.hpp>

namespace troupe::detail {

/// What a distributor knows of its workers: how many are left, how many of them are to be used, and
/// whether they have been told that nothing follows. Workers have slots, in the order in which they
/// came; nobody gets that of a dead one.
class crew_book {
public:
  std::size_t alive() const noexcept { return alive_; }
  std::size_t active() const noexcept { return active_; }
  void use(std::size_t workers) noexcept { active_ = workers; }

  void joined() noexcept { ++alive_; }
  void gone() noexcept { --alive_; }

  /// False: they have been told before.
  bool dismiss() noexcept { return !std::exchange(dismissed_, true); }
  /// Whether the distributor has nothing left to look after.
  bool is_over() const noexcept { return dismissed_ && alive_ == 0; }

  /// Connects late workers: `join(worker)` gives each its slot. Those that come after the end are
  /// sent home. The slots of the others.
  template <class Self, class Join>
  std::vector<std::uint32_t> take_in(Self& self, const crew_msg& msg, Join join) const {
    std::vector<std::uint32_t> slots;
    for (const auto& worker : msg.added) {
      if (dismissed_) {
        send_urgent(&self, worker, abort_msg{});
        continue;
      }
      slots.push_back(join(worker));
      // The merger learns of this input before any of its inputs can have ended.
      if (msg.merger)
        detail::send(&self, msg.merger, lane_msg{worker});
      detail::send(&self, worker, wire_msg{{{caf::actor{&self}, slots.back()}}, {}});
    }
    return slots;
  }

private:
  std::size_t alive_ = 0;
  std::size_t active_ = 0;
  bool dismissed_ = false;
};

} // namespace troupe::detail
