#include <troupe/text/utc_time.hpp>

#include <array>
#include <cstdio>
#include <ctime>

namespace troupe::detail {

std::string utc_text(std::chrono::system_clock::time_point t) {
  using std::chrono::microseconds;
  // Downwards, so that what is left of a second is never negative, also before 1970.
  const auto us = std::chrono::floor<microseconds>(t.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(us);
  const std::time_t seconds = whole.count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>((us - whole).count()));
  return std::string{date.data(), length} + fraction.data();
}

std::string utc_now() { return utc_text(std::chrono::system_clock::now()); }

} // namespace troupe::detail
