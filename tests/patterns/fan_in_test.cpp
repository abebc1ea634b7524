#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/merge.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Item n of an input, as one number.
int item(int input, int n) { return input * 1'000'000 + n; }
int input_of(int x) { return x / 1'000'000; }

std::vector<int> items(int input, int count) {
  std::vector<int> v;
  for (int n = 0; n < count; ++n)
    v.push_back(item(input, n));
  return v;
}

tr::flow<int> input(int number, int count) {
  return tr::from("in" + std::to_string(number), items(number, count), {.buffer = 32'768});
}

/// Runs the merge with all items waiting at its inputs. The first item has left before that.
std::vector<int> merged_when_full(const tr::flow<int>& merged) {
  virtual_system sys;
  std::vector<int> out;
  const auto flow = merged | tr::sink("end", [&](int x) { out.push_back(x); }, {.buffer = 1});
  auto r = tr::start(sys, flow);
  r.pause("end");
  CHECK(!r.wait_for(1s));
  CHECK(out.empty());
  r.resume("end");
  CHECK(accounted_graph(r.wait(), flow.topology()).error() == std::nullopt);
  CHECK(sys.actors() == 0);
  return out;
}

tr::fan_in_options by(const tr::merge& m) { return {.merge = m, .buffer = 32'768}; }

const std::vector<tr::merge> eager{tr::merge::first_available, tr::merge::round_robin,
                                   tr::merge::priority, tr::merge::weighted({2, 1}),
                                   tr::merge::latest};

struct card {
  int rank = 0;
  int suit = 0;
  bool operator==(const card&) const = default;
};

} // namespace

TEST_SUITE("fan_in") {
  TEST_CASE("first_available hands on each item once, and each input in its order") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_graph(sys, tr::fan_in("all", {}, input(0, 500), input(1, 300), input(2, 0))
                                        | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.size() == 800);
    std::stable_sort(out.begin(), out.end(),
                     [](int a, int b) { return input_of(a) < input_of(b); });
    auto expected = items(0, 500);
    for (const int x : items(1, 300))
      expected.push_back(x);
    CHECK(out == expected);
  }

  TEST_CASE("first_available does not wait for an input that is slow") {
    virtual_system sys;
    std::vector<int> out;
    const auto slow
        = input(0, 100)
          | tr::stage("slow", slow_once([](int) { return true; }), {.on_error = after(1s)});

    auto r = tr::start(sys, tr::fan_in("all", {}, slow, input(1, 100)) | tr::collect("out", out));
    CHECK(!r.wait_for(500ms));

    CHECK(out == items(1, 100));
    CHECK(r.wait().clean());
    CHECK(out.size() == 200);
  }

  TEST_CASE("round_robin takes one item of each input in turn") {
    const auto out = merged_when_full(
        tr::fan_in("all", by(tr::merge::round_robin), input(0, 100), input(1, 100), input(2, 100)));

    REQUIRE(out.size() == 300);
    for (std::size_t i = 1; i < out.size(); ++i)
      CHECK(input_of(out[i]) == (input_of(out[i - 1]) + 1) % 3);
  }

  TEST_CASE("round_robin passes over an input that has ended") {
    const auto out = merged_when_full(
        tr::fan_in("all", by(tr::merge::round_robin), input(0, 10), input(1, 100), input(2, 100)));

    REQUIRE(out.size() == 210);
    for (std::size_t i = 40; i < out.size(); ++i)
      CHECK(input_of(out[i]) != input_of(out[i - 1]));
  }

  TEST_CASE("weighted 6:3:1 over 20,000 saturated reads gives these shares") {
    const auto out
        = merged_when_full(tr::fan_in("all", by(tr::merge::weighted({6, 3, 1})), input(0, 20'000),
                                      input(1, 20'000), input(2, 20'000)));

    REQUIRE(out.size() == 60'000);
    std::map<int, int> reads;
    for (std::size_t i = 1; i <= 20'000; ++i)
      ++reads[input_of(out[i])];
    CHECK(reads[0] == doctest::Approx(12'000).epsilon(0.001)); // 10 % are promised
    CHECK(reads[1] == doctest::Approx(6'000).epsilon(0.001));
    CHECK(reads[2] == doctest::Approx(2'000).epsilon(0.001));
  }

  TEST_CASE("priority takes the first input that has an item, always") {
    const auto out = merged_when_full(
        tr::fan_in("all", by(tr::merge::priority), input(0, 100), input(1, 100), input(2, 100)));

    REQUIRE(out.size() == 300);
    CHECK(std::is_sorted(out.begin() + 1, out.end()));
  }

  TEST_CASE("an urgent item overtakes what waits at a later input") {
    virtual_system sys;
    std::vector<int> out;
    auto [urgent, source] = tr::inbox<int>("urgent");
    auto r = tr::start(sys, tr::fan_in("all", {.merge = tr::merge::priority}, source, input(1, 100))
                                | tr::sink("end", [&](int x) { out.push_back(x); }, {.buffer = 1}));
    r.pause("end");
    CHECK(!r.wait_for(1s));

    urgent.offer(item(0, 7));
    CHECK(!r.wait_for(1s));
    r.resume("end");
    urgent.close();
    CHECK(r.wait().clean());

    // One item was on the edge to the sink already.
    REQUIRE(out.size() == 101);
    CHECK(out[1] == item(0, 7));
  }

  TEST_CASE("sorted makes one sorted stream of sorted ones") {
    const auto evens = tr::from("evens", std::vector{0, 2, 4, 6, 8, 100});
    const auto odds = tr::from("odds", std::vector{1, 3, 5});
    const auto rest = tr::from("rest", std::vector{-3, 2, 7, 7, 200});
    const std::vector<int> expected{-3, 0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 100, 200};
    for (const auto& merge :
         {tr::merge::sorted(std::less<>{}), tr::merge::sorted(std::ranges::less{}),
          tr::merge::sorted(std::less<int>{}),
          tr::merge::sorted([](int a, int b) { return a < b; }),
          tr::merge::sorted<int>([](auto a, auto b) { return a < b; })}) {
      virtual_system sys;
      std::vector<int> out;

      const auto end
          = run_graph(sys, tr::fan_in("all", {.merge = merge, .buffer = 1}, evens, odds, rest)
                               | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(out == expected);
    }
  }

  TEST_CASE("sorted with greater merges falling inputs") {
    for (const auto& merge :
         {tr::merge::sorted(std::greater<>{}), tr::merge::sorted(std::ranges::greater{})}) {
      virtual_system sys;
      std::vector<int> out;

      run_graph(sys, tr::fan_in("all", {.merge = merge}, tr::from("a", std::vector{9, 5, 5, 1}),
                                tr::from("b", std::vector{8, 5, 2}))
                         | tr::collect("out", out));

      CHECK(out == std::vector{9, 8, 5, 5, 5, 2, 1});
    }
  }

  TEST_CASE("of equal items sorted takes those of the earlier input first") {
    virtual_system sys;
    std::vector<card> out;
    const auto by_rank = [](const card& a, const card& b) { return a.rank < b.rank; };
    const auto suit = [](int s) {
      return tr::from("suit " + std::to_string(s),
                      std::vector<card>{{1, s}, {1, s}, {2, s}, {3, s}});
    };

    run_graph(sys,
              tr::fan_in("all", {.merge = tr::merge::sorted(by_rank)}, suit(0), suit(1), suit(2))
                  | tr::collect("out", out));

    const std::vector<card> expected{{1, 0}, {1, 0}, {1, 1}, {1, 1}, {1, 2}, {1, 2},
                                     {2, 0}, {2, 1}, {2, 2}, {3, 0}, {3, 1}, {3, 2}};
    CHECK(out == expected);
  }

  TEST_CASE("sorted waits for an input that is still silent, since it may have something smaller") {
    virtual_system sys;
    std::vector<int> out;
    auto [in, quiet] = tr::inbox<int>("quiet");
    auto r = tr::start(sys, tr::fan_in("all", {.merge = tr::merge::sorted(std::less<>{})}, quiet,
                                       tr::from("n", std::vector{10, 20, 30}))
                                | tr::collect("out", out));

    CHECK(!r.wait_for(1s));
    CHECK(out.empty());
    in.offer(15);
    CHECK(!r.wait_for(1s));
    CHECK(out == std::vector{10, 15});
    in.close();
    CHECK(r.wait().clean());
    CHECK(out == std::vector{10, 15, 20, 30});
  }

  TEST_CASE("latest hands on the newest item of each input and counts the ones it overtook") {
    virtual_system sys;
    std::vector<int> out;
    const auto flow = tr::fan_in("all", by(tr::merge::latest), input(0, 100), input(1, 100))
                      | tr::sink("end", [&](int x) { out.push_back(x); }, {.buffer = 1});
    auto r = tr::start(sys, flow);
    r.pause("end");
    CHECK(!r.wait_for(1s));
    r.resume("end");
    const auto end = accounted_graph(r.wait(), flow.topology());

    // One item was on the edge to the sink; of what waited, the newest of each input is left.
    REQUIRE(out.size() == 3);
    CHECK(sorted({out[1], out[2]}) == std::vector{item(0, 99), item(1, 99)});
    CHECK(end.stage("all").dropped == 200 - 3);
    CHECK(!end.error());
    CHECK(!end.clean()); // something was lost by policy
  }

  TEST_CASE("zip pairs the n-th items and filters what has no partner") {
    virtual_system sys;
    std::vector<std::pair<int, std::string>> out;
    const std::vector<std::string> names{"zero", "one", "two"};

    const auto end = run_graph(sys, tr::zip("pairs", input(0, 5000), tr::from("names", names))
                                        | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector<std::pair<int, std::string>>{{0, "zero"}, {1, "one"}, {2, "two"}});
    CHECK(end.stage("pairs").delivered == 6);
    CHECK(end.stage("pairs").filtered == end.stage("pairs").received - 6);
  }

  TEST_CASE("zip ends with the shorter flow, also when the other is endless or silent") {
    virtual_system sys;
    std::vector<std::pair<int, int>> out;
    auto [in, quiet] = tr::inbox<int>("quiet");

    CHECK(run_graph(sys, tr::zip("pairs", tr::produce<int>("n", endless()), input(1, 2))
                             | tr::collect("out", out))
              .clean());
    CHECK(out == std::vector<std::pair<int, int>>{{0, item(1, 0)}, {1, item(1, 1)}});

    out.clear();
    CHECK(run_graph(sys, tr::zip("pairs", quiet, input(1, 0)) | tr::collect("out", out)).clean());
    CHECK(out.empty());
    CHECK(in.offer(1) == tr::offer_result::closed);
  }

  TEST_CASE("an empty input never starves the rest, and the output ends when all have") {
    for (const auto& merge : eager) {
      for (const bool first : {true, false}) {
        CAPTURE(std::string{merge.name()});
        CAPTURE(first);
        virtual_system sys;
        std::vector<int> out;
        auto [in, quiet] = tr::inbox<int>("quiet");
        const auto busy = input(1, 1000);
        const auto flow
            = tr::fan_in("all", {.merge = merge}, first ? quiet : busy, first ? busy : quiet)
              | tr::collect("out", out);

        auto r = tr::start(sys, flow);
        CHECK(!r.wait_for(1h));

        const auto& seen = r.metrics("all").counters;
        CHECK(seen.received == 1000);
        CHECK(seen.in_flight == 0);
        CHECK(out.size() == 1000 - seen.dropped);
        in.close();
        CHECK(!accounted_graph(r.wait(), flow.topology()).error());
      }
    }
  }

  TEST_CASE("fan-in: stops, never spins, and one ended input ends nothing") {
    for (const auto& merge : eager) {
      CAPTURE(std::string{merge.name()});
      virtual_system sys;
      std::vector<int> out;
      auto [in, source] = tr::inbox<int>("in");
      const auto flow
          = tr::fan_in("all", {.merge = merge}, input(0, 3), source) | tr::collect("out", out);

      auto r = tr::start(sys, flow);
      tr::detail::virtual_time::run_jobs(sys);

      // One input has ended. Nobody has anything to do, not even later: a spinning merger would.
      CHECK(!tr::detail::virtual_time::run_jobs(sys));
      CHECK(!tr::detail::virtual_time::next_timeout(sys));
      for (int i = 0; i < 10; ++i) {
        in.offer(item(1, i));
        CHECK(!r.wait_for(1ms));
        CHECK(out.back() == item(1, i));
      }
      CHECK(!r.done());
      const auto end = accounted_graph(r.stop(), flow.topology());
      CHECK(!end.error());
      CHECK(sys.actors() == 0);
      CHECK(in.offer(1) == tr::offer_result::closed);
    }
  }

  TEST_CASE("a sink that does not take keeps all inputs within their edges") {
    for (const auto& merge :
         {tr::merge::first_available, tr::merge::round_robin, tr::merge::sorted(std::less<>{})}) {
      CAPTURE(std::string{merge.name()});
      virtual_system sys;
      const auto flow
          = tr::fan_in("all", {.merge = merge, .buffer = 16}, tr::produce<int>("a", endless()),
                       tr::produce<int>("b", endless()))
            | tr::sink("end", [](int) {}, {.buffer = 8});
      auto r = tr::start(sys, flow);
      r.pause("end");
      CHECK(!r.wait_for(1s));

      const auto held = r.metrics("a").counters.emitted + r.metrics("b").counters.emitted;
      CHECK(held <= flow.topology().item_bound());
      CHECK(flow.topology().item_bound() <= 16 + 16 + 8);
      r.resume("end");
      accounted_graph(r.stop(), flow.topology());
    }
  }

  TEST_CASE("take behind it ends all inputs") {
    for (const auto& merge : eager) {
      virtual_system sys;
      std::vector<int> out;

      const auto end
          = run_graph(sys, tr::fan_in("all", {.merge = merge}, tr::produce<int>("a", endless()),
                                      tr::produce<int>("b", endless()))
                               | tr::take("some", 100) | tr::collect("out", out));

      CHECK(!end.error());
      CHECK(out.size() == 100);
    }
  }

  TEST_CASE("a flow that is given twice runs twice, under names of its own") {
    virtual_system sys;
    std::vector<int> out;
    int made = 0;
    const auto once = tr::produce<int>("n",
                                       [&made, n = 0]() mutable {
                                         ++made;
                                         return n < 10 ? std::optional{n++} : std::nullopt;
                                       })
                      | tr::map("double", [](int x) { return 2 * x; });
    const auto flow
        = tr::fan_in("all", {.merge = tr::merge::sorted(std::less<>{})}, once, once, once)
          | tr::collect("out", out);

    const auto end = run_graph(sys, flow);

    CHECK(end.clean());
    CHECK(made == 33);
    CHECK(end.stage("n").emitted == 10);
    CHECK(end.stage("n#2").emitted == 10);
    CHECK(end.stage("double#3").delivered == 10);
    CHECK(out.size() == 30);
    CHECK(std::is_sorted(out.begin(), out.end()));
  }

  TEST_CASE("as many flows as there are at run time become one") {
    virtual_system sys;
    std::vector<tr::flow<int>> flows;
    for (int i = 0; i < 5; ++i)
      flows.push_back(tr::from("n" + std::to_string(i), std::vector{i, i + 10, i + 20}));
    std::vector<int> out;
    const auto all = tr::fan_in("all", {.merge = tr::merge::sorted(std::less<>{})}, flows);

    CHECK(tr::start(sys, all | tr::collect("out", out)).wait().clean());

    CHECK(out == std::vector{0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24});
    CHECK(refusal([] { (void)tr::fan_in("all", {}, std::vector<tr::flow<int>>{}); })
          == "fan_in \"all\": flows = none, needs at least 1");
  }

  TEST_CASE("merges of merges, and of lanes, account for every edge") {
    virtual_system sys;
    std::vector<int> out;
    const auto same = [](int x) { return x; };
    const auto left = tr::fan_in("left", {}, input(0, 100), input(1, 100));
    const auto right = input(2, 300) | tr::fan_out("work", same, {.workers = 3})
                       | tr::fan_in("right", {.merge = tr::merge::weighted({3, 2, 1})});

    const auto end
        = run_graph(sys, tr::fan_in("all", {.merge = tr::merge::round_robin}, left, right)
                             | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.size() == 500);
    CHECK(end.stage("left").received == 200);
    CHECK(end.stage("right").received == 300);
    CHECK(end.stage("all").received == 500);
  }

  TEST_CASE("whichever actor is ended from outside, the run fails and names a stage") {
    for (const auto& merge : {tr::merge::first_available, tr::merge::round_robin}) {
      const auto flow
          = tr::fan_in("all", {.merge = merge}, tr::produce<int>("a", endless()), input(1, 10))
            | tr::ignore("end");
      const std::vector<std::string> stages{"a", "in1", "all", "end"};
      for (std::size_t victim = 0; victim < stages.size(); ++victim) {
        CAPTURE(victim);
        virtual_system sys;
        auto r = tr::start(sys, flow);
        run_steps(sys, 20);
        tr::detail::anon_kill(tr::detail::actors_of(r)[victim]);
        const auto end = accounted_graph(r.wait(), flow.topology());

        REQUIRE(end.error());
        CHECK(end.error()->code() == tr::errc::worker_died);
        CHECK(std::count(stages.begin(), stages.end(), end.error()->stage()) == 1);
        CHECK(sys.actors() == 0);
      }
    }
  }

  TEST_CASE("a comparison that throws fails the run and names the fan_in") {
    virtual_system sys;
    const auto moody = [](int a, int b) {
      if (a == item(0, 50))
        throw std::runtime_error{"incomparable"};
      return a < b;
    };
    const auto flow
        = tr::fan_in("all", {.merge = tr::merge::sorted(moody)}, input(0, 100), input(1, 100))
          | tr::ignore("end");

    const auto end = run_graph(sys, flow);

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "all");
    CHECK(end.error()->message() == "incomparable");
  }
}
