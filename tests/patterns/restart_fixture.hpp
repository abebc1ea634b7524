#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/on_error.hpp>
#include <troupe/policy/restart_intensity.hpp>
#include <troupe/stage.hpp>

namespace support {

namespace tr = troupe;

/// How many items this copy of the function has seen, itself included; tens are its end.
struct seen_since_birth {
  int seen = 0;
  int operator()(int x) {
    ++seen;
    if (x % 10 == 9)
      throw std::runtime_error{"nine"};
    return seen;
  }
};

inline int crash_on_nines(int x) {
  if (x % 10 == 9)
    throw std::runtime_error{"nine"};
  return x;
}

inline std::vector<int> without_nines(int n) {
  auto v = numbers(n);
  std::erase_if(v, [](int x) { return x % 10 == 9; });
  return v;
}

inline const auto forever = tr::restart_intensity::unlimited();

/// Throws when it is copied for the (n + 1)-th time, and always from then on.
struct copied_so_often {
  std::shared_ptr<int> left;

  explicit copied_so_often(std::shared_ptr<int> copies) : left(std::move(copies)) {}
  copied_so_often(const copied_so_often& other) : left(other.left) {
    if (left != nullptr && (*left)-- <= 0)
      throw std::runtime_error{"no further copy"};
  }
  copied_so_often(copied_so_often&&) noexcept = default;
  copied_so_often& operator=(const copied_so_often&) = default;
  copied_so_often& operator=(copied_so_often&&) noexcept = default;
  ~copied_so_often() = default;

  int operator()(int x) const { return crash_on_nines(x); }
};

/// Holds three items, then hands on their sum; crashes at what the function says.
struct sum_of_three {
  using input = int;
  using output = int;
  int sum = 0;
  int held = 0;

  tr::detail::disposition operator()(int& item, tr::detail::emitter<int>& out,
                                     tr::detail::kernel_host& host) {
    sum += crash_on_nines(item);
    if (++held == 3) {
      out(std::exchange(sum, 0));
      host.counts().deliver(std::uint64_t(std::exchange(held, 0)));
    }
    return tr::detail::disposition::held;
  }
};

} // namespace support
