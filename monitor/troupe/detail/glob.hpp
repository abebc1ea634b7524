#pragma once

#include <cstddef>
#include <string_view>

namespace troupe::detail {

/// Whether a name is one that `pattern` means: `*` is any text, also none, `?` one character.
///
/// Cost:  at most the product of both lengths.
constexpr bool matches(std::string_view pattern, std::string_view name) noexcept {
  constexpr auto none = std::string_view::npos;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = none; // the last `*`, and what it stands for ends here
  std::size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != none) { // it stands for one more
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

} // namespace troupe::detail
