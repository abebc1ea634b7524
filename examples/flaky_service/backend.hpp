#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <troupe/result.hpp>

namespace flaky_service {

struct question {
  int number = 0;
};
struct answer {
  int number = 0;
};

enum class health { healthy, slow, failing };
std::string_view to_string(health h) noexcept;

/// When the backend is how: well for a sixth of the time, slow for a sixth, failing for a third,
/// and well again.
class script {
public:
  script(troupe::time_point start, troupe::duration whole) : start_(start), sixth_(whole / 6) {}

  health at(troupe::time_point now) const noexcept;
  troupe::time_point start() const noexcept { return start_; }

private:
  troupe::time_point start_;
  troupe::duration sixth_;
};

/// What somebody else runs, on the other side of a network. Callable from any thread.
class backend {
public:
  static constexpr auto when_healthy = std::chrono::milliseconds{10};
  static constexpr auto when_slow = std::chrono::milliseconds{300};
  static constexpr auto when_failing = std::chrono::milliseconds{30};

  explicit backend(const script& s) : script_(s) {}

  troupe::result<answer> ask(const question& q);

  /// How many questions have reached it.
  std::uint64_t calls() const noexcept { return calls_; }

private:
  script script_;
  std::atomic<std::uint64_t> calls_{0};
};

} // namespace flaky_service
