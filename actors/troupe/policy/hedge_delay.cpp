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
  recent_.record(static_cast<std::uint64_t>(std::max<duration::rep>(took.count(), 0)));
  ++since_quantile_;
}

std::optional<duration> hedge_delay::next(time_point now) noexcept {
  const auto otherwise
      = options_.after > duration::zero() ? std::optional{options_.after.value()} : std::nullopt;
  if (options_.at_quantile == 0.0)
    return otherwise;
  rotate(now);
  if (recent_.count() + before_.count() < least_)
    return otherwise;
  if (!quantile_ || since_quantile_ >= refresh) {
    histogram all = before_;
    all.merge(recent_);
    const auto rep = static_cast<duration::rep>(all.quantile(options_.at_quantile));
    quantile_ = duration{std::max<duration::rep>(rep, 1)};
    since_quantile_ = 0;
  }
  return quantile_;
}

// Old calls go half by half.
void hedge_delay::rotate(time_point now) noexcept {
  if (!began_ || *began_ > now)
    began_ = now;
  const auto age = detail::elapsed(*began_, now);
  if (recent_.count() < many && age < long_ago)
    return;
  before_ = age < 2 * long_ago ? recent_ : histogram{};
  recent_ = {};
  began_ = age < 2 * long_ago && age >= long_ago ? detail::later(*began_, long_ago) : now;
  quantile_.reset();
}

} // namespace troupe
