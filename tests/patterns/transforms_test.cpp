#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/batch.hpp>
#include <troupe/fused.hpp>
#include <troupe/transforms.hpp>

namespace tr = troupe;
using namespace support;

namespace {

struct word {
  int key;
  std::string text;
};

int key_of(const word& w) { return w.key; }

} // namespace

TEST_SUITE("transforms") {
  TEST_CASE("filter counts what it refuses as filtered, and the run stays clean") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::from("n", numbers(100)) | tr::filter("small", [](int x) {
                                       return x < 7;
                                     }) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(7));
    CHECK(end.stage("small").filtered == 93);
    CHECK(end.stage("small").emitted == 7);
  }

  TEST_CASE("tap shows each item and changes none") {
    virtual_system sys;
    std::vector<int> seen;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", numbers(10)) | tr::tap("look", [&](const int& x) {
                      seen.push_back(x);
                    }) | tr::collect("out", out));

    CHECK(seen == numbers(10));
    CHECK(out == numbers(10));
  }

  TEST_CASE("flat_map passes on none, one or many elements, in order") {
    virtual_system sys;
    std::vector<int> out;
    const auto repeat = [](int x) { return std::vector<int>(std::size_t(x), x); };

    const auto end = run_to_end(sys, tr::from("n", numbers(5)) | tr::flat_map("repeat", repeat)
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector{1, 2, 2, 3, 3, 3, 4, 4, 4, 4});
    CHECK(end.stage("repeat").delivered == 5);
    CHECK(end.stage("repeat").emitted == 10);
  }

  TEST_CASE("take ends an endless flow; its surplus counts as filtered and the run stays clean") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::produce<int>("n", endless())
                                         | tr::map("same", [](int x) { return x; })
                                         | tr::take("ten", 10) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(10));
    CHECK(end.stage("ten").delivered == 10);
    CHECK(end.stage("ten").filtered == end.stage("ten").received - 10);
  }

  TEST_CASE("take of nothing delivers nothing and ends") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::produce<int>("n", endless()) | tr::take("none", 0)
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.empty());
  }

  TEST_CASE("take reaches through parallel stages, batches and several producers") {
    virtual_system sys;
    std::vector<std::vector<int>> out;

    const auto end = run_to_end(sys, tr::produce<int>("n", endless(), {.producers = 3})
                                         | tr::map("same", [](int x) { return x; }, {.parallel = 4})
                                         | tr::batch("pairs", {.size = 2}) | tr::take("five", 5)
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.size() == 5);
  }

  TEST_CASE("a take of more than there is passes everything on") {
    virtual_system sys;
    std::vector<int> out;

    CHECK(
        run_to_end(sys, tr::from("n", numbers(5)) | tr::take("many", 50) | tr::collect("out", out))
            .clean());
    CHECK(out == numbers(5));
  }

  TEST_CASE("scan passes on every intermediate state") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", numbers(5)) | tr::scan("sum", 100, [](int sum, int x) {
                      return sum + x;
                    }) | tr::collect("out", out));

    CHECK(out == std::vector{100, 101, 103, 106, 110});
  }

  TEST_CASE("reduce passes on one item at the end, which accounts for all") {
    virtual_system sys;
    std::vector<long> out;

    const auto end
        = run_to_end(sys, tr::from("n", numbers(1000)) | tr::reduce("sum", 0L, [](long s, int x) {
                            return s + x;
                          }) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector{499'500L});
    CHECK(end.stage("sum").delivered == 1000);
    CHECK(end.stage("sum").emitted == 1);
  }

  TEST_CASE("reduce of nothing passes on the initial state") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", std::vector<int>{}) | tr::reduce("sum", 42, [](int s, int x) {
                      return s + x;
                    }) | tr::collect("out", out));

    CHECK(out == std::vector{42});
  }

  TEST_CASE("reduce may change its state in place") {
    virtual_system sys;
    std::vector<std::vector<int>> out;

    run_to_end(sys, tr::from("n", numbers(4))
                        | tr::reduce("all", std::vector<int>{},
                                     [](std::vector<int>& v, int x) { v.insert(v.begin(), x); })
                        | tr::collect("out", out));

    REQUIRE(out.size() == 1);
    CHECK(out[0] == std::vector{3, 2, 1, 0});
  }

  TEST_CASE("a failed reduce emits no partial result") {
    virtual_system sys;
    std::vector<int> out;
    const auto trap = [](int s, int x) {
      if (x == 5)
        throw std::runtime_error{"five"};
      return s + x;
    };

    const auto end = run_to_end(sys, tr::from("n", numbers(10)) | tr::reduce("sum", 0, trap)
                                         | tr::collect("out", out));

    REQUIRE(end.error());
    CHECK(end.error()->message() == "item 5: five");
    CHECK(out.empty());
    CHECK(end.stage("sum").failed == 1);
    CHECK(end.stage("sum").abandoned == 9);
  }

  TEST_CASE("distinct passes on the first of each, by item or by key") {
    virtual_system sys;
    std::vector<int> items;
    std::vector<int> keys;

    const auto end = run_to_end(sys, tr::from("n", std::vector{1, 2, 1, 3, 2, 1})
                                         | tr::distinct("new") | tr::collect("out", items));
    run_to_end(sys, tr::from("n", numbers(100)) | tr::distinct("new", [](int x) { return x % 3; })
                        | tr::collect("out", keys));

    CHECK(items == std::vector{1, 2, 3});
    CHECK(end.stage("new").filtered == 3);
    CHECK(keys == std::vector{0, 1, 2});
  }

  TEST_CASE("distinct forgets the oldest key beyond its bound") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", std::vector{1, 2, 3, 1, 3}) | tr::distinct("new", {.remember = 2})
                        | tr::collect("out", out));

    CHECK(out == std::vector{1, 2, 3, 1}); // the 1 is new again, the last 3 is not
  }

  TEST_CASE("fused runs several functions in one actor, with filters and failures in between") {
    virtual_system sys;
    std::vector<std::string> out;
    const auto odd = [](int x) { return x % 2 ? std::optional{x} : std::nullopt; };
    const auto not_five = [](int x) -> tr::result<int> {
      if (x == 5)
        return tr::fail(tr::errc::stage_failed, "five");
      return x * 10;
    };
    const auto print = [](int x) { return std::to_string(x); };

    const auto end = run_to_end(sys, tr::from("n", numbers(10))
                                         | tr::stage("all", tr::fused(odd, not_five, print),
                                                     {.on_error = tr::on_error::skip})
                                         | tr::collect("out", out));

    CHECK(out == std::vector<std::string>{"10", "30", "70", "90"});
    CHECK(end.stage("all").filtered == 5);
    CHECK(end.stage("all").failed == 1);
  }
}

