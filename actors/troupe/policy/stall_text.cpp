// A stall in sentences.
#include <array>
#include <cmath>
#include <cstdio>

#include <troupe/policy/stall.hpp>

namespace troupe {

namespace {

// Two digits that count: what is told changes while it is read.
std::string span(duration d) {
  const auto seconds = std::chrono::duration<double>(d).count();
  struct scale {
    double least;
    const char* unit;
  };
  constexpr std::array<scale, 6> scales{
      {{86400, "days"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "us"}}};
  std::array<char, 32> text{};
  for (const auto& s : scales)
    if (seconds >= s.least) {
      const auto value = seconds / s.least;
      std::snprintf(text.data(), text.size(), value < 10 ? "%.1f %s" : "%.0f %s", value, s.unit);
      return text.data();
    }
  std::snprintf(text.data(), text.size(), "%.0f ns", seconds * 1e9);
  return text.data();
}

std::string grouped(std::uint64_t n) {
  auto digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string sentence(const stall::wait& w) {
  const auto what = w.what == stall::need::room
                        ? "its buffer of " + grouped(w.capacity) + " is full for "
                        : std::string{"nothing has come for "};
  return w.who + " waits for " + w.whom + ": " + what + span(w.lasts);
}

std::string items(const stall::root& r) {
  if (r.first_item == r.last_item)
    return "item " + grouped(r.first_item);
  return "one of items " + grouped(r.first_item) + " to " + grouped(r.last_item);
}

std::string more(const stall::root& r) { return r.more ? ", " + span(*r.more) + " more" : ""; }

std::string sentence(const stall::root& r) {
  const auto since = " for " + span(r.lasts);
  switch (r.cause) {
  case stall_cause::in_function:
    return r.stage + " is in its function" + since + ", " + items(r);
  case stall_cause::asks:
    return r.stage + " waits for the answer of a service" + since + ", " + items(r);
  case stall_cause::unread:
    return r.stage + " is full, and nobody has received" + since;
  case stall_cause::breaker_open:
    return r.stage + " is kept from calling by its circuit breaker" + more(r);
  case stall_cause::retrying:
    return r.stage + " waits for its next attempt" + since + more(r);
  case stall_cause::paused:
    return r.stage + " is paused" + since;
  case stall_cause::rate:
    return r.stage + " passes on what its rate lets in" + more(r);
  case stall_cause::silent_source:
    return r.stage + " has had nothing to give" + since;
  }
  return r.stage;
}

} // namespace

std::string_view to_string(stall_cause cause) noexcept {
  switch (cause) {
  case stall_cause::in_function:
    return "in its function";
  case stall_cause::asks:
    return "asks a service";
  case stall_cause::unread:
    return "unread";
  case stall_cause::breaker_open:
    return "breaker open";
  case stall_cause::retrying:
    return "retrying";
  case stall_cause::paused:
    return "paused";
  case stall_cause::rate:
    return "by its rate";
  case stall_cause::silent_source:
    return "silent source";
  }
  return "unknown";
}

std::string to_string(const stall& s) {
  std::string text;
  const auto add
      = [&text](const std::string& sentence) { text += (text.empty() ? "" : "; ") + sentence; };
  for (const auto& w : s.waits)
    add(sentence(w));
  for (const auto& r : s.roots)
    add(sentence(r));
  return text.empty() ? "nothing waits" : text;
}

} // namespace troupe
