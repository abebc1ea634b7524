#pragma once

#include <chrono>
#include <string>

#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/backoff.hpp>
#include <troupe/policy/overflow.hpp>

namespace troupe {

/// The options of a `call`, before its policies.
struct call_options {
  count workers = 1;  ///< actors with a thread of their own that call the function
  count queue = 1024; ///< calls that may wait; as a stage: items on the edge into it
  troupe::overflow overflow = troupe::overflow::backpressure; ///< or shed; when served
  troupe::on_error on_error = troupe::on_error::stop;         ///< as a stage
  backoff restarts = {std::chrono::milliseconds{100}, std::chrono::seconds{10}}; ///< of workers
};

/// Throws std::invalid_argument for an option out of range.
void validate(const call_options& o, const std::string& name);

} // namespace troupe
