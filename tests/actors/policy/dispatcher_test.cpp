#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <vector>

#include <troupe/policy/dispatcher.hpp>

namespace tr = troupe;
using rule = tr::dispatcher::rule;

namespace {

tr::dispatcher with(rule r, std::size_t workers, std::vector<std::size_t> weights = {}) {
  tr::dispatcher d{r, std::move(weights)};
  for (std::size_t i = 0; i < workers; ++i)
    d.add();
  return d;
}

// What each worker is given when it answers at once.
std::vector<std::size_t> shares(tr::dispatcher d, std::size_t rounds, std::size_t items = 1) {
  std::vector<std::size_t> given(d.size());
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto worker = d.pick(1).value();
    d.sent(worker, items);
    d.returned(worker, items);
    given[worker] += items;
  }
  return given;
}

// A closed system in simulated time: each worker works on one batch of one item and has at most one
// more waiting. The answer: how many items each has done when all are done, and when that is.
struct outcome {
  std::vector<std::size_t> done;
  long long makespan = 0;
};
outcome simulate(tr::dispatcher d, std::vector<long long> cost, std::size_t items) {
  const auto n = cost.size();
  outcome result{std::vector<std::size_t>(n), 0};
  std::vector<std::size_t> queued(n);
  std::vector<long long> free_at(n, -1); // -1: idle
  long long now = 0;
  for (std::size_t left = items; left > 0 || !d.settled();) {
    while (left > 0) {
      const auto w = d.pick(1);
      if (!w)
        break;
      d.sent(*w, 1);
      ++queued[*w];
      free_at[*w] = now + cost[*w];
      --left;
    }
    std::size_t next = n;
    for (std::size_t i = 0; i < n; ++i)
      if (queued[i] > 0 && (next == n || free_at[i] < free_at[next]))
        next = i;
    now = free_at[next];
    --queued[next];
    ++result.done[next];
    d.returned(next, 1);
  }
  result.makespan = now;
  return result;
}

} // namespace

