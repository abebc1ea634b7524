#pragma once

#include <vector>

#include "../support.hpp"
#include <troupe/rate_limit.hpp>

namespace rate_limit_fixture {

namespace tr = troupe;
using namespace support;
using tr::duration;

/// When which item arrived, since the log was made.
class arrivals {
public:
  explicit arrivals(virtual_system& sys) : sys_(sys), start_(tr::detail::now(*sys)) {}

  auto noting() {
    return [this](int x) {
      items.push_back(x);
      times.push_back(tr::detail::now(*sys_) - start_);
    };
  }

  std::vector<int> items;
  std::vector<duration> times;

private:
  virtual_system& sys_;
  tr::time_point start_;
};

inline tr::flow<void> throttled(int n, tr::rate r, tr::rate_limit_options o, arrivals& log) {
  return tr::from("n", numbers(n)) | tr::rate_limit("throttle", r, o)
         | tr::sink("end", log.noting());
}

} // namespace rate_limit_fixture
