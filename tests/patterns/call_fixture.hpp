#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/call.hpp>
#include <troupe/fallback.hpp>

namespace support {

namespace tr = troupe;

/// A backend in the hands of a test: what it answers, and what it was asked.
struct backend {
  std::vector<tr::time_point> asked; ///< when
  std::function<tr::result<int>(int request, std::size_t nth)> answers
      = [](int request, std::size_t) -> tr::result<int> { return request * 2; };

  auto function(virtual_system& sys) {
    return [this, &sys](int request) -> tr::result<int> {
      asked.push_back(tr::detail::now(*sys));
      return answers(request, asked.size());
    };
  }
  std::size_t calls() const { return asked.size(); }
};

inline tr::result<int> failed(const char* why = "down") {
  return tr::fail(tr::errc::stage_failed, why);
}

/// Fails the first `n` times.
inline auto fails_first(std::size_t n) {
  return [n](int request, std::size_t nth) -> tr::result<int> {
    return nth <= n ? failed() : tr::result<int>{request * 2};
  };
}

inline tr::retry at_once(std::size_t attempts) {
  return {.attempts = attempts, .backoff = {0ms, 0ms}, .jitter = tr::jitter::none, .budget = 1e9};
}

inline tr::retry every(tr::duration d, std::size_t attempts) {
  return {.attempts = attempts, .backoff = {d, d}, .jitter = tr::jitter::none, .budget = 1e9};
}

/// The answers of a service, as they come.
struct answers {
  std::vector<tr::result<int>> got;
  auto keep() {
    return [this](tr::result<int> r) { got.push_back(std::move(r)); };
  }
};

} // namespace support
