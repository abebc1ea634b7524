#pragma once

#include <concepts>

#include <troupe/condition.hpp>

// What a rule is about, before it says how much.
namespace troupe::detail {

template <class N>
concept limit_value = std::integral<N> || std::floating_point<N>;

// Errors, all std::invalid_argument:

/// a stage where there is none, or none where one is needed,
void check_subject(const condition& c);

/// a window of nothing, and a growth of a growth.
condition growing(condition c, time_span window);

} // namespace troupe::detail
