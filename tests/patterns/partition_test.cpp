#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

namespace {

const auto same = [](int x) { return x; };
const auto odd = [](int x) { return x % 2; };

tr::fan_in_options in_order() { return {.merge = tr::merge::in_order}; }

} // namespace

TEST_SUITE("partition") {
  TEST_CASE("each item goes into the branch that its index names, without a copy") {
    virtual_system sys;
    std::vector<std::unique_ptr<int>> even;
    std::vector<int> uneven;
    const auto make = [n = 0]() mutable -> std::optional<std::unique_ptr<int>> {
      return n < 100 ? std::optional{std::make_unique<int>(n++)} : std::nullopt;
    };

    const auto end = run_graph(
        sys,
        tr::produce<std::unique_ptr<int>>("make", make)
            | tr::partition(
                "split", [](const std::unique_ptr<int>& p) { return *p % 2; },
                tr::sink("even", [&](std::unique_ptr<int> p) { even.push_back(std::move(p)); }),
                tr::map("open", [](std::unique_ptr<int> p) { return *p; })
                    | tr::collect("uneven", uneven)));

    CHECK(end.clean());
    REQUIRE(even.size() == 50);
    REQUIRE(uneven.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) {
      CHECK(*even[i] == 2 * int(i));
      CHECK(uneven[i] == 2 * int(i) + 1);
    }
    CHECK(end.stage("split").emitted == 100);
  }

  TEST_CASE("in_order restores the input's order, however unequal the branches") {
    virtual_system sys;
    std::vector<int> out;
    const auto slow = slow_once([](int x) { return x % 9 == 0; });

    const auto end = run_graph(
        sys, tr::from("n", numbers(2000))
                 | tr::partition(
                     "split", [](int x) { return x * 7919 % 3; },
                     tr::stage("slow", slow, {.parallel = 3, .buffer = 7, .on_error = after(1s)}),
                     tr::map("fast", same), tr::map("tight", same, {.buffer = 1}))
                 | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(2000));
  }

  TEST_CASE("regression: a closed branch beside branches that meet in order") {
    virtual_system sys;
    std::vector<int> zero;
    std::vector<int> out;

    const auto end
        = run_graph(sys, tr::from("n", numbers(300))
                             | tr::partition(
                                 "split", [](int x) { return x % 3; }, tr::collect("zero", zero),
                                 tr::map("one", same), tr::map("two", same))
                             | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(zero.size() == 100);
    CHECK(out.size() == 200);
    CHECK(std::is_sorted(out.begin(), out.end()));
  }

  TEST_CASE("items for a branch that needs no more are filtered") {
    virtual_system sys;
    std::vector<int> few;
    std::vector<int> rest;

    const auto end = run_graph(
        sys, tr::from("n", numbers(1000), {.buffer = 8})
                 | tr::partition("split", odd,
                                 tr::take("few", 3, {.buffer = 1}) | tr::collect("few out", few),
                                 tr::collect("rest", rest)));

    CHECK(end.clean());
    CHECK(few == std::vector{0, 2, 4});
    CHECK(rest.size() == 500);
    const auto& split = end.stage("split");
    CHECK(split.filtered + end.stage("few").received == 500);
    CHECK(split.filtered > 400);
  }

  TEST_CASE("an index that is out of range fails the run, with the index of the item") {
    for (const int wrong : {2, -1}) {
      virtual_system sys;
      std::vector<int> a;
      const auto flow = tr::from("n", numbers(1000))
                        | tr::partition(
                            "split", [&](int x) { return x == 567 ? wrong : 0; },
                            tr::collect("a", a), tr::ignore("b"));

      const auto end = run_graph(sys, flow);

      REQUIRE(end.error());
      CHECK(end.error()->stage() == "split");
      CHECK(end.error()->message().find("item 567: the function of the partition gave branch ")
            == 0);
      CHECK(end.error()->message().find("needs 0 to 1") != std::string::npos);
      CHECK(end.stage("split").failed == 1);
      CHECK(std::equal(a.begin(), a.end(), numbers(567).begin()));
    }
  }

  TEST_CASE("an index function that throws fails the run likewise") {
    virtual_system sys;
    const auto moody = [](int x) -> int { return x == 5 ? throw std::runtime_error{"moody"} : 0; };

    const auto end
        = run_graph(sys, tr::from("n", numbers(10))
                             | tr::partition("split", moody, tr::ignore("a"), tr::ignore("b")));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "split");
    CHECK(end.error()->message() == "item 5: moody");
  }
}
