#include <troupe/policy/hedge_delay.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr std::uint64_t many = 1'000;
constexpr duration long_ago = std::chrono::seconds{30};
constexpr std::uint64_t refresh = 16; // a quantile costs some hundred additions
constexpr double rounding = 1e-9;     // of a share: 1 - 0.95 is more than 5 of 100

std::size_t bucket_of(duration d) noexcept {
  return histogram::bucket_of(static_cast<std::uint64_t>(std::max<duration::rep>(d.count(), 0)));
}

} // namespace

void validate(const hedge& o, std::string_view where) {
  detail::check_not_negative(where, "after", o.after);
  detail::check_count(where, "max", o.max, 1, 100);
  if (!(o.at_quantile >= 0.0 && o.at_quantile < 1.0))
    detail::refuse(where, "at_quantile", detail::as_text(o.at_quantile),
                   "more than 0 and less than 1");
  if (o.after == duration::zero() && o.at_quantile == 0.0)
    detail::refuse(where, "after", detail::as_text(o.after), "more than 0 ms, or at_quantile");
}

hedge_delay::hedge_delay(hedge options) : options_(options) {
  validate(options_);
  const double rare = std::ceil(1.0 / (1.0 - options_.at_quantile) - 1e-9);
  least_ = std::clamp<std::uint64_t>(rare < double{many} ? static_cast<std::uint64_t>(rare) : many,
                                     20, many);
}

void hedge_delay::record(time_span took, time_point now) noexcept {
  if (options_.at_quantile == 0.0)
    return;
  rotate(now);
  ++recent_.answered[bucket_of(took)];
  ++recent_.answers;
  ++since_quantile_;
}

void hedge_delay::record_lost(time_span so_far, time_point now) noexcept {
  if (options_.at_quantile == 0.0)
    return;
  rotate(now);
  ++recent_.lost[bucket_of(so_far)];
  ++recent_.losses;
  ++since_quantile_;
}

std::optional<duration> hedge_delay::next(time_point now) noexcept {
  const auto otherwise
      = options_.after > duration::zero() ? std::optional{options_.after.value()} : std::nullopt;
  if (options_.at_quantile == 0.0)
    return otherwise;
  rotate(now);
  if (recent_.answers + before_.answers < least_)
    return otherwise;
  if (!quantile_ || since_quantile_ >= refresh) {
    quantile_ = std::max(quantile(), duration{1});
    since_quantile_ = 0;
  }
  return quantile_;
}

// Of those that were still running at each time, how many were answered then: one that was lost
// before is no longer asked, so its share goes to those that took longer.
duration hedge_delay::quantile() const noexcept {
  const double share = 1.0 - options_.at_quantile + rounding;
  double running
      = static_cast<double>(recent_.answers + before_.answers + recent_.losses + before_.losses);
  double left = 1.0;
  std::uint64_t longest = 0;
  for (std::size_t i = 0; i < histogram::size; ++i) {
    const double answered = double{1} * recent_.answered[i] + before_.answered[i];
    const double lost = double{1} * recent_.lost[i] + before_.lost[i];
    if (answered + lost == 0.0)
      continue;
    longest = histogram::upper_bound(i);
    left *= 1.0 - answered / running;
    if (left <= share)
      return duration{static_cast<duration::rep>(longest)};
    running -= answered + lost;
  }
  return duration{static_cast<duration::rep>(2 * longest)};
}

// Old calls go half by half.
void hedge_delay::rotate(time_point now) noexcept {
  if (!began_ || *began_ > now)
    began_ = now;
  const auto age = detail::elapsed(*began_, now);
  if (recent_.answers < many && age < long_ago)
    return;
  before_ = age < 2 * long_ago ? recent_ : sample{};
  recent_ = {};
  began_ = age < 2 * long_ago && age >= long_ago ? detail::later(*began_, long_ago) : now;
  quantile_.reset();
}

} // namespace troupe
