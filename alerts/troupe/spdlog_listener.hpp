#pragma once

#include <memory>

#include <spdlog/fwd.h>

#include <troupe/alert_listener.hpp>

namespace troupe {

/// Logs each alert, as one line: a warning as such, a critical one as critical, a resolved one as
/// info. Of the target troupe::alerts.
///
/// ```
/// tr::monitor watch{sys, {.alert_when = …,
///                         .listeners = {tr::spdlog_listener(spdlog::default_logger())}}};
/// ```
///
/// Shape:  a listener; the logger's own level, pattern, sinks and flushing hold.
/// Errors: std::invalid_argument for a logger that is null. What a sink throws is for the logger's
///         error handler, as with all that it logs, and so counts as told.
std::shared_ptr<alert_listener> spdlog_listener(std::shared_ptr<spdlog::logger> logger);

} // namespace troupe
