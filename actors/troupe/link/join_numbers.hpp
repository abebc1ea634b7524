#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::detail {

/// What joins that wait say of themselves: the last number of each. A number tells the join, and
/// rises when that has handed on something.
class join_numbers {
public:
  /// The first one of the join at that stage.
  static constexpr std::uint64_t first_of(std::size_t stage) noexcept {
    return (std::uint64_t{stage} + 1) << counting_bits;
  }
  static constexpr bool same_join(std::uint64_t a, std::uint64_t b) noexcept {
    return a >> counting_bits == b >> counting_bits;
  }

  void note(std::uint64_t number) {
    for (auto& n : all_)
      if (same_join(n, number)) {
        n = std::max(n, number);
        return;
      }
    all_.push_back(number);
  }
  bool has(std::uint64_t number) const noexcept {
    return std::find(all_.begin(), all_.end(), number) != all_.end();
  }
  bool empty() const noexcept { return all_.empty(); }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }

  void remove(std::uint64_t number) { std::erase(all_, number); }
  template <class Predicate>
  void remove_if(Predicate p) {
    std::erase_if(all_, p);
  }
  void clear() noexcept { all_.clear(); }

private:
  static constexpr int counting_bits = 48;

  std::vector<std::uint64_t> all_;
};

} // namespace troupe::detail
