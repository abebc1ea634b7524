#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <troupe/threshold.hpp>

namespace troupe::detail {

/// Whether it is written for how long a part must hold.
enum class show_holds { no, yes };

/// A rule as it is written, but for its own hold: parts in parentheses where they need them. `part`
/// writes a comparison, by its number.
std::string rule_text(const threshold& rule, show_holds holds,
                      const std::function<std::string(std::size_t)>& part);

} // namespace troupe::detail
