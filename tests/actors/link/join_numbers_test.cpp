#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include <troupe/link/join_numbers.hpp>

using troupe::detail::join_numbers;

namespace {

std::vector<std::uint64_t> all(const join_numbers& n) { return {n.begin(), n.end()}; }

} // namespace

TEST_SUITE("join_numbers") {
  TEST_CASE("the numbers of one join are told from those of its neighbours") {
    const auto first = join_numbers::first_of(0);
    const auto next = join_numbers::first_of(1);
    CHECK(join_numbers::same_join(first, first + 1'000'000));
    CHECK_FALSE(join_numbers::same_join(first, next));
    CHECK(first != 0); // which is nobody's number
  }

  TEST_CASE("of each join the latest number counts, whichever order they come in") {
    const auto a = join_numbers::first_of(3);
    const auto b = join_numbers::first_of(4);
    join_numbers known;
    CHECK(known.empty());
    known.note(a + 2);
    known.note(b);
    known.note(a + 1); // overtaken on its way
    CHECK(all(known) == std::vector{a + 2, b});
    CHECK(known.has(a + 2));
    CHECK_FALSE(known.has(a + 1));
  }

  TEST_CASE("a number that is no longer waited for is forgotten, and the others are not") {
    const auto a = join_numbers::first_of(0);
    const auto b = join_numbers::first_of(1);
    join_numbers known;
    known.note(a);
    known.note(b);
    known.remove(a + 1); // not the one that was noted
    CHECK(all(known) == std::vector{a, b});
    known.remove(a);
    CHECK(all(known) == std::vector{b});
    known.remove_if([b](std::uint64_t n) { return n == b; });
    CHECK(known.empty());
  }
}