TEST_SUITE("batch") {
  TEST_CASE("regression: a batch that is due while nothing behind it may go on waits quietly") {
    // Its timer, in the past by then, was set again and again, and time stood still.
    virtual_system sys;
    std::size_t items = 0;
    auto r = tr::start(
        sys, tr::ticks("t", 1ms)
                 | tr::batch("b", {.within = 10ms, .key = [](std::uint64_t n) { return n % 5; }})
                 | tr::sink("end", [&](const auto& v) { items += v.size(); }, {.buffer = 1}));
    r.wait_for(100ms);
    r.pause("end");
    CHECK(!r.wait_for(1s));
    r.resume("end");
    const auto end = accounted(r.drain());
    CHECK(end.clean());
    CHECK(items == end.stage("t").emitted);
  }

  TEST_CASE("gathers `size` items; the rest leaves as a smaller batch") {
    virtual_system sys;
    std::vector<std::vector<int>> out;

    const auto end = run_to_end(sys, tr::from("n", numbers(10)) | tr::batch("three", {.size = 3})
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector<std::vector<int>>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9}});
    CHECK(end.stage("three").delivered == 10);
    CHECK(end.stage("three").emitted == 4);
  }

  TEST_CASE("lets go at the latest `within` a time after the first item") {
    virtual_system sys;
    std::vector<std::size_t> sizes;
    const auto f = tr::ticks("t", 100ms) | tr::batch("second", {.size = 1000, .within = 450ms})
                   | tr::sink("out", [&](const auto& b) { sizes.push_back(b.size()); });

    auto r = tr::start(sys, f);
    r.wait_for(540ms); // ticks at 100, 200, …, 500; the batch began at 100
    CHECK(sizes.empty());
    r.wait_for(10ms);
    CHECK(sizes == std::vector<std::size_t>{5});
    r.wait_for(500ms); // the next began at 600 and is due at 1050
    CHECK(sizes == std::vector<std::size_t>{5, 5});
    CHECK(accounted(r.drain()).clean());
  }

  TEST_CASE("never mixes keys, and keeps order within a key") {
    virtual_system sys;
    std::vector<word> words;
    for (int i = 0; i < 100; ++i)
      words.push_back({i % 7, std::to_string(i)});
    std::vector<int> last(7, -1);
    std::size_t items = 0;

    const auto end
        = run_to_end(sys, tr::from("words", words) | tr::batch("by key", {.size = 4, .key = key_of})
                              | tr::sink("out", [&](const std::vector<word>& group) {
                                  for (const auto& w : group) {
                                    CHECK(w.key == group.front().key);
                                    CHECK(std::stoi(w.text) > last[std::size_t(w.key)]);
                                    last[std::size_t(w.key)] = std::stoi(w.text);
                                    ++items;
                                  }
                                }));

    CHECK(end.clean());
    CHECK(items == 100);
  }

  TEST_CASE("holds no more than `hold` items over all keys: the oldest group leaves early") {
    virtual_system sys;
    std::vector<std::vector<int>> out;

    run_to_end(sys, tr::from("n", numbers(6))
                        | tr::batch("keyed", {.size = 3, .key = [](int x) { return x; }, .hold = 4})
                        | tr::collect("out", out));

    CHECK(out == std::vector<std::vector<int>>{{0}, {1}, {2}, {3}, {4}, {5}});
  }

  TEST_CASE("a key for another item type is refused") {
    CHECK(refusal([] { tr::from("n", numbers(1)) | tr::batch("b", {.size = 2, .key = key_of}); })
          == "batch \"b\": key = a function of another type, needs a function that takes the item "
             "type "
             "of the flow");
  }

  TEST_CASE("what a stopped batch holds is abandoned and counted") {
    virtual_system sys;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::batch("b", {.size = 100}) | tr::ignore("end"));

    r.wait_for(5500ms);
    const auto end = accounted(r.stop());

    CHECK(end.stage("b").received == 5);
    CHECK(end.stage("b").abandoned == 5);
    CHECK(!end.clean());
    CHECK(!end.error());
  }

  TEST_CASE("what a drained batch holds is delivered") {
    virtual_system sys;
    std::vector<std::vector<std::uint64_t>> out;
    auto r = tr::start(sys, tr::ticks("t", 1s) | tr::batch("b", {.size = 100})
                                | tr::collect("out", out));

    r.wait_for(5500ms);

    CHECK(accounted(r.drain()).clean());
    CHECK(out == std::vector<std::vector<std::uint64_t>>{{0, 1, 2, 3, 4}});
  }
}
