#include <troupe/policy/concurrency_limit.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

// -- what all have in common ---------------------------------------------------------------------

void check_bounds(std::string_view where, count initial, count min, count max) {
  constexpr long long most = 1'000'000'000;
  detail::check_count(where, "min", min, 1, most);
  const auto low = std::to_string(min.value());
  if (max.value() < min.value() || max.value() > most)
    detail::refuse(where, "max", std::to_string(max.value()),
                   "min (" + low + ") to " + std::to_string(most));
  if (initial.value() < min.value() || initial.value() > max.value())
    detail::refuse(where, "initial", std::to_string(initial.value()),
                   "min (" + low + ") to max (" + std::to_string(max.value()) + ")");
}

void check_smoothing(std::string_view where, double smoothing) {
  if (!(smoothing > 0.0 && smoothing <= 1.0))
    detail::refuse(where, "smoothing", detail::as_text(smoothing), "more than 0, at most 1");
}

/// Whether at least half of the limit is in use.
bool is_loaded(count in_flight, double limit) {
  return static_cast<double>(std::max(in_flight.value(), 0LL)) * 2 >= limit;
}

double within(count min, count max, double limit) {
  return std::clamp(limit, static_cast<double>(min.value()), static_cast<double>(max.value()));
}

} // namespace

// -- aimd ----------------------------------------------------------------------------------------

aimd_limit::aimd_limit(aimd_options options)
    : options_(options), limit_(static_cast<int>(options.initial.value())) {
  check_bounds("aimd_limit", options_.initial, options_.min, options_.max);
  if (!(options_.backoff > 0.0 && options_.backoff < 1.0))
    detail::refuse("aimd_limit", "backoff", detail::as_text(options_.backoff),
                   "more than 0 and less than 1");
  if (options_.timeout <= duration::zero())
    detail::refuse("aimd_limit", "timeout", detail::as_text(options_.timeout), "more than 0 ms");
}

void aimd_limit::on_sample(time_span rtt, count in_flight, bool dropped) {
  double wanted = limit_;
  if (dropped || rtt > options_.timeout)
    wanted = std::floor(wanted * options_.backoff + 1e-9); // 0.7 x 30 is not quite 21 in binary
  else if (is_loaded(in_flight, wanted))
    wanted += 1;
  limit_ = static_cast<int>(within(options_.min, options_.max, wanted));
}

// -- vegas ---------------------------------------------------------------------------------------

namespace {

/// The unit of all steps: 1 below 100, 2 below 1000, and so on.
int digits(double limit) {
  int n = 0;
  for (auto rest = static_cast<long long>(limit); rest >= 10; rest /= 10)
    ++n;
  return std::max(n, 1);
}

} // namespace

vegas_limit::vegas_limit(vegas_options options)
    : options_(options), estimate_(static_cast<double>(options.initial.value())) {
  check_bounds("vegas_limit", options_.initial, options_.min, options_.max);
  check_smoothing("vegas_limit", options_.smoothing);
  detail::check_count("vegas_limit", "probe_every", options_.probe_every, 1, 1'000'000'000);
}

void vegas_limit::on_sample(time_span rtt, count in_flight, bool dropped) {
  const bool loaded = is_loaded(in_flight, estimate_);
  if (dropped) {
    move_to(estimate_ - digits(estimate_));
  } else if (rtt > duration::zero()) {
    ++samples_;
    if (!learns_fastest(rtt, loaded) && loaded)
      move_to(wanted(rtt));
  }
}

bool vegas_limit::learns_fastest(duration rtt, bool loaded) {
  const bool due = static_cast<double>(samples_)
                   >= static_cast<double>(options_.probe_every.value()) * estimate_;
  const bool first = fastest_ == duration::zero();
  if (!first && rtt >= fastest_ && (!due || loaded))
    return false;
  fastest_ = rtt;
  samples_ = 0;
  return true;
}

double vegas_limit::wanted(duration rtt) const {
  const auto share = static_cast<double>(fastest_.count())
                     / static_cast<double>(std::max(rtt, fastest_).count());
  const auto queue = std::ceil(estimate_ * (1.0 - share));
  const int step = digits(estimate_);
  if (queue <= step)
    return estimate_ + 6 * step;
  if (queue < 3 * step)
    return estimate_ + step;
  if (queue > 6 * step)
    return estimate_ - step;
  return estimate_;
}

void vegas_limit::move_to(double wanted) {
  const auto target = within(options_.min, options_.max, wanted);
  estimate_ += (target - estimate_) * options_.smoothing;
}

// -- gradient ------------------------------------------------------------------------------------

gradient_limit::gradient_limit(gradient_options options)
    : options_(options), estimate_(static_cast<double>(options.initial.value())) {
  constexpr std::string_view me = "gradient_limit";
  check_bounds(me, options_.initial, options_.min, options_.max);
  check_smoothing(me, options_.smoothing);
  detail::check_count(me, "queue", options_.queue, 1, 1'000'000'000);
  if (!(options_.tolerance >= 1.0 && std::isfinite(options_.tolerance)))
    detail::refuse(me, "tolerance", detail::as_text(options_.tolerance), "at least 1");
  detail::check_count(me, "long_window", options_.long_window, 1, 1'000'000'000);
}

void gradient_limit::on_sample(time_span rtt, count in_flight, bool dropped) {
  if (dropped) {
    move_to(estimate_ * 0.5);
    return;
  }
  if (rtt <= duration::zero())
    return;
  const bool loaded = is_loaded(in_flight, estimate_);
  const auto now = static_cast<double>(rtt.count());
  const auto usual = learn(now, loaded);
  if (!loaded)
    return;
  // At most halved: one outlier is no reason to refuse most callers.
  const auto gradient = std::clamp(options_.tolerance * usual / now, 0.5, 1.0);
  move_to(estimate_ * gradient + static_cast<double>(options_.queue.value()));
}

double gradient_limit::learn(double rtt, bool loaded) {
  constexpr int plain = 10; // the first samples are averaged as they are
  if (warm_up_ < plain) {
    ++warm_up_;
    usual_ += (rtt - usual_) / warm_up_;
    ceiling_ = usual_;
  } else {
    const auto weight = 2.0 / (static_cast<double>(options_.long_window.value()) + 1.0);
    usual_ += (rtt - usual_) * weight;
    if (loaded)
      usual_ = std::min(usual_, ceiling_);
    else
      ceiling_ = usual_;
  }
  const auto usual = usual_;
  // Back to normal after a long time of slowness: do not wait for the average to forget it.
  if (usual_ > 2 * rtt)
    usual_ *= 0.95;
  return usual;
}

void gradient_limit::move_to(double wanted) {
  const auto moved = estimate_ + (wanted - estimate_) * options_.smoothing;
  estimate_ = within(options_.min, options_.max, moved);
}

} // namespace troupe
