#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>

#include <doctest/doctest.h>

#include <troupe/detail/elapsed.hpp>
#include <troupe/policy/backoff.hpp>
#include <troupe/time_span.hpp>

using namespace std::chrono_literals;
using troupe::duration;
using troupe::time_point;
using troupe::time_span;

namespace {

template <class Rep, class Period = std::ratio<1>>
duration span_of(Rep n) {
  return time_span{std::chrono::duration<Rep, Period>{n}};
}

constexpr auto longest = duration::max();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr auto infinite = std::numeric_limits<double>::infinity();

static_assert(time_span{} == 0s);
static_assert(time_span{2ms} == 2ms && 2ms < time_span{1h} && time_span{1h} > 59min);
static_assert(time_span{std::chrono::hours::max()} == longest);
static_assert(std::optional<time_span>{2s} == duration{2s});
static_assert(time_span{7us}.count() == 7'000 && time_span{7us}.value() == 7us);
// The fields of an aggregate are written as before.
static_assert(troupe::backoff{.min = 20ms, .max = std::chrono::hours::max()}.max == longest);

} // namespace

TEST_SUITE("time_span") {
  TEST_CASE("the longest of any unit is the longest there is") {
    CHECK(time_span{std::chrono::microseconds::max()} == longest);
    CHECK(time_span{std::chrono::milliseconds::max()} == longest);
    CHECK(time_span{std::chrono::seconds::max()} == longest);
    CHECK(time_span{std::chrono::minutes::max()} == longest);
    CHECK(time_span{std::chrono::hours::max()} == longest);
    CHECK(time_span{std::chrono::hours::min()} == duration::min());
    CHECK(time_span{std::chrono::duration<std::int64_t, std::pico>::max()} == longest);
    CHECK(time_span{std::chrono::duration<std::int32_t, std::milli>::max()} == longest);
    CHECK(time_span{std::chrono::duration<double>::max()} == longest);
    CHECK(time_span{duration::min()} == duration::min());
  }

  TEST_CASE("what is longer than nanoseconds can say is the longest, and nothing below it is") {
    const auto most = longest.count();
    CHECK(span_of<std::int64_t, std::micro>(most / 1'000) == duration{most / 1'000 * 1'000});
    CHECK(span_of<std::int64_t, std::micro>(most / 1'000 + 1) == longest);
    CHECK(span_of<std::int64_t, std::micro>(-most / 1'000 - 2) == duration::min());
    CHECK(span_of<std::uint64_t, std::nano>(1ULL << 63) == longest);
    CHECK(span_of<std::uint64_t, std::nano>((1ULL << 63) - 1) == longest);
    CHECK(span_of<std::uint64_t, std::nano>(7) == 7ns);
    CHECK(span_of<int, std::ratio<86'400 * 365>>(292) == 292 * 365 * 24h);
    CHECK(span_of<int, std::ratio<86'400 * 365>>(293) == longest);
    CHECK(span_of<std::int64_t, std::ratio<1, 30>>(100'000'000'000) == 3'333'333'333'333'333'333ns);
  }

  TEST_CASE("fractions are cut off, but what is more or less than nothing remains so") {
    CHECK(span_of<double>(0.25) == 250ms);
    CHECK(span_of<float>(-0.5F) == -500ms);
    CHECK(span_of<std::int64_t, std::pico>(1'999) == 1ns);
    CHECK(span_of<std::int64_t, std::pico>(1) == 1ns);
    CHECK(span_of<std::int64_t, std::pico>(-1) == -1ns);
    CHECK(span_of<double>(1e-300) == 1ns);
    CHECK(span_of<double>(-0.0) == 0ns);
  }

  TEST_CASE("infinite is the longest, and what is not a number is less than nothing") {
    CHECK(span_of<double>(infinite) == longest);
    CHECK(span_of<double>(-infinite) == duration::min());
    CHECK(span_of<double>(1e300) == longest);
    CHECK(span_of<double>(-1e300) == duration::min());
    CHECK(span_of<double>(not_a_number) == duration::min());
    CHECK(span_of<float>(std::numeric_limits<float>::max()) == longest);
  }

  TEST_CASE("sums with a time end at the latest and the earliest there is") {
    using troupe::detail::earlier;
    using troupe::detail::later;
    constexpr time_point t{1h};
    CHECK(later(t, 1s) == t + 1s);
    CHECK(later(t, -2h) == t - 2h);
    CHECK(later(t, longest) == time_point::max());
    CHECK(later(time_point::max(), 1ns) == time_point::max());
    CHECK(later(time_point::min(), -1ns) == time_point::min());
    CHECK(later(time_point::min(), longest) == time_point{-1ns});
    CHECK(later(-t.time_since_epoch() + time_point{}, duration::min()) == time_point::min());
    CHECK(earlier(t, 2h) == t - 2h);
    CHECK(earlier(t, -1s) == t + 1s);
    CHECK(earlier(time_point::min(), 1ns) == time_point::min());
    CHECK(earlier(t, duration::min()) == time_point::max());
    CHECK(earlier(time_point::max(), longest) == time_point{0ns});
  }
}
