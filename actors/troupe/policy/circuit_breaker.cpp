#include <troupe/policy/circuit_breaker.hpp>

#include <cmath>
#include <ostream>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr long long most_calls = 10'000'000;

void check_rate(std::string_view where, std::string_view option, double given) {
  if (!(given > 0.0 && given <= 1.0))
    detail::refuse(where, option, detail::as_text(given), "more than 0, at most 1");
}

void check_positive(std::string_view where, std::string_view option, duration given) {
  if (given <= duration::zero())
    detail::refuse(where, option, detail::as_text(given), "more than 0 ms");
}

} // namespace

void validate(const circuit_breaker& o, std::string_view where) {
  check_rate(where, "failure_rate", o.failure_rate);
  check_rate(where, "slow_rate", o.slow_rate);
  check_positive(where, "slow_after", o.slow_after);
  if (o.window.is_by_time())
    check_positive(where, "window", o.window.span());
  else
    detail::check_count(where, "window", o.window.calls(), 1, most_calls);
  detail::check_count(where, "minimum_calls", o.minimum_calls, 1, detail::largest_count);
  detail::check_count(where, "trials", o.trials, 1, most_calls);
  check_positive(where, "cooldown", o.cooldown);
  if (!(o.cooldown_factor >= 1.0 && std::isfinite(o.cooldown_factor)))
    detail::refuse(where, "cooldown_factor", detail::as_text(o.cooldown_factor), "at least 1");
  check_positive(where, "max_cooldown", o.max_cooldown);
  detail::check_not_negative(where, "half_open_max_wait", o.half_open_max_wait);
}

outcome classify(const circuit_breaker& options, const error* e) {
  if (!e)
    return outcome::success;
  if (options.ignore && options.ignore(*e))
    return outcome::ignored;
  if (options.is_failure)
    return options.is_failure(*e) ? outcome::failure : outcome::success;
  return e->code() == errc::cancelled ? outcome::ignored : outcome::failure;
}

std::string_view to_string(breaker_state s) noexcept {
  switch (s) {
  case breaker_state::closed:
    return "closed";
  case breaker_state::open:
    return "open";
  case breaker_state::half_open:
    return "half_open";
  case breaker_state::forced_open:
    return "forced_open";
  case breaker_state::disabled:
    return "disabled";
  case breaker_state::metrics_only:
    return "metrics_only";
  }
  return "unknown";
}

std::string_view to_string(outcome o) noexcept {
  switch (o) {
  case outcome::success:
    return "success";
  case outcome::failure:
    return "failure";
  case outcome::ignored:
    return "ignored";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, breaker_state s) { return out << to_string(s); }
std::ostream& operator<<(std::ostream& out, outcome o) { return out << to_string(o); }

} // namespace troupe
