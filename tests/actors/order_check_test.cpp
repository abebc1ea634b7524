#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <troupe/cast/order_check.hpp>

using troupe::detail::sorted_check;

namespace {

template <class T>
std::optional<std::size_t> fault_in(sorted_check<T>& check, std::vector<T> items) {
  troupe::detail::batch<T> next;
  next.reserve(items.size());
  for (auto& item : items)
    next.items.push_back(std::move(item));
  return check.fault_in(next);
}

using boxed = std::unique_ptr<int>;

std::vector<boxed> boxes(std::initializer_list<int> numbers) {
  std::vector<boxed> all;
  for (const int n : numbers)
    all.push_back(std::make_unique<int>(n));
  return all;
}

} // namespace

TEST_SUITE("order_check") {
  TEST_CASE("names the first item that belongs before the one ahead of it") {
    sorted_check<int> check{std::less<>{}};
    CHECK(fault_in<int>(check, {1, 2, 2, 5}) == std::nullopt);
    CHECK(fault_in<int>(check, {5, 7, 6, 4}) == 2);
  }

  TEST_CASE("compares with the last item of the batch before, over empty ones") {
    sorted_check<int> check{std::less<>{}};
    CHECK(fault_in<int>(check, {1, 5}) == std::nullopt);
    CHECK(fault_in<int>(check, {}) == std::nullopt);
    CHECK(fault_in<int>(check, {4, 9}) == 0);
  }

  TEST_CASE("items that cannot be copied are compared within their batch only") {
    sorted_check<boxed> check{[](const boxed& a, const boxed& b) { return *a < *b; }};
    CHECK(fault_in(check, boxes({1, 5})) == std::nullopt);
    CHECK(fault_in(check, boxes({3, 4})) == std::nullopt);
    CHECK(fault_in(check, boxes({6, 2})) == 1);
  }
}
