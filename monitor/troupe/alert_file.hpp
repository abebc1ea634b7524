#pragma once

#include <filesystem>
#include <memory>

#include <troupe/alert_listener.hpp>
#include <troupe/count.hpp>

namespace troupe {

struct alert_file_options {
  count max_bytes = 1LL << 30; ///< of the file; an alert that would go beyond it is not written
};

/// Adds each alert to a file, as a line of JSON.
///
///     {"time":"2026-11-21T07:56:05.123456Z","state":"raised","severity":"critical","run":"orders",
///      "stage":"pricing","rule":"p99_latency(\"pricing\") > 250ms for 2s","metric":"p99_latency",
///      "comparison":">","value":0.312,"limit":0.25,"since":"2026-11-21T07:56:03.023456Z",
///      "lasted_s":2.1,"monotonic_ns":81356023456789,"text":"critical: orders: …"}
///
/// Shape:  a listener. The file is opened for each alert and closed behind it, so every line is in
///         the file at once, and the file may be moved away meanwhile. What is empty has no key:
///         run, stage, and at the end reason, root, summary and runbook.
/// Bound:  a file of `max_bytes`.
/// Units:  value and limit as in `alert`. `time` and `since` are UTC, by the clock on the wall;
///         `monotonic_ns` is `alert::at` in nanoseconds.
/// Errors: std::system_error here if the file cannot be opened; std::invalid_argument for max_bytes
///         < 1. An alert that cannot be written, on a full disk for one, is counted as failed, and
///         the next one is tried again, on a line of its own.
/// Cost:   opening a file, an alert.
std::shared_ptr<alert_listener> alert_file(std::filesystem::path path,
                                           alert_file_options options = {});

} // namespace troupe
