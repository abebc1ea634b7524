#pragma once

#include <cstddef>
#include <string>

#include <troupe/error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/gather.hpp>

namespace troupe {

/// How a scatter-gather answers, and what it may hold.
///
///     {.gather = gather::quorum(2), .within = 50ms}
struct gather_options {
  troupe::gather gather = troupe::gather::all;
  time_span within{};     ///< the limit of each request; zero: none
  count workers = 1;      ///< for each service that is a function, each with a thread of its own
  count in_flight = 1024; ///< requests that are not answered yet; one more is refused: pool_full
};

/// Throws std::invalid_argument for an option out of range, naming `scatter_gather "name"`, it, its
/// value and the range.
void validate(const gather_options& o, const std::string& name, std::size_t services);

} // namespace troupe
