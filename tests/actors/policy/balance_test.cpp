#include <troupe/policy/balance.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace std::chrono_literals;
using troupe::balance;
using troupe::balancer_machine;
using troupe::balancer_options;
using troupe::time_point;
using ticket = balancer_machine::choice;

namespace {

const time_point t0{1h};

struct bench {
  balancer_machine machine;
  std::mt19937_64 rng{1};

  bench(balancer_options o, int n) : machine(std::move(o), n) {}
  ticket pick(time_point now = t0, std::uint64_t key = 0) { return machine.pick(now, rng, key); }
  /// Asks and answers `n` times; who was asked, a is 0.
  std::string ask(int n, time_point now = t0) {
    std::string names;
    for (int i = 0; i < n; ++i) {
      const auto t = pick(now);
      names += static_cast<char>('a' + t.instance);
      machine.succeeded(t);
    }
    return names;
  }
  /// Fails requests until `instance` rests.
  void let_rest(std::size_t instance, time_point now = t0) {
    while (machine.is_eligible(instance, now)) {
      const auto t = pick(now);
      t.instance == instance ? machine.failed(t, now) : machine.succeeded(t);
    }
  }
};

std::string refusal(balancer_options o, int n, std::string_view where = "balancer") {
  try {
    const balancer_machine m{std::move(o), n, where};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST_SUITE("balance") {
  TEST_CASE("round_robin asks each in turn") {
    bench b{{.how = balance::round_robin}, 3};

    CHECK(b.ask(7) == "abcabca");
  }

  TEST_CASE("round_robin goes on in turn past one that rests") {
    bench b{{.how = balance::round_robin, .failures = 1}, 3};
    b.let_rest(1);

    CHECK(b.ask(4) == "caca");
  }

  TEST_CASE("least_loaded asks the one with the fewest in flight, ties the one idle for longest") {
    bench b{{.how = balance::least_loaded}, 3};

    const auto a = b.pick();
    const auto c = b.pick();
    CHECK(a.instance == 0);
    CHECK(c.instance == 1);
    CHECK(b.pick().instance == 2);
    b.machine.succeeded(c);
    CHECK(b.pick().instance == 1);
    b.machine.succeeded(a);
    CHECK(b.pick().instance == 0);
    CHECK(b.machine.in_flight(0) == 1);
    CHECK(b.pick().instance == 2); // one in flight each; 2 was asked longest ago
  }

  TEST_CASE("power_of_two never asks the most loaded of all") {
    bench b{{.how = balance::power_of_two}, 3};
    b.pick();
    std::vector<std::size_t> load{b.machine.in_flight(0), b.machine.in_flight(1),
                                  b.machine.in_flight(2)};

    for (int i = 0; i < 300; ++i) {
      const auto most = *std::max_element(load.begin(), load.end());
      const bool alone = std::count(load.begin(), load.end(), most) == 1;
      const auto t = b.pick();
      CHECK((!alone || load[t.instance] != most));
      ++load[t.instance];
    }
    CHECK(*std::max_element(load.begin(), load.end()) - *std::min_element(load.begin(), load.end())
          <= 2);
  }

  TEST_CASE(
      "power_of_two draws each instance alike when all are idle, and takes one if it is alone") {
    bench b{{.how = balance::power_of_two}, 4};
    const auto names = b.ask(4000);
    for (const char name : {'a', 'b', 'c', 'd'})
      CHECK(std::abs(std::count(names.begin(), names.end(), name) - 1000) < 200);

    bench alone{{.how = balance::power_of_two}, 1};
    CHECK(alone.ask(3) == "aaa");
  }

  TEST_CASE("weighted keeps the ratio, evenly mixed") {
    bench b{{.how = balance::weighted, .weights = {3, 1}}, 2};
    CHECK(b.ask(8) == "aabaaaba");

    bench c{{.how = balance::weighted, .weights = {5, 1, 1}}, 3};
    CHECK(c.ask(7) == "aabacaa"); // the sequence of nginx's documentation

    bench alike{{.how = balance::weighted}, 3};
    CHECK(alike.ask(6) == "abcabc");
  }

  TEST_CASE("sticky sends a key always to the same instance, and keys to all alike") {
    bench b{{.how = balance::sticky}, 4};
    std::map<std::uint64_t, std::size_t> home;
    std::vector<int> keys(4);

    for (std::uint64_t key = 0; key < 4000; ++key) {
      home[key] = b.pick(t0, key).instance;
      ++keys[home[key]];
    }
    for (std::uint64_t key = 0; key < 4000; ++key)
      CHECK(b.pick(t0, key).instance == home[key]);
    for (const auto n : keys)
      CHECK(std::abs(n - 1000) < 200);
  }

  TEST_CASE("sticky moves only the keys of the instance that is lost, and takes them back") {
    bench b{{.how = balance::sticky, .failures = 1, .rest = 10s}, 4};
    std::map<std::uint64_t, std::size_t> home;
    for (std::uint64_t key = 0; key < 1000; ++key)
      home[key] = b.pick(t0, key).instance;

    std::uint64_t lost_key = 0;
    while (home[lost_key] != 2)
      ++lost_key;
    b.machine.failed(b.pick(t0, lost_key), t0);

    for (std::uint64_t key = 0; key < 1000; ++key) {
      const auto now = b.pick(t0, key).instance;
      CHECK(now != 2);
      CHECK((home[key] == 2 || now == home[key]));
    }
    b.machine.succeeded(b.pick(t0 + 10s, lost_key));
    for (std::uint64_t key = 0; key < 1000; ++key)
      CHECK(b.pick(t0 + 10s, key).instance == home[key]);
  }

  TEST_CASE("an instance rests after so many failures in a row, not before") {
    bench b{{.how = balance::round_robin, .failures = 3}, 1};

    for (int i = 0; i < 2; ++i)
      b.machine.failed(b.pick(), t0);
    b.machine.succeeded(b.pick());
    for (int i = 0; i < 2; ++i)
      b.machine.failed(b.pick(), t0);
    CHECK(b.machine.is_eligible(0, t0));
    b.machine.gave_up(b.pick()); // tells nothing
    CHECK(b.machine.is_eligible(0, t0));
    b.machine.failed(b.pick(), t0);
    CHECK_FALSE(b.machine.is_eligible(0, t0));
  }

  TEST_CASE("a rested instance gets one request, and more only once that has succeeded") {
    bench b{{.how = balance::round_robin, .failures = 1, .rest = 10s}, 2};
    b.let_rest(0);

    CHECK(b.ask(3, t0 + 10s - 1ns) == "bbb");
    std::string asked;
    std::optional<ticket> trial;
    for (int i = 0; i < 4; ++i) {
      const auto t = b.pick(t0 + 10s);
      asked += static_cast<char>('a' + t.instance);
      if (t.instance == 0)
        trial = t;
    }
    CHECK(asked == "abbb");

    SUBCASE("a success makes it healthy") {
      b.machine.succeeded(*trial);
      CHECK(b.ask(4, t0 + 10s) == "abab");
    }
    SUBCASE("a failure lets it rest again, from then on") {
      b.machine.failed(*trial, t0 + 12s);
      CHECK(b.ask(2, t0 + 22s - 1ns) == "bb");
      CHECK(b.ask(2, t0 + 22s) == "ab");
    }
    SUBCASE("a request that was given up leaves the trial to the next") {
      b.machine.gave_up(*trial);
      CHECK(b.ask(2, t0 + 10s) == "ab");
    }
    SUBCASE("without an answer, the next trial is a rest later") {
      CHECK(b.ask(2, t0 + 20s - 1ns) == "bb");
      CHECK(b.ask(2, t0 + 20s) == "ab");
      b.machine.failed(*trial, t0 + 21s); // too late: the second trial has decided
      CHECK(b.machine.is_eligible(0, t0 + 21s));
    }
  }

  TEST_CASE("answers to what was sent before the rest change nothing") {
    bench b{{.how = balance::round_robin, .failures = 1, .rest = 10s}, 2};
    const auto before = b.pick();
    b.pick();
    const auto failing = b.pick();
    REQUIRE(before.instance == failing.instance);
    b.machine.failed(failing, t0);

    SUBCASE("a success does not end it") { b.machine.succeeded(before); }
    SUBCASE("a failure does not prolong it") { b.machine.failed(before, t0 + 5s); }

    CHECK_FALSE(b.machine.is_eligible(0, t0 + 10s - 1ns));
    CHECK(b.machine.is_eligible(0, t0 + 10s));
    CHECK(b.machine.in_flight(0) == 0);
  }

  TEST_CASE("when all rest, all are asked, and one that succeeds is healthy again") {
    bench b{{.how = balance::round_robin, .failures = 1, .rest = 10s}, 2};
    b.machine.failed(b.pick(), t0);
    b.machine.failed(b.pick(), t0);

    const auto first = b.pick(t0 + 1s);
    CHECK(first.instance == 0);
    b.machine.failed(first, t0 + 1s);
    const auto second = b.pick(t0 + 1s);
    CHECK(second.instance == 1);
    b.machine.succeeded(second);

    CHECK(b.ask(3, t0 + 1s) == "bbb");
    CHECK(b.ask(2, t0 + 11s) == "ab");
  }

  TEST_CASE("a rest without end does not overflow") {
    bench b{{.how = balance::round_robin, .failures = 1, .rest = troupe::duration::max()}, 2};

    b.let_rest(0, t0);

    CHECK(b.ask(2, time_point::max() - 1ns) == "bb");
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refusal({}, 0) == "balancer: instances = 0, needs 1 to 1000000");
    CHECK(refusal({.failures = 0}, 1) == "balancer: failures = 0, needs 1 to 1000000");
    CHECK(refusal({.rest = 0s}, 1) == "balancer: rest = 0 ms, needs more than 0 ms");
    CHECK(refusal({.weights = {1, 0}}, 2) == "balancer: weights = 0, needs 1 to 1000000");
    CHECK(refusal({.weights = {1, 2, 3}}, 2, "balancer \"api\"")
          == "balancer \"api\": weights = 3 of them, needs one for each of the 2 instances");
  }

  TEST_CASE(
      "property: requests in flight are counted, and no resting one is chosen beside others") {
    CHECK(rc::check([](std::vector<std::uint8_t> steps, std::uint8_t how) {
      bench b{{.how = static_cast<balance>(how % 5), .failures = 2, .rest = 10s}, 3};
      std::vector<ticket> open;
      auto now = t0;
      for (const auto s : steps) {
        now += std::chrono::seconds{s % 7};
        if (s % 2 == 0 || open.empty()) {
          std::vector<bool> fit;
          for (std::size_t i = 0; i < 3; ++i)
            fit.push_back(b.machine.is_eligible(i, now));
          const auto t = b.pick(now, s);
          RC_ASSERT(fit[t.instance] || std::count(fit.begin(), fit.end(), true) == 0);
          open.push_back(t);
        } else {
          s % 3 == 0 ? b.machine.succeeded(open.back()) : b.machine.failed(open.back(), now);
          open.pop_back();
        }
        std::size_t in_flight = 0;
        for (std::size_t i = 0; i < 3; ++i)
          in_flight += b.machine.in_flight(i);
        RC_ASSERT(in_flight == open.size());
      }
    }));
  }
}
