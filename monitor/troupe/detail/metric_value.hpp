#pragma once

#include <optional>

#include <troupe/condition.hpp>
#include <troupe/metrics.hpp>

namespace troupe::detail {

/// What a comparison is to judge, of a growth: what is to grow; see `threshold::value_in`. Nothing
/// of a stall: that takes more than one sample.
std::optional<double> metric_value(const condition& c, const graph_metrics& graph);

} // namespace troupe::detail
