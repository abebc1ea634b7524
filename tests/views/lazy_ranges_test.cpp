// Ranges that are made of others while they are walked, as the standard library has them.
#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/transforms.hpp>

namespace tr = troupe;
using namespace support;

TEST_SUITE("lazy ranges") {
  TEST_CASE("from takes them") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("view", std::views::iota(3, 5)) | tr::collect("out", out));
    run_to_end(sys, tr::from("filtered", std::vector{5, 6, 7, 8}
                                             | std::views::filter([](int x) { return x % 2 == 0; }))
                        | tr::collect("out", out));

    CHECK(out == std::vector{3, 4, 6, 8});
  }

  TEST_CASE("flat_map walks a lazy range only as far as there is demand") {
    virtual_system sys;
    std::vector<int> out;
    int most = 0;
    const auto count = [&](int) {
      return std::views::iota(0) | std::views::transform([&](int x) { return most = x; });
    };

    const auto end = run_to_end(sys, tr::from("n", numbers(1)) | tr::flat_map("endless", count)
                                         | tr::take("some", 100) | tr::collect("out", out));

    CHECK(out == numbers(100));
    CHECK(!end.error());
    CHECK(most < 100 + 2 * 1024 + 1);
  }

  TEST_CASE("flat_map copies out of one that only shows its elements") {
    virtual_system sys;
    const std::string name = "a name that is long enough for the heap";
    std::vector<std::vector<std::string>> table{{name, name}, {name}};
    const auto before = table;
    std::vector<std::string> out;

    run_to_end(sys, tr::from("n", std::vector{0, 1, 0, 1}) | tr::flat_map("view", [&](int k) {
                      return table[std::size_t(k)] | std::views::drop(0);
                    }) | tr::collect("out", out));
    run_to_end(sys, tr::from("n", std::vector{0, 1, 0, 1}) | tr::flat_map("lazy", [&](int k) {
                      return table[std::size_t(k)]
                             | std::views::filter([](const std::string&) { return true; });
                    }) | tr::collect("out", out));

    CHECK(table == before);
    CHECK(out == std::vector<std::string>(12, name));
  }

  TEST_CASE("flat_map moves out of one that owns its elements") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", numbers(3)) | tr::flat_map("owning view", [&](int x) {
                      return boxed(x) | std::views::drop(0);
                    }) | tr::sink("end", [&](std::unique_ptr<int> p) { out.push_back(*p); }));

    CHECK(out == numbers(3));
  }
}
