#include <troupe/detail/advice_text.hpp>

#include <array>
#include <cmath>
#include <cstdio>

namespace troupe::detail {

namespace {

std::string grouped(double whole) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), "%.0f", whole);
  std::string s{text.data()};
  const std::size_t first = s.front() == '-' ? 1 : 0;
  for (auto at = s.size(); at > first + 3;)
    s.insert(at -= 3, ",");
  return s;
}

} // namespace

std::string shown_number(double x) {
  if (!std::isfinite(x))
    return x > 0 ? "no limit" : "unknown";
  if (std::abs(x) >= 999.5)
    return grouped(x);
  const auto magnitude = x == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(x))));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", magnitude >= 2 ? 0 : 2 - std::max(magnitude, -4),
                x);
  std::string s{text.data()};
  if (s.find('.') != std::string::npos) {
    s.erase(s.find_last_not_of('0') + 1);
    if (s.back() == '.')
      s.pop_back();
  }
  return s;
}

std::string shown_rate(double items_per_second) {
  return shown_number(items_per_second) + " items/s";
}

std::string shown_share(double share) { return shown_number(std::round(100 * share)) + " %"; }

std::string shown_time(double seconds) {
  const auto size = std::abs(seconds);
  if (size >= 1 || size == 0)
    return shown_number(seconds) + " s";
  if (size >= 1e-3)
    return shown_number(seconds * 1e3) + " ms";
  if (size >= 1e-6)
    return shown_number(seconds * 1e6) + " us";
  return shown_number(seconds * 1e9) + " ns";
}

std::string shown_time(duration d) { return shown_time(std::chrono::duration<double>(d).count()); }

std::string shown_bytes(std::uint64_t bytes) {
  constexpr double kib = 1024;
  const auto size = static_cast<double>(bytes);
  if (size >= kib * kib * kib)
    return shown_number(size / (kib * kib * kib)) + " GiB";
  if (size >= kib * kib)
    return shown_number(size / (kib * kib)) + " MiB";
  return shown_number(size / kib) + " KiB";
}

std::string shown_count(std::size_t n, const std::string& one) {
  return shown_number(static_cast<double>(n)) + " " + one + (n == 1 ? "" : "s");
}

} // namespace troupe::detail
