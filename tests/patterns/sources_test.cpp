#include <doctest/doctest.h>

#include <array>
#include <list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/generator.hpp>
#include <troupe/sources.hpp>

namespace tr = troupe;
using namespace support;

namespace {

tr::generator<int> count_to(int n) {
  for (int i = 0; i < n; ++i)
    co_yield i;
}

tr::generator<int> broken() {
  co_yield 1;
  throw std::runtime_error{"worn out"};
}

} // namespace

TEST_SUITE("sources") {
  TEST_CASE("produce ends at the first empty answer and asks no further") {
    virtual_system sys;
    int calls = 0;
    std::vector<int> out;

    run_to_end(sys, tr::produce<int>("n", [&]() -> std::optional<int> {
                      return ++calls <= 5 ? std::optional{calls} : std::nullopt;
                    }) | tr::collect("out", out));

    CHECK(out == std::vector{1, 2, 3, 4, 5});
    CHECK(calls == 6);
  }

  TEST_CASE("each producer has its own copy and knows its index; each one's order is kept") {
    threaded_system sys;
    std::vector<std::pair<std::size_t, int>> out;
    const auto make
        = [n = 0](std::size_t producer) mutable -> std::optional<std::pair<std::size_t, int>> {
      return n < 5000 ? std::optional{std::pair{producer, n++}} : std::nullopt;
    };

    const auto end
        = run_to_end(sys, tr::produce<std::pair<std::size_t, int>>("n", make, {.producers = 4})
                              | tr::collect("out", out));

    CHECK(end.clean());
    REQUIRE(out.size() == 20'000);
    std::vector<int> next(4, 0);
    for (const auto& [producer, n] : out)
      REQUIRE(n == next[producer]++);
  }

  TEST_CASE("several producers and several consumers: each item is consumed exactly once") {
    threaded_system sys;
    std::vector<std::atomic<int>> seen(20'000);

    const auto end = run_to_end(
        sys, tr::produce<int>("n",
                              [n = 0](std::size_t p) mutable -> std::optional<int> {
                                return n < 5000 ? std::optional{static_cast<int>(p) * 5000 + n++}
                                                : std::nullopt;
                              },
                              {.producers = 4})
                 | tr::sink("out", [&](int x) { ++seen[std::size_t(x)]; }, {.consumers = 4}));

    CHECK(end.clean());
    CHECK(end.stage("out").delivered == 20'000);
    for (const auto& s : seen)
      REQUIRE(s == 1);
  }

  TEST_CASE("the source is asked only while there is demand: an edge holds at most its buffer") {
    virtual_system sys;
    for (const int buffer : {1, 3, 16, 1000}) {
      CAPTURE(buffer);
      int made = 0;
      auto r = tr::start(sys, tr::produce<int>("n", [&] { return std::optional{made++}; })
                                  | tr::sink("end", [](int) {}, {.buffer = buffer}));
      r.pause("end");

      tr::detail::virtual_time::run_for(sys, 1s);

      CHECK(made == buffer);
      r.stop();
    }
  }

  TEST_CASE("the smaller of a source's and its successor's buffer bounds the edge") {
    virtual_system sys;
    int made = 0;
    auto r
        = tr::start(sys, tr::produce<int>("n", [&] { return std::optional{made++}; }, {.buffer = 5})
                             | tr::ignore("end"));
    r.pause("end");

    tr::detail::virtual_time::run_for(sys, 1s);

    CHECK(made <= 5);
    CHECK(r.topology().item_bound() == 5);
    r.stop();
  }

  TEST_CASE("from takes lists, views and arrays") {
    virtual_system sys;
    std::vector<int> out;
    const std::vector more{3, 4};

    run_to_end(sys, tr::from("list", std::list{1, 2}) | tr::collect("out", out));
    run_to_end(sys, tr::from("view", std::span{more}) | tr::collect("out", out));
    run_to_end(sys, tr::from("array", std::array{5, 6}) | tr::collect("out", out));

    CHECK(out == std::vector{1, 2, 3, 4, 5, 6});
  }

  TEST_CASE("from copies its range: later changes to it are not seen") {
    virtual_system sys;
    std::vector<int> out;
    auto range = numbers(3);
    const auto f = tr::from("n", range) | tr::collect("out", out);

    range = {9};
    run_to_end(sys, f);

    CHECK(out == numbers(3));
  }

  TEST_CASE("ticks come once a period, the first after one, by the system's clock") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    auto r = tr::start(sys, tr::ticks("t", 100ms) | tr::collect("out", out));

    r.wait_for(99ms);
    CHECK(out.empty());
    r.wait_for(1ms);
    CHECK(out == std::vector<std::uint64_t>{0});
    r.wait_for(1s);
    CHECK(out.size() == 11);
    r.drain();
  }

  TEST_CASE("ticks without demand are not made, and the next number tells how many were missed") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    auto r = tr::start(sys, tr::ticks("t", 1s, {.buffer = 1}) | tr::collect("out", out));
    r.pause("out");
    r.wait_for(10s + 500ms);
    r.resume("out");
    r.wait_for(1s);
    r.drain();

    REQUIRE(out.size() >= 2);
    CHECK(out.size() < 10);
    CHECK(out.back() >= 9);
  }

  TEST_CASE("generate takes a coroutine, which starts anew for each run") {
    virtual_system sys;
    std::vector<int> out;
    const auto f = tr::generate("g", [] { return count_to(3); }) | tr::collect("out", out);

    CHECK(run_to_end(sys, f).clean());
    CHECK(run_to_end(sys, f).clean());

    CHECK(out == std::vector{0, 1, 2, 0, 1, 2});
  }

  TEST_CASE("generate keeps the captures of a coroutine lambda alive") {
    virtual_system sys;
    std::vector<std::string> out;

    run_to_end(sys,
               tr::generate("g", [text = std::string(100, 'x')]() -> tr::generator<std::string> {
                 co_yield text;
                 co_yield text;
               }) | tr::collect("out", out));

    CHECK(out == std::vector(2, std::string(100, 'x')));
  }

  TEST_CASE("generate takes a function of optionals too") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::generate("g", endless()) | tr::take("three", 3) | tr::collect("out", out));

    CHECK(out == numbers(3));
  }

  TEST_CASE("a generator that throws fails the run after what it yielded") {
    virtual_system sys;

    const auto end = run_to_end(sys, tr::generate("g", broken) | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->message() == "making item 1: worn out");
    CHECK(end.stage("g").received == 1);
  }
}

TEST_SUITE("generator") {
  TEST_CASE("is a range of one pass") {
    int sum = 0;
    for (const int x : count_to(5))
      sum += x;

    CHECK(sum == 10);
  }

  TEST_CASE("next answers nothing once it has ended, for ever") {
    auto g = count_to(1);

    CHECK(g.next() == 0);
    CHECK(!g.next());
    CHECK(!g.next());
  }

  TEST_CASE("throws what the function throws, then has ended") {
    auto g = broken();

    CHECK(g.next() == 1);
    CHECK_THROWS_AS((void)g.next(), std::runtime_error);
    CHECK(!g.next());
  }
}
