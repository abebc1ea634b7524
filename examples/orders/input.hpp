#pragma once

#include <cstdint>
#include <filesystem>

namespace shop {

/// Every so many lines of the made input, one is malformed.
constexpr std::uint64_t malformed_every = 50;

/// A file of orders in a folder of its own, which goes with it.
class made_input {
public:
  /// Errors: std::runtime_error if it cannot be written, saying why.
  explicit made_input(std::uint64_t lines);
  made_input(const made_input&) = delete;
  made_input& operator=(const made_input&) = delete;
  ~made_input();

  std::filesystem::path path() const { return folder_ / "orders.txt"; }

private:
  std::filesystem::path folder_;
};

} // namespace shop
