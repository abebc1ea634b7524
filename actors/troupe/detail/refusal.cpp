#include <troupe/detail/refusal.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace troupe::detail {

std::string as_text(double x) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", x);
  return text.data();
}

std::string as_text(duration d) {
  const std::chrono::duration<double, std::milli> ms{d};
  return std::abs(ms.count()) < 1000 ? as_text(ms.count()) + " ms"
                                     : as_text(ms.count() / 1000) + " s";
}

void refuse(std::string_view where, std::string_view option, std::string_view value,
            std::string_view valid) {
  throw std::invalid_argument{std::string{where} + ": " + std::string{option} + " = "
                              + std::string{value} + ", needs " + std::string{valid}};
}

void check_count(std::string_view where, std::string_view option, count given, long long least,
                 long long most) {
  if (given.value() < least || given.value() > most)
    refuse(where, option, std::to_string(given.value()),
           std::to_string(least) + " to " + std::to_string(most));
}

void check_not_negative(std::string_view where, std::string_view option, duration given) {
  if (given < duration::zero())
    refuse(where, option, as_text(given), "at least 0 ms");
}

} // namespace troupe::detail
