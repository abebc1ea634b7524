// sorted behind a fan_out, broadcast or partition: nobody stands still, and what is not sorted fails.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/batch.hpp>
#include <troupe/broadcast.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

namespace {

const auto rising = tr::merge::sorted(std::less<>{});

int same(int x) { return x; }
bool never(int) { return false; }

std::string failure(const tr::report& end) {
  return end.error() ? end.error()->stage() + ": " + end.error()->message() : "none";
}

} // namespace

TEST_SUITE("sorted where a flow parts") {
  TEST_CASE("behind a fan_out, sorted hands on a sorted stream as it was") {
    for (const auto& to : every_dispatch())
      for (const int buffer : {1, 10, 1024}) {
        CAPTURE(std::string{to.name()});
        CAPTURE(buffer);
        virtual_system sys;
        std::vector<int> out;
        std::vector<int> model;
        for (const int x : numbers(500))
          if (x % 3 == 0)
            model.push_back(x / 9);
        const auto some = [](int x) { return x % 3 == 0 ? std::optional{x / 9} : std::nullopt; };

        const auto end = run_graph(
            sys, tr::from("n", numbers(500))
                     | tr::fan_out("work", some, {.workers = 3, .to = to, .buffer = buffer})
                     | tr::fan_in("all", {.merge = rising, .buffer = buffer})
                     | tr::collect("out", out));

        CHECK(end.clean());
        CHECK(out == model);
      }
  }

  TEST_CASE("a stream that is not sorted fails the run at the fan_in, and nothing follows") {
    for (const auto& to : every_dispatch())
      for (const int at : {1, 17, 299}) {
        CAPTURE(std::string{to.name()});
        virtual_system sys;
        std::vector<int> out;
        auto in = numbers(300);
        in[std::size_t(at)] = -1;

        const auto end
            = run_graph(sys, tr::from("n", in) | tr::fan_out("work", same, {.workers = 3, .to = to})
                                 | tr::fan_in("all", {.merge = rising}) | tr::collect("out", out));

        CHECK(failure(end)
              == "all: item " + std::to_string(at)
                     + " belongs before the one ahead of it: behind a fan_out the stream itself "
                       "has to be sorted");
        CHECK(out.size() <= std::size_t(at));
        CHECK(std::is_sorted(out.begin(), out.end()));
      }
  }

  TEST_CASE("a comparison that throws fails the run at the fan_in") {
    virtual_system sys;
    const auto moody = [](int a, int b) {
      if (a == 50)
        throw std::runtime_error{"incomparable"};
      return a < b;
    };

    const auto end = run_graph(
        sys, tr::from("n", numbers(100)) | tr::fan_out("work", same, {.workers = 3})
                 | tr::fan_in("all", {.merge = tr::merge::sorted(moody)}) | tr::ignore("end"));

    CHECK(failure(end) == "all: incomparable");
  }

  TEST_CASE("items that can only be moved are handed on sorted, too") {
    using item = std::unique_ptr<int>;
    virtual_system sys;
    std::vector<int> out;
    const auto make = [](int x) { return std::make_unique<int>(x); };
    const auto less = [](const item& a, const item& b) { return *a < *b; };

    const auto end
        = run_graph(sys, tr::from("n", numbers(100)) | tr::fan_out("work", make, {.workers = 3})
                             | tr::fan_in("all", {.merge = tr::merge::sorted(less)})
                             | tr::sink("out", [&](const item& x) { out.push_back(*x); }));

    CHECK(end.clean());
    CHECK(out == numbers(100));
  }

  // Each branch waited for the other: one was full, and the join waited for the one that had
  // nothing.
  TEST_CASE("a branch that shows nothing while another is full is passed over") {
    const auto small
        = [](std::string name) { return tr::map(std::move(name), same, {.buffer = 8}); };
    const tr::fan_in_options join{.merge = rising, .buffer = 8};
    const auto ends_sorted = [](const tr::flow<int>& f, const std::vector<int>& model) {
      virtual_system sys;
      std::vector<int> out;
      const auto end = run_graph(sys, f | tr::collect("out", out));
      CHECK(failure(end) == "none");
      CHECK(out == model);
    };
    const auto n = tr::from("n", numbers(500));
    const auto late = [](int x) { return x < 450 ? 0 : 1; };
    const auto rare = tr::filter("rare", [](int x) { return x == 480; }, {.buffer = 8});
    auto twice_480 = numbers(500);
    twice_480.insert(twice_480.begin() + 480, 480);

    ends_sorted(n | tr::partition("part", late, small("a"), small("b")) | tr::fan_in("all", join),
                numbers(500));
    ends_sorted(n | tr::partition("part", late, small("a") | small("a2"), small("b") | small("b2"))
                    | tr::fan_in("all", join),
                numbers(500));
    ends_sorted(n | tr::broadcast("both", small("a"), rare) | tr::fan_in("all", join), twice_480);
    ends_sorted(n | tr::broadcast("both", rare, small("a")) | tr::fan_in("all", join), twice_480);
    ends_sorted(n
                    | tr::broadcast("both", tr::filter("none", never, {.parallel = 3, .buffer = 8}),
                                    tr::map("a", same, {.parallel = 3, .buffer = 8}))
                    | tr::fan_in("all", join),
                numbers(500));
  }

  // What says that a branch has nothing, and what asks for it, went no further than the next
  // junction.
  TEST_CASE("a junction inside of a branch that shows nothing, or that is full, holds up nobody") {
    const auto small
        = [](std::string name) { return tr::map(std::move(name), same, {.buffer = 2}); };
    const auto rare = [](std::string name) {
      return tr::filter(std::move(name), [](int x) { return x == 480; }, {.buffer = 2});
    };
    const auto join = [](std::string name) {
      return tr::fan_in(std::move(name), {.merge = rising, .buffer = 2});
    };
    const auto ends_sorted = [&](const auto& a, const auto& b, std::size_t copies) {
      for (const auto* const first : {"a", "b"}) {
        virtual_system sys;
        std::vector<int> out;
        const auto n = tr::from("n", numbers(500));
        const auto both = *first == 'a' ? n | tr::broadcast("both", a, b) | join("all")
                                        : n | tr::broadcast("both", b, a) | join("all");
        const auto end = run_graph(sys, both | tr::collect("out", out));
        CHECK(failure(end) == "none");
        CHECK(std::is_sorted(out.begin(), out.end()));
        CHECK(out.size() == copies);
      }
    };
    const auto keyed = tr::fan_out(
        "keyed", [](int x) { return x == 480 ? std::optional{x} : std::nullopt; },
        {.workers = 3, .to = tr::dispatch::by_key([](int x) { return x % 7; }), .buffer = 4});

    ends_sorted(small("a"), tr::broadcast("in", rare("b"), rare("c")) | join("in all"), 502);
    ends_sorted(tr::broadcast("in", small("a"), small("b")) | join("in all"), rare("c"), 1001);
    ends_sorted(tr::broadcast("in", small("a"), rare("b")) | join("in all"), rare("c"), 502);
    ends_sorted(small("a"), keyed | join("in all"), 501);
    ends_sorted(tr::broadcast("in", small("a"), keyed | join("in keyed")) | join("in all"),
                rare("c"), 502);
  }

  TEST_CASE("what a branch that was passed over brings too late fails the run by name") {
    virtual_system sys;
    std::vector<int> out;
    auto in = numbers(500);
    in[450] = 7;
    const auto is_7_again = [seen = false](int x) mutable {
      const bool was = seen;
      seen = seen || x == 7;
      return x == 7 && was ? 1 : 0;
    };
    const auto small
        = [](std::string name) { return tr::map(std::move(name), same, {.buffer = 8}); };

    const auto end = run_graph(
        sys, tr::from("n", in) | tr::partition("part", is_7_again, small("a"), small("b"))
                 | tr::fan_in("all", {.merge = rising, .buffer = 8}) | tr::collect("out", out));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "all");
    CHECK(end.error()->message().find("give its branches buffers that cover") != std::string::npos);
    CHECK(std::is_sorted(out.begin(), out.end()));
  }

  TEST_CASE("buffers that cover the difference let sorted wait for a branch") {
    virtual_system sys;
    std::vector<int> out;
    auto in = numbers(500);
    std::rotate(in.begin(), in.begin() + 200, in.end()); // 200 to 499, then 0 to 199
    const auto low = [](int x) { return x < 200 ? 1 : 0; };

    // Neither edge alone holds all that is ahead: it takes both.
    const auto end = run_graph(
        sys,
        tr::from("n", in)
            | tr::partition("part", low, tr::map("a", same, {.buffer = 250}), tr::map("b", same))
            | tr::fan_in("all", {.merge = rising, .buffer = 250}) | tr::collect("out", out));

    CHECK(failure(end) == "none");
    CHECK(out == numbers(500));
  }

  TEST_CASE("a batch that waits for its time is not passed over before") {
    virtual_system sys;
    std::vector<int> out;
    const auto groups = tr::batch("groups", {.size = 100, .within = 1s, .buffer = 8});
    const auto first = [](const std::vector<int>& v) { return v.front(); };
    const auto is_5 = [](int x) { return x == 5 ? 1 : 0; };
    const auto small
        = [](std::string name) { return tr::map(std::move(name), same, {.buffer = 8}); };

    const auto end = run_graph(
        sys, tr::from("n", numbers(300))
                 | tr::partition("part", is_5, small("a"), groups | tr::map("first", first))
                 | tr::fan_in("all", {.merge = rising, .buffer = 8}) | tr::collect("out", out));

    CHECK(failure(end) == "none");
    CHECK(out == numbers(300));
  }
}
