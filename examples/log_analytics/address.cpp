#include "address.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <arpa/inet.h>

namespace log_analytics {

namespace {

enum char_kind : std::uint8_t { digit_or_dot = 1, name = 2, colon = 4, percent = 8, other = 16 };

constexpr auto kinds = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(other);
  for (int c = '0'; c <= '9'; ++c)
    table[static_cast<std::size_t>(c)] = digit_or_dot;
  for (int c = 'a'; c <= 'z'; ++c)
    table[static_cast<std::size_t>(c)] = table[static_cast<std::size_t>(c - 32)] = name;
  table['.'] = digit_or_dot;
  table['-'] = table['_'] = name;
  table[':'] = colon;
  table['%'] = percent;
  return table;
}();

std::uint8_t kinds_in(std::string_view text) {
  std::uint8_t seen = 0;
  for (const char c : text)
    seen |= kinds[static_cast<unsigned char>(c)];
  return seen;
}

/// Four numbers of 0 to 255 without leading zeros, as inet_pton has it.
bool is_ipv4(std::string_view text) {
  int dots = 0;
  int digits = 0;
  int value = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0)
        return false;
      ++dots;
      digits = value = 0;
      continue;
    }
    if (digits > 0 && value == 0)
      return false;
    value = value * 10 + (c - '0');
    ++digits;
    if (value > 255)
      return false;
  }
  return dots == 3 && digits > 0;
}

/// Whether the last label is a number, as no name's is: so a damaged address is not taken for a
/// name.
bool ends_in_number(std::string_view text) {
  const auto label = text.substr(text.rfind('.') + 1);
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const auto address = text.substr(0, text.find('%'));
  if (address.size() >= buffer.size())
    return false;
  std::copy(address.begin(), address.end(), buffer.begin());
  in6_addr parsed{};
  return inet_pton(AF_INET6, buffer.data(), &parsed) == 1;
}

} // namespace

bool is_host(std::string_view text) {
  constexpr std::size_t longest = 255; // RFC 1035
  if (text.empty() || text.size() > longest)
    return false;
  const auto seen = kinds_in(text);
  if (seen & other)
    return false;
  if (seen == digit_or_dot)
    return is_ipv4(text);
  if (seen & colon)
    return is_ipv6(text);
  return (seen & percent) == 0 && !ends_in_number(text);
}

bool is_address(std::string_view text) {
  const auto seen = kinds_in(text);
  return (seen == digit_or_dot || (seen & colon) != 0) && is_host(text);
}

} // namespace log_analytics
