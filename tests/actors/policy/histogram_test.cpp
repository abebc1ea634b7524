#include <troupe/policy/histogram.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using troupe::histogram;

namespace {

constexpr double max_error = 0.0625; // one sub-bucket of sixteen

std::vector<std::uint64_t> random_values(std::uint64_t limit, std::size_t count) {
  // A fixed seed: a failure repeats.
  std::mt19937_64 rng{20'260'101};
  std::lognormal_distribution<double> durations{13.0, 2.5};
  std::vector<std::uint64_t> values;
  while (values.size() < count) {
    const auto value = static_cast<std::uint64_t>(durations(rng));
    if (value < limit)
      values.push_back(value);
  }
  return values;
}

// The value of which a share of q of all others is not larger, as the histogram defines it.
std::uint64_t exact_quantile(const std::vector<std::uint64_t>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

histogram filled(const std::vector<std::uint64_t>& values) {
  histogram h;
  for (const auto value : values)
    h.record(value);
  return h;
}

} // namespace

TEST_SUITE("histogram") {

  TEST_CASE("an empty histogram answers zero to everything") {
    const histogram h;

    CHECK(h.count() == 0);
    CHECK(h.mean() == 0);
    CHECK(h.max() == 0);
    CHECK(h.quantile(0.0) == 0);
    CHECK(h.quantile(0.99) == 0);
  }

  TEST_CASE("values below sixteen are kept exactly") {
    for (std::uint64_t value = 0; value < histogram::sub_buckets; ++value) {
      histogram h;
      h.record(value);
      CHECK(h.quantile(0.5) == value);
      CHECK(histogram::upper_bound(histogram::bucket_of(value)) == value);
    }
  }

  TEST_CASE("every bucket ends where the next begins, and none is missing") {
    for (std::size_t bucket = 0; bucket + 1 < histogram::size; ++bucket) {
      const auto last = histogram::upper_bound(bucket);
      REQUIRE(histogram::bucket_of(last) == bucket);
      REQUIRE(histogram::bucket_of(last + 1) == bucket + 1);
    }
  }

  TEST_CASE("the buckets cover durations up to 2^40 nanoseconds") {
    CHECK(histogram::upper_bound(histogram::size - 1) == (std::uint64_t{1} << 40) - 1);
  }

  TEST_CASE("larger values than 2^40 count in the last bucket, with their exact maximum") {
    histogram h;
    h.record(std::uint64_t{1} << 50);

    CHECK(histogram::bucket_of(std::uint64_t{1} << 50) == histogram::size - 1);
    CHECK(histogram::bucket_of(~std::uint64_t{0}) == histogram::size - 1);
    CHECK(h.count() == 1);
    CHECK(h.max() == std::uint64_t{1} << 50);
  }

  TEST_CASE("a quantile is at most 6.25 % above the exact one and never below it") {
    auto values = random_values(std::uint64_t{1} << 40, 20'000);
    const auto h = filled(values);
    std::sort(values.begin(), values.end());

    for (const double q : {0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      CAPTURE(q);
      const auto exact = exact_quantile(values, q);
      CHECK(h.quantile(q) >= exact);
      CHECK(static_cast<double>(h.quantile(q)) <= static_cast<double>(exact) * (1 + max_error));
    }
  }

  TEST_CASE("count, mean and maximum are exact") {
    const auto values = random_values(std::uint64_t{1} << 40, 1'000);
    std::uint64_t sum = 0;
    for (const auto value : values)
      sum += value;

    const auto h = filled(values);

    CHECK(h.count() == 1'000);
    CHECK(h.mean() == sum / 1'000);
    CHECK(h.max() == *std::max_element(values.begin(), values.end()));
  }

  TEST_CASE("recording a value several times counts it as often") {
    histogram h;
    h.record(100, 99);
    h.record(1'000'000, 1);

    CHECK(h.count() == 100);
    CHECK(h.sum() == 99 * 100 + 1'000'000);
    CHECK(h.quantile(0.5) < 107);
    CHECK(h.quantile(1.0) == 1'000'000);
  }

  TEST_CASE("merging gives the histogram of all values together") {
    const auto values = random_values(std::uint64_t{1} << 40, 2'000);
    const auto middle = values.begin() + 700;
    auto merged = filled({values.begin(), middle});
    merged.merge(filled({middle, values.end()}));
    const auto whole = filled(values);

    CHECK(merged.count() == whole.count());
    CHECK(merged.sum() == whole.sum());
    CHECK(merged.max() == whole.max());
    for (const double q : {0.1, 0.5, 0.9, 0.99})
      CHECK(merged.quantile(q) == whole.quantile(q));
  }

  TEST_CASE("what was recorded since an older copy is told apart from what was there") {
    histogram h;
    h.record(1'000'000'000, 500);
    const auto earlier = h;
    h.record(1'000, 10);
    h.record(2'000, 10);

    const auto span = h.since(earlier);

    CHECK(span.count() == 20);
    CHECK(span.mean() == 1'500);
    // The old maximum is not of this span; the span's own is known to a sub-bucket.
    CHECK(span.max() >= 2'000);
    CHECK(static_cast<double>(span.max()) <= 2'000 * (1 + max_error));
  }

  TEST_CASE("nothing is new since an equal copy") {
    const auto h = filled(random_values(1'000'000, 100));
    const auto span = h.since(h);

    CHECK(span.count() == 0);
    CHECK(span.max() == 0);
    CHECK(span.quantile(0.99) == 0);
  }

} // TEST_SUITE
