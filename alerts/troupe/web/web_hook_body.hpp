#pragma once

#include <chrono>
#include <map>
#include <string>

#include <troupe/alert.hpp>

namespace troupe::detail {

/// What is the same in all documents of a web hook.
struct web_hook_frame {
  std::string receiver;
  std::map<std::string, std::string> labels;
  std::string external_url;
};

/// What tells an alert from all others, from its beginning to its end.
std::map<std::string, std::string> labels_of(const alert& a, const web_hook_frame& frame);

/// As Prometheus makes it of labels: FNV-1a of names and values in their order, in 16 digits.
std::string fingerprint_of(const std::map<std::string, std::string>& labels);

/// The document. `at`: what the clock on the wall showed at `a.at`.
std::string web_hook_body(const alert& a, std::chrono::system_clock::time_point at,
                          const web_hook_frame& frame);

} // namespace troupe::detail
