#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "../patterns/call_fixture.hpp"

using namespace support;
using tr::detail::virtual_time::run_for;

// A backend that is down for 30 s, under 1,000 calls a second for a minute, in virtual time.

namespace {

constexpr tr::duration down_from = 15s;
constexpr tr::duration down_to = 45s;
constexpr tr::duration load_ends = 60s;
constexpr tr::duration cooldown = 2s;

const tr::retry tries{.attempts = 4, .backoff = {10ms, 200ms}};
const tr::circuit_breaker guard{
    .window = tr::last_calls(100), .minimum_calls = 20, .trials = 5, .cooldown = cooldown};

struct storm {
  explicit storm(virtual_system& s) : sys(s), t0(tr::detail::now(*s)) {
    b.answers = [this](int request, std::size_t) -> tr::result<int> {
      const auto at = tr::detail::now(*sys) - t0;
      return at >= down_from && at < down_to ? failed() : tr::result<int>{request * 2};
    };
  }

  template <class Service>
  void blow(const Service& svc) {
    for (tr::duration at{}; at < load_ends; at += 1ms) {
      calls.push_back(tr::detail::now(*sys));
      svc.ask(1, [this](const tr::result<int>& r) { note(r); });
      run_for(sys, 1ms);
    }
    run_for(sys, 5s); // the last delays
  }

  void note(const tr::result<int>& r) {
    ++answered;
    if (r)
      good.push_back(tr::detail::now(*sys));
  }

  /// The largest number of attempts beyond 120 % of the calls in a rolling ten seconds. Those
  /// windows in which there are fewer than 15 calls have the floor of three.
  double worst_excess() const {
    double worst = -1e9;
    for (std::size_t last = 0; last < b.asked.size(); ++last) {
      const auto from = b.asked[last] - 10s;
      const auto attempts = count_after(b.asked, from, b.asked[last]);
      const auto begun = count_after(calls, from, b.asked[last]);
      const double allowed = begun < 15 ? double(begun) + 3 : 1.2 * double(begun);
      worst = std::max(worst, double(attempts) - allowed);
    }
    return worst;
  }

  static std::size_t count_after(const std::vector<tr::time_point>& in, tr::time_point from,
                                 tr::time_point to) {
    return static_cast<std::size_t>(std::upper_bound(in.begin(), in.end(), to)
                                    - std::upper_bound(in.begin(), in.end(), from));
  }

  tr::duration first_good_after(tr::duration d) const {
    const auto found = std::lower_bound(good.begin(), good.end(), t0 + d);
    REQUIRE(found != good.end());
    return *found - t0 - d;
  }
  std::size_t good_within(tr::duration from, tr::duration to) const {
    return count_after(good, t0 + from - 1ns, t0 + to - 1ns);
  }
  std::size_t asked_within(tr::duration from, tr::duration to) const {
    return count_after(b.asked, t0 + from - 1ns, t0 + to - 1ns);
  }

  virtual_system& sys;
  tr::time_point t0;
  backend b;
  std::vector<tr::time_point> calls;
  std::vector<tr::time_point> good;
  std::size_t answered = 0;
};

/// Whatever happened, each call was counted as exactly one thing.
template <class Service>
void accounts_for(const Service& svc, const storm& s) {
  const auto c = svc.metrics().counters;
  CHECK(c.balanced());
  CHECK(c.in_flight == 0);
  CHECK(c.received == s.calls.size());
  CHECK(c.delivered == s.good.size());
  CHECK(c.delivered + c.failed + c.shed == s.answered);
  CHECK(s.answered == s.calls.size());
}

} // namespace

TEST_SUITE("call: retry storm") {
  TEST_CASE("attempts stay within 120 % of calls, and recovery takes one cooldown") {
    virtual_system sys;
    storm s{sys};
    const auto check = [&](const auto& svc) {
      s.blow(svc);

      CHECK(s.worst_excess() <= 0);
      accounts_for(svc, s);
      // At least as many fail as it takes to open; then it opens once for each cooldown, on five
      // trials or on what was under way.
      CHECK(s.asked_within(down_from, down_from + 1s) >= 20);
      CHECK(s.asked_within(down_from + 1s, down_to) <= 15 * 5 * 2);
      CHECK(s.first_good_after(down_to) <= cooldown + 200ms);
      // From then on as if nothing had happened.
      CHECK(s.good_within(down_to + cooldown + 500ms, load_ends)
            == s.asked_within(down_to + cooldown + 500ms, load_ends));
      CHECK(s.good_within(down_to + cooldown + 500ms, load_ends) == 12'500);
      CHECK(svc.breaker().state() == tr::breaker_state::closed);
    };

    SUBCASE("retry, circuit_breaker") {
      check(tr::serve(sys, tr::call("x", s.b.function(sys), tries, guard)));
    }
    SUBCASE("retry, circuit_breaker, timeout") {
      check(tr::serve(sys, tr::call("x", s.b.function(sys), tries, guard, tr::timeout{200ms})));
    }
  }

  TEST_CASE("without a breaker the budget alone holds the storm") {
    virtual_system sys;
    storm s{sys};
    auto svc = tr::serve(sys, tr::call("x", s.b.function(sys), tries));
    s.blow(svc);

    CHECK(s.worst_excess() <= 0);
    // It is used up, nearly: 20 % of 30,000 calls, less the strictness of its grains.
    CHECK(s.asked_within(down_from, down_to) >= 30'000 * 1.19);
    accounts_for(svc, s);
    CHECK(s.good_within(down_to + 500ms, load_ends) == 14'500);
  }

  TEST_CASE("with few calls the floor of three in flight counts, and no more") {
    virtual_system sys;
    backend b;
    b.answers = [](int, std::size_t) { return failed(); };
    auto svc = tr::serve(
        sys, tr::call("x", b.function(sys),
                      tr::retry{.attempts = 10, .backoff = {1s, 1s}, .jitter = tr::jitter::none}));
    for (int i = 0; i < 10; ++i)
      svc.ask(i, [](const tr::result<int>&) {});
    run_for(sys, 1ms);
    CHECK(b.calls() == 10);
    run_for(sys, 1s);
    CHECK(b.calls() == 13); // three waited, and the others were answered
    CHECK(svc.metrics().counters.failed == 7);
  }
}
