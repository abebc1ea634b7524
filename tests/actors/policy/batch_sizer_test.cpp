#include <troupe/policy/batch_sizer.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace std::chrono_literals;
using troupe::batch_sizer;
using troupe::duration;

namespace {

// Records full batches of items that take `each`, and tells what was wanted after every one.
std::vector<std::size_t> wants(batch_sizer& size, duration each, int records) {
  std::vector<std::size_t> all;
  for (int i = 0; i < records; ++i) {
    const auto items = size.want();
    size.record(items, each * static_cast<duration::rep>(items));
    all.push_back(size.want());
  }
  return all;
}

} // namespace

TEST_SUITE("batch_sizer") {
  TEST_CASE("starts with a batch of one, knowing nothing") {
    const batch_sizer size{1024};

    CHECK(size.want() == 1);
    CHECK(size.per_item() == 0ns);
  }

  TEST_CASE("at most doubles with each record, up to what the target holds") {
    batch_sizer size{1024, 75us};

    CHECK(wants(size, 1us, 8) == std::vector<std::size_t>{2, 4, 8, 16, 32, 64, 75, 75});
    CHECK(size.per_item() == 1us);
  }

  TEST_CASE("never wants more than the capacity") {
    batch_sizer power{16};
    batch_sizer odd{5};
    batch_sizer one{1};

    CHECK(wants(power, 1ns, 6) == std::vector<std::size_t>{2, 4, 8, 16, 16, 16});
    CHECK(wants(odd, 1ns, 4) == std::vector<std::size_t>{2, 4, 5, 5});
    CHECK(wants(one, 1ns, 2) == std::vector<std::size_t>{1, 1});
  }

  TEST_CASE("reaches the largest capacity there is without overflowing") {
    const auto most = static_cast<std::size_t>(-1);
    batch_sizer size{most};

    for (int i = 0; i < 80; ++i)
      size.record(1, 0ns);

    CHECK(size.want() == most);
  }

  TEST_CASE("items slower than the target go one by one") {
    batch_sizer size{1024, 75us};

    CHECK(wants(size, 76us, 3) == std::vector<std::size_t>{1, 1, 1});
    CHECK(wants(size, 10s, 3) == std::vector<std::size_t>{1, 1, 1});
  }

  TEST_CASE("falls at once when items get slow") {
    batch_sizer size{1024, 75us};
    wants(size, 1us, 10);
    REQUIRE(size.want() == 75);

    // Halfway from 1 us to 99 us: 50 us, of which the target holds one.
    size.record(75, 75 * 99us);

    CHECK(size.per_item() == 50us);
    CHECK(size.want() == 1);
  }

  TEST_CASE("believes in slow items faster than in fast ones") {
    batch_sizer slower{1024};
    batch_sizer faster{1024};
    slower.record(1, 16us);
    faster.record(1, 16us);

    slower.record(1, 32us);
    faster.record(1, 0us);

    CHECK(slower.per_item() == 24us);
    CHECK(faster.per_item() == 14us);
  }

  TEST_CASE("recovers from one long pause") {
    batch_sizer size{1024, 75us};
    wants(size, 1us, 10);
    size.record(75, 75 * 199us);
    REQUIRE(size.want() == 1);

    wants(size, 1us, 60);

    CHECK(size.want() >= 70);
  }

  TEST_CASE("items that take no measurable time let it grow") {
    batch_sizer size{8};

    CHECK(wants(size, 0ns, 4) == std::vector<std::size_t>{2, 4, 8, 8});
    CHECK(size.per_item() == 0ns);
  }

  TEST_CASE("ignores empty batches and clocks that stepped back") {
    batch_sizer size{1024};
    size.record(1, 10us);
    REQUIRE(size.want() == 2);

    size.record(0, 1s);
    size.record(2, -1ns);
    size.record(2, duration::min());

    CHECK(size.want() == 2);
    CHECK(size.per_item() == 10us);
  }

  TEST_CASE("the longest possible time is just a very slow item") {
    batch_sizer size{1024};

    size.record(1, duration::max());

    CHECK(size.want() == 1);
    CHECK(size.per_item() == duration::max());
  }

  TEST_CASE("a fixed size never moves, but time is measured") {
    auto size = batch_sizer::fixed(64, 1024);

    CHECK(size.want() == 64);
    CHECK(wants(size, 1s, 2) == std::vector<std::size_t>{64, 64});
    CHECK(wants(size, 0s, 2) == std::vector<std::size_t>{64, 64});
    CHECK(size.per_item() > 0s);
  }

  TEST_CASE("a fixed size is cut to the capacity") {
    CHECK(batch_sizer::fixed(64, 16).want() == 16);
    CHECK(batch_sizer::fixed(16, 16).want() == 16);
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK_THROWS_WITH_AS(batch_sizer{0}, "batch_sizer: capacity = 0, needs at least 1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((batch_sizer{1, 0ns}), "batch_sizer: target = 0 ns, needs more than 0 ns",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(batch_sizer::fixed(0, 8), "batch_sizer: size = 0, needs at least 1",
                         std::invalid_argument);
    CHECK_THROWS_AS(batch_sizer::fixed(8, 0), std::invalid_argument);
  }

  TEST_CASE("property: wants 1 to capacity, at most twice as many, and no more than fit") {
    CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint32_t>>& records) {
      batch_sizer size{100, 75us};
      for (const auto& [items, elapsed] : records) {
        const auto before = size.want();
        size.record(items, duration{elapsed});
        RC_ASSERT(size.want() >= 1);
        RC_ASSERT(size.want() <= 100);
        RC_ASSERT(size.want() <= 2 * before);
        if (items > 0 && size.want() > 1)
          RC_ASSERT(size.per_item() * static_cast<duration::rep>(size.want()) <= 75us);
      }
    }));
  }
}
