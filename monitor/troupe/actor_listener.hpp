#pragma once

#include <memory>

#include <caf/actor.hpp>

#include <troupe/alert_listener.hpp>
#include <troupe/caf/compat.hpp> // alerts as messages

namespace troupe {

/// Sends each alert to an actor of yours, as a message.
///
/// ```
/// auto pager = sys.spawn([](caf::event_based_actor*) -> caf::behavior {
///   return {[](const tr::alert& a) { page(a); }};
/// });
/// tr::monitor watch{sys, {.alert_when = …, .listeners = {tr::actor_listener(pager)}}};
/// ```
///
/// Shape:  an ordinary message with one `alert`, for actors of this process. The monitor keeps the
///         actor alive, and does not end it.
/// Bound:  none of ours: alerts that the actor does not take up stay in its mailbox.
/// Errors: std::invalid_argument for an empty handle. An alert for an actor that has ended is
///         counted as failed.
std::shared_ptr<alert_listener> actor_listener(caf::actor listener);

} // namespace troupe
