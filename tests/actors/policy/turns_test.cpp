#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <troupe/policy/key_table.hpp>
#include <troupe/policy/merge_order.hpp>
#include <troupe/policy/turns.hpp>

namespace tr = troupe;

namespace {

constexpr auto everyone = [](std::size_t) { return true; };

template <class Order, class May>
std::vector<std::size_t> drawn(Order& order, std::size_t n, May may) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back(order.pick(may).value());
  return result;
}

} // namespace

TEST_SUITE("turns") {
  TEST_CASE("equal weights take turns") {
    tr::turns t{{2, 2, 2}};
    CHECK(drawn(t, 7, everyone) == std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0});
  }

  TEST_CASE("a heavy party's turns are spread, not given at once") {
    // 5 : 1 : 1, the example of nginx.
    tr::turns t{{5, 1, 1}};
    CHECK(drawn(t, 7, everyone) == std::vector<std::size_t>{0, 0, 1, 0, 2, 0, 0});
  }

  TEST_CASE("who sits out does not hold up the rest, and gets no turns afterwards") {
    tr::turns t{{1, 1, 1}};
    const auto without_1 = [](std::size_t i) { return i != 1; };
    CHECK(drawn(t, 4, without_1) == std::vector<std::size_t>{0, 2, 0, 2});
    CHECK(drawn(t, 3, everyone) == std::vector<std::size_t>{0, 1, 2});

    tr::turns w{{3, 1}};
    for (int i = 0; i < 100; ++i)
      CHECK(w.pick([](std::size_t p) { return p == 0; }) == 0u);
    std::vector<std::size_t> counts(2);
    for (const auto p : drawn(w, 40, everyone))
      ++counts[p];
    CHECK(counts == std::vector<std::size_t>{30, 10});
  }

  TEST_CASE("nobody may: nobody does") {
    tr::turns t{{3, 1}};
    CHECK_FALSE(t.pick([](std::size_t) { return false; }));
    CHECK_FALSE(tr::turns{}.pick(everyone));
  }
}

TEST_SUITE("merge_order") {
  using rule = tr::merge_order::rule;

  TEST_CASE("round_robin: each input in turn, an empty one is passed over") {
    tr::merge_order order{rule::round_robin, 3};
    CHECK(drawn(order, 4, everyone) == std::vector<std::size_t>{0, 1, 2, 0});
    CHECK(drawn(order, 4, [](std::size_t i) { return i == 2; })
          == std::vector<std::size_t>{2, 2, 2, 2});
  }

  TEST_CASE("weighted: 6 : 3 : 1 over 20,000 saturated reads") {
    tr::merge_order order{rule::weighted, 3, {6, 3, 1}};
    std::vector<std::size_t> counts(3);
    for (const auto input : drawn(order, 20'000, everyone))
      ++counts[input];
    CHECK(counts == std::vector<std::size_t>{12'000, 6'000, 2'000});
  }

  TEST_CASE("priority: the first that has something, however long the others wait") {
    tr::merge_order order{rule::priority, 3};
    CHECK(drawn(order, 3, everyone) == std::vector<std::size_t>{0, 0, 0});
    CHECK(order.pick([](std::size_t i) { return i > 0; }) == 1u);
    CHECK(order.pick(everyone) == 0u);
    CHECK_FALSE(order.pick([](std::size_t) { return false; }));
  }

  TEST_CASE("an input that joins later has weight 1") {
    tr::merge_order order{rule::weighted, 1, {3}};
    order.add();
    std::vector<std::size_t> counts(2);
    for (const auto input : drawn(order, 8, everyone))
      ++counts[input];
    CHECK(counts == std::vector<std::size_t>{6, 2});
  }
}

TEST_SUITE("key_table") {
  TEST_CASE("the same key always has the same worker, and all workers have keys") {
    const tr::key_table keys{8};
    std::vector<std::size_t> counts(8);
    for (std::size_t key = 0; key < 80'000; ++key) {
      CHECK(keys.worker_of(key) == keys.worker_of(key));
      ++counts[keys.worker_of(key)];
    }
    for (const auto n : counts) {
      CHECK(n > 9'000);
      CHECK(n < 11'000);
    }
  }

  TEST_CASE("keys with a common factor do not meet in one worker") {
    const tr::key_table keys{4};
    std::set<std::size_t> used;
    for (std::size_t key = 0; key < 64; ++key)
      used.insert(keys.worker_of(key * 1024));
    CHECK(used.size() == 4);
  }

  TEST_CASE("when a worker goes, only its keys move") {
    tr::key_table keys{5};
    std::vector<std::size_t> before;
    for (std::size_t key = 0; key < 1000; ++key)
      before.push_back(keys.worker_of(key));
    keys.remove(3);
    for (std::size_t key = 0; key < 1000; ++key) {
      if (before[key] == 3)
        CHECK(keys.worker_of(key) != 3);
      else
        CHECK(keys.worker_of(key) == before[key]);
    }
  }

  TEST_CASE("after a resize the first workers that are left have all keys") {
    tr::key_table keys{4};
    keys.remove(1);
    keys.resize(2);
    CHECK(keys.active() == std::vector<std::size_t>{0, 2});
    std::set<std::size_t> used;
    for (std::size_t key = 0; key < 1000; ++key)
      used.insert(keys.worker_of(key));
    CHECK(used == std::set<std::size_t>{0, 2});
  }
}
