#include <troupe/policy/pacer.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

namespace {

constexpr duration lateness = std::chrono::milliseconds{1};
constexpr duration longest_wait = std::chrono::hours{1};

} // namespace

std::size_t pacer::pass(time_point now, std::size_t wanted) {
  const auto woken_for = std::exchange(woken_for_, std::nullopt);
  const auto from = woken_for ? std::clamp(*woken_for, detail::earlier(now, lateness), now) : now;
  const auto passed = bucket_.allow_up_to(from, now, wanted);
  due_.reset();
  if (passed < wanted) {
    const auto wait = std::min(bucket_.retry_after(from), longest_wait);
    due_ = std::max(detail::later(from, wait), detail::later(now, duration{1}));
  }
  return passed;
}

std::size_t pacer::pass_or_refuse(time_point now, std::size_t wanted) {
  return bucket_.allow_up_to(now, now, wanted);
}

void pacer::wake() noexcept { woken_for_ = std::exchange(due_, std::nullopt); }

void pacer::set(time_point now, std::optional<troupe::rate> r, std::optional<amount> burst) {
  if (r)
    bucket_.set_rate(now, *r);
  if (burst)
    bucket_.set_burst(now, *burst);
  due_.reset();
  woken_for_.reset();
}

} // namespace troupe