TEST_SUITE("dispatcher") {
  TEST_CASE("round_robin: everyone in turn, and nobody is passed over") {
    auto d = with(rule::round_robin, 3);
    std::vector<std::size_t> turn;
    for (int i = 0; i < 6; ++i) {
      turn.push_back(d.pick(9).value());
      d.sent(turn.back(), 1);
    }
    CHECK(turn == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});

    d.returned(1, 1);
    CHECK_FALSE(d.pick(2)); // the turn is 0's, and it has two
    d.returned(0, 1);
    CHECK(d.pick(2) == 0u);
  }

  TEST_CASE("round_robin: shares are of items, however large the batches") {
    auto d = with(rule::round_robin, 2);
    d.sent(d.pick(9).value(), 100);

    for (int i = 0; i < 100; ++i) {
      CHECK(d.pick(200) == 1u);
      d.sent(1, 1);
    }
    CHECK(d.pick(200) == 0u);
  }

  TEST_CASE("weighted: shares are as the weights") {
    CHECK(shares(with(rule::weighted, 3, {6, 3, 1}), 1000)
          == std::vector<std::size_t>{600, 300, 100});
    CHECK(shares(with(rule::weighted, 2, {1, 1}), 10, 7) == std::vector<std::size_t>{35, 35});
  }

  TEST_CASE("least_loaded: the worker with the fewest items") {
    auto d = with(rule::least_loaded, 3);
    d.sent(0, 5);
    d.sent(1, 2);
    d.sent(2, 3);

    CHECK(d.pick(9) == 1u);
    d.returned(0, 5);
    CHECK(d.pick(9) == 0u);
  }

  TEST_CASE("least_loaded: ties go to the worker that has been idle for longest") {
    auto d = with(rule::least_loaded, 3);
    for (const std::size_t w : {0, 1, 2})
      d.sent(w, 1);
    for (const std::size_t w : {2, 0, 1})
      d.returned(w, 1);

    CHECK(d.pick(1) == 2u);
  }

  TEST_CASE("on_demand: whoever has been asking for longest, whatever the others have") {
    auto d = with(rule::on_demand, 3);
    for (const std::size_t w : {0, 1, 2})
      d.sent(w, w == 1 ? 1 : 100);
    d.returned(1, 1);
    d.returned(2, 100);
    d.returned(0, 100);

    CHECK(d.pick(1) == 1u);
    d.sent(1, 50);
    CHECK(d.pick(1) == 2u);
    d.sent(2, 1);
    CHECK(d.pick(1) == 0u);
  }

  TEST_CASE("power_of_two: never the most loaded of many, and all get some") {
    auto d = with(rule::power_of_two, 4);
    d.sent(2, 1000);
    std::array<int, 4> given{};
    for (int i = 0; i < 1000; ++i)
      ++given[d.pick(9).value()];

    // Only a pair of itself draws the loaded one: 1 in 16.
    CHECK(given[2] > 20);
    CHECK(given[2] < 120);
    for (const std::size_t w : {0, 1, 3})
      CHECK(given[w] > 200);
  }

  TEST_CASE("nobody is given more batches than allowed") {
    for (const auto r : {rule::round_robin, rule::weighted, rule::least_loaded, rule::power_of_two,
                         rule::on_demand}) {
      auto d = with(r, 2);
      d.sent(0, 1);
      d.sent(1, 1);
      CHECK_FALSE(d.pick(1));
      CHECK(d.pick(2).has_value());
      CHECK(d.busy() == 2);
    }
  }

  TEST_CASE("a parked worker gets nothing until it is needed, and is owed nothing") {
    for (const auto r : {rule::round_robin, rule::weighted, rule::least_loaded, rule::power_of_two,
                         rule::on_demand}) {
      auto d = with(r, 4);
      d.resize(2);
      CHECK(d.active() == 2);
      for (int i = 0; i < 100; ++i) {
        const auto w = d.pick(1000).value();
        CHECK(w < 2);
        d.sent(w, 1);
      }
      d.resize(4);
      CHECK(d.active() == 4);
    }
    auto d = with(rule::round_robin, 2);
    d.resize(1);
    for (int i = 0; i < 10; ++i)
      d.sent(d.pick(99).value(), 1);
    d.resize(2);
    CHECK(d.pick(99) == 0u); // not ten turns of 1 in a row
    d.sent(0, 1);
    CHECK(d.pick(99) == 1u);
  }

  TEST_CASE("a worker that is gone gets nothing, and what it had is no longer counted") {
    for (const auto r : {rule::round_robin, rule::weighted, rule::least_loaded, rule::power_of_two,
                         rule::on_demand}) {
      auto d = with(r, 3);
      d.sent(1, 4);
      d.remove(1);
      CHECK(d.settled());
      CHECK(d.active() == 2);
      for (int i = 0; i < 50; ++i) {
        const auto w = d.pick(1000).value();
        CHECK(w != 1);
        d.sent(w, 1);
      }
      d.resize(3);
      CHECK(d.active() == 2);
    }
  }

  TEST_CASE("one of four is ten times slower: least_loaded and on_demand come within 10 % of the "
            "ideal, and it gets its share only") {
    for (const auto r : {rule::least_loaded, rule::on_demand}) {
      const auto got = simulate(with(r, 4), {10, 10, 10, 100}, 3100);
      // 3 x 1/10 + 1/100 items per unit of time: 3,100 items take 10,000.
      CHECK(got.makespan <= 11'000);
      CHECK(got.makespan >= 10'000);
      CHECK(got.done[3] <= 110);
      CHECK(got.done[3] >= 90);
    }
    // Equal shares make everyone wait for it: 775 items of 100.
    CHECK(simulate(with(rule::round_robin, 4), {10, 10, 10, 100}, 3100).makespan >= 77'000);
  }
}
