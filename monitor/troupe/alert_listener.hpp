#pragma once

#include <troupe/alert.hpp>

namespace troupe {

/// Who is told of alerts, each once when it is raised and once when it is resolved.
///
/// Errors: what `on_alert` throws is counted and goes no further.
class alert_listener {
public:
  alert_listener() = default;
  alert_listener(const alert_listener&) = delete;
  alert_listener& operator=(const alert_listener&) = delete;
  virtual ~alert_listener() = default;

  /// One at a time.
  virtual void on_alert(const alert& a) = 0;
};

} // namespace troupe
