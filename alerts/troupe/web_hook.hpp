#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <troupe/alert_listener.hpp>
#include <troupe/count.hpp>
#include <troupe/policy/backoff.hpp>
#include <troupe/time_span.hpp>

namespace troupe {

struct web_hook_options {
  count attempts = 3;                          ///< counts the first
  time_span timeout = std::chrono::seconds{5}; ///< of an attempt, from the connection to the answer
  troupe::backoff backoff = {std::chrono::milliseconds{500}, std::chrono::seconds{10}};
  std::string receiver = "troupe";             ///< as the receiver is called in the document
  std::map<std::string, std::string> labels{}; ///< of every alert, e.g. {{"instance", "host-1"}}
  std::string external_url{};                  ///< where a person finds this program
};

/// Posts each alert to an address, in the JSON that Prometheus' Alertmanager sends to webhook
/// receivers, so that what understands that understands this. Of the target troupe::alerts.
///
/// ```
/// tr::monitor watch{sys, {.alert_when = …,
///                         .listeners = {tr::web_hook("http://127.0.0.1:9099/alerts")}}};
/// ```
///
/// Shape:  a listener. One document an alert. Its labels are alertname (the rule), metric, run,
///         stage and severity, as far as there are, and `labels`: they are the same when it is
///         resolved, and so is its fingerprint. Its annotations are description (the alert as a
///         line), summary, runbook_url, value and root. HTTP/1.1, a connection each.
/// Bound:  `attempts`, with full jitter in between, each of at most `timeout`. An answer 2xx is
///         success. No answer, 408, 429 and 5xx are tried again, 429 and 503 not before
///         their Retry-After; all else is not, and a redirect is not followed. The end of a monitor
///         breaks this off when its `drain_limit` is over. The system looks names up, within limits
///         of its own: an address in numbers needs no looking up.
/// Errors: std::invalid_argument for options out of range and for an address that is not
///         http://HOST[:PORT][/PATH][?QUERY]: https, which is not spoken here, a user with a
///         password, a #fragment. An alert that could not be delivered is counted as failed.
/// Cost:   a connection, and a thread for a name to be looked up, an alert.
/// Source: Alertmanager's <webhook_config>, version "4".
std::shared_ptr<alert_listener> web_hook(std::string url, web_hook_options options = {});

} // namespace troupe
