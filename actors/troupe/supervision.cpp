#include <troupe/supervision.hpp>

#include <array>
#include <ostream>
#include <stdexcept>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

template <std::size_t N, class E>
std::string_view name_in(const std::array<std::string_view, N>& names, E value) noexcept {
  const auto i = static_cast<std::size_t>(value);
  return i < N ? names.at(i) : "unknown";
}

} // namespace

shutdown shutdown::within(time_span limit) {
  detail::check_not_negative("shutdown", "within", limit);
  return shutdown{how::within, limit};
}

std::string_view to_string(strategy s) noexcept {
  return name_in(std::to_array<std::string_view>({"one_for_one", "one_for_all", "rest_for_one"}),
                 s);
}

std::string_view to_string(restart r) noexcept {
  return name_in(std::to_array<std::string_view>({"permanent", "transient", "temporary"}), r);
}

std::string_view to_string(child_kind k) noexcept {
  return name_in(std::to_array<std::string_view>({"worker", "supervisor"}), k);
}

std::string_view to_string(child_state s) noexcept {
  return name_in(
      std::to_array<std::string_view>({"starting", "running", "stopping", "stopped", "restarting"}),
      s);
}

std::string_view to_string(supervisor_event::kind k) noexcept {
  return name_in(std::to_array<std::string_view>({"started", "start_failed", "exited", "restarted",
                                                  "stopped", "gave_up", "ended"}),
                 k);
}

std::ostream& operator<<(std::ostream& out, const supervisor_event& e) {
  out << e.supervisor << ": " << to_string(e.what);
  if (!e.child.empty())
    out << ' ' << e.child;
  if (!e.reason.empty())
    out << ": " << e.reason;
  return out;
}

void validate(const supervisor_options& options, std::string_view where) {
  const auto& b = options.backoff;
  detail::check_not_negative(where, "backoff.min", b.min);
  if (b.max < b.min)
    detail::refuse(where, "backoff.max", detail::as_text(b.max),
                   "at least backoff.min, " + detail::as_text(b.min));
  if (!(b.factor >= 0.0 && b.factor <= 1.0))
    detail::refuse(where, "backoff.factor", detail::as_text(b.factor), "0 to 1");
}

void validate(const child_options& options, std::string_view child,
              const supervisor_options& supervisor) {
  const auto where = "child \"" + std::string{child} + "\"";
  if (child.empty() || child.find('/') != std::string_view::npos)
    throw std::invalid_argument{"child: name = \"" + std::string{child}
                                + "\", needs at least one character and no '/'"};
  if (options.significance == significance::ordinary)
    return;
  if (options.restart == restart::permanent)
    detail::refuse(where, "significance", "significant", "restart = transient or temporary");
  if (supervisor.auto_shutdown == auto_shutdown::never)
    detail::refuse(where, "significance", "significant",
                   "a supervisor whose auto_shutdown is not never");
}

} // namespace troupe
