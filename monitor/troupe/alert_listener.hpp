#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <troupe/alert.hpp>

namespace troupe {

/// Who is told of alerts, each once when it is raised and once when it is resolved.
///
/// ```
/// class lamp : public tr::alert_listener {
/// public:
///   std::string name() const override { return "lamp"; }
///   void on_alert(const tr::alert& a) override { light(a.state == tr::alert_state::raised); }
/// };
/// tr::monitor watch{sys, {.alert_when = …, .listeners = {std::make_shared<lamp>()}}};
/// ```
///
/// Shape:  a listener of one monitor is told by an actor of its own, which has a thread of its own:
///         it may block, and holds up nobody else.
/// Errors: what `on_alert` throws costs this listener this alert. It is counted, and goes
///         no further.
class alert_listener {
public:
  alert_listener() = default;
  alert_listener(const alert_listener&) = delete;
  alert_listener& operator=(const alert_listener&) = delete;
  virtual ~alert_listener() = default;

  /// For `listener_stats`; asked once, when the monitor is made.
  virtual std::string name() const { return "listener"; }

  /// One at a time, in the order of the alerts; of a listener that two monitors have, one of each.
  virtual void on_alert(const alert& a) = 0;

  /// The monitor ends and has waited for as long as it may: an `on_alert` that is under way, if
  /// there is one, should give up, for the monitor waits until it has returned. Comes from
  /// another thread.
  virtual void give_up() noexcept {}
};

/// What became of the alerts for one listener; they add up to those there were.
struct listener_stats {
  std::string name{};
  std::uint64_t told = 0;
  std::uint64_t failed = 0;  ///< `on_alert` threw
  std::uint64_t dropped = 0; ///< pushed out by newer ones while it was at work
  std::uint64_t waiting = 0; ///< or under way
  std::string error{};       ///< what the last one said that threw
};

/// A function that is told of alerts, as `monitor_options::on_alert`.
///
/// Errors: std::invalid_argument for an empty function.
std::shared_ptr<alert_listener> callback_listener(std::function<void(const alert&)> f);

} // namespace troupe
