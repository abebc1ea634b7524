#pragma once

#include <functional>
#include <memory>

#include <troupe/report.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

/// See `run::on_end`.
void call_at_end(const std::shared_ptr<run_state>& run, std::function<void(const report&)> f);

} // namespace troupe::detail
