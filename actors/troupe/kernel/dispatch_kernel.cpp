#include <troupe/kernel/dispatch_kernel.hpp>

#include <algorithm>
#include <cstddef>

namespace troupe::detail {

void choose_in_turn::resize(std::size_t n) {
  for (std::size_t slot = 0, used = 0; used < n; ++slot) {
    if (slot == turns_.size()) {
      turns_.add(slot < weights_.size() ? weights_[slot] : 1);
      active_.push_back(false);
      gone_.push_back(false);
    }
    active_[slot] = !gone_[slot];
    used += gone_[slot] ? 0 : 1;
    if (used == n)
      std::fill(active_.begin() + static_cast<std::ptrdiff_t>(slot) + 1, active_.end(), false);
  }
}

void choose_in_turn::remove(std::size_t slot) {
  active_[slot] = false;
  gone_[slot] = true;
}

} // namespace troupe::detail
