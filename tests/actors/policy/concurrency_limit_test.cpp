#include <troupe/policy/aimd_limit.hpp>
#include <troupe/policy/concurrency_limit.hpp>
#include <troupe/policy/gradient_limit.hpp>
#include <troupe/policy/vegas_limit.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace std::chrono_literals;
using troupe::aimd_limit;
using troupe::duration;
using troupe::gradient_limit;
using troupe::vegas_limit;

namespace {

template <class Limit, class Options>
std::string refusal(const Options& options) {
  try {
    const Limit l{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}
std::string refused_aimd(const troupe::aimd_options& o) { return refusal<aimd_limit>(o); }
std::string refused_vegas(const troupe::vegas_options& o) { return refusal<vegas_limit>(o); }
std::string refused_gradient(const troupe::gradient_options& o) {
  return refusal<gradient_limit>(o);
}

template <class Limit>
std::vector<int> limits(Limit& l, int samples, duration rtt, int in_flight) {
  std::vector<int> all;
  for (int i = 0; i < samples; ++i) {
    l.on_sample(rtt, in_flight, false);
    all.push_back(l.limit());
  }
  return all;
}

/// A dependency with `slots` places that works `service` on each call, and callers that use all
/// that the limit allows: what a call takes is its share of the queue.
template <class Limit>
int settles_at(Limit& l, int slots, duration service, int calls) {
  int most = 0;
  for (int i = 0; i < calls; ++i) {
    const auto in_flight = l.limit();
    l.on_sample(service * std::max(in_flight, slots) / slots, in_flight, false);
    if (i >= calls / 2)
      most = std::max(most, l.limit());
  }
  return most;
}

/// Fast at first, with few calls in flight; then slow for ever, with all that are allowed.
template <class Limit>
int highest_once_slow(Limit& l, duration slow) {
  limits(l, 100, 10ms, 1);
  int highest = 0;
  for (int i = 0; i < 20'000; ++i) {
    l.on_sample(slow, l.limit(), false);
    highest = std::max(highest, l.limit());
  }
  return highest;
}

} // namespace

TEST_SUITE("aimd_limit") {
  TEST_CASE("falls to nine tenths after a drop, or a call longer than the timeout") {
    aimd_limit l{{.initial = 100, .min = 20, .max = 200, .backoff = 0.9, .timeout = 5s}};

    l.on_sample(1ms, 0, true);
    CHECK(l.limit() == 90);
    l.on_sample(5s + 1ns, 100, false);
    CHECK(l.limit() == 81);
    l.on_sample(5s, 1, false);
    CHECK(l.limit() == 81);
    l.on_sample(6s, 1, true);
    CHECK(l.limit() == 72); // 72.9
  }

  TEST_CASE("rises by one while at least half of it is in use") {
    aimd_limit l{{}};
    CHECK(l.limit() == 20);

    l.on_sample(1ms, 9, false);
    CHECK(l.limit() == 20);
    l.on_sample(1ms, 10, false);
    CHECK(l.limit() == 21);
    l.on_sample(1ms, 10, false);
    CHECK(l.limit() == 21);
    l.on_sample(1ms, 11, false);
    CHECK(l.limit() == 22);
  }

  TEST_CASE("stays within its bounds") {
    aimd_limit l{{}};

    for (int i = 0; i < 1000; ++i)
      l.on_sample(1ms, 1000, false);
    CHECK(l.limit() == 200);
    for (int i = 0; i < 1000; ++i)
      l.on_sample(1ms, 1000, true);
    CHECK(l.limit() == 20);
  }

  TEST_CASE("what is left is what the decimal fraction says") {
    for (int tens = 1; tens < 1000; ++tens) {
      aimd_limit l{{.initial = 10 * tens, .min = 1, .max = 10'000, .backoff = 0.7}};
      l.on_sample(1ms, 1, true);
      CHECK(l.limit() == 7 * tens);
    }
  }

  TEST_CASE("a call of no time is a success like any other") {
    aimd_limit l{{}};

    l.on_sample(0ns, 10, false);
    CHECK(l.limit() == 21);
    l.on_sample(-1h, 11, false);
    CHECK(l.limit() == 22);
    l.on_sample(duration::min(), -1, false);
    CHECK(l.limit() == 22);
    l.on_sample(duration::max(), std::numeric_limits<long long>::max(), false);
    CHECK(l.limit() == 20);
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refused_aimd({.min = 0}) == "aimd_limit: min = 0, needs 1 to 1000000000");
    CHECK(refused_aimd({.max = 19}) == "aimd_limit: max = 19, needs min (20) to 1000000000");
    CHECK(refused_aimd({.initial = 19}) == "aimd_limit: initial = 19, needs min (20) to max (200)");
    CHECK(refused_aimd({.initial = 201})
          == "aimd_limit: initial = 201, needs min (20) to max (200)");
    CHECK(refused_aimd({.backoff = 1})
          == "aimd_limit: backoff = 1, needs more than 0 and less than 1");
    CHECK(refused_aimd({.backoff = 0})
          == "aimd_limit: backoff = 0, needs more than 0 and less than 1");
    CHECK(refused_aimd({.timeout = 0s}) == "aimd_limit: timeout = 0 ms, needs more than 0 ms");
  }

  TEST_CASE("property: a slow dependency does not let it drift up") {
    CHECK(rc::check([](std::uint8_t in_flight, std::uint32_t ms) {
      aimd_limit l{{.min = 1}};
      const auto last = limits(l, 2000, std::chrono::milliseconds{ms}, in_flight).back();
      RC_ASSERT(last <= std::max(20, 2 * in_flight + 1));
    }));
  }
}

TEST_SUITE("vegas_limit") {
  TEST_CASE("rises by six while there is no queue, and by one while there is a small one") {
    vegas_limit l{{.initial = 10}};

    l.on_sample(10ms, 10, false); // the fastest so far
    CHECK(l.limit() == 10);
    l.on_sample(10ms, 11, false);
    CHECK(l.limit() == 16);
    l.on_sample(11ms, 16, false); // 16 x (1 - 10/11) = 1.5: two
    CHECK(l.limit() == 17);
  }

  TEST_CASE("stays while the queue is three to six, and falls beyond") {
    vegas_limit l{{.initial = 10}};
    l.on_sample(10ms, 10, false);

    l.on_sample(14ms, 14, false); // 2.9: three
    CHECK(l.limit() == 10);
    l.on_sample(25ms, 10, false); // six
    CHECK(l.limit() == 10);
    l.on_sample(26ms, 10, false); // 6.2: seven
    CHECK(l.limit() == 9);
    l.on_sample(500ms, 9, false);
    CHECK(l.limit() == 8);
  }

  TEST_CASE("steps grow with the number of digits") {
    vegas_limit l{{.initial = 10'000, .max = 20'000}};

    l.on_sample(10s, 5000, false);
    CHECK(l.limit() == 10'000);
    l.on_sample(10s, 6000, false);
    CHECK(l.limit() == 10'024);
    l.on_sample(10s, 6000, true);
    CHECK(l.limit() == 10'020);
  }

  TEST_CASE("smoothing takes a share of each step") {
    vegas_limit l{{.initial = 10, .smoothing = 0.5}};

    l.on_sample(10ms, 10, false);
    l.on_sample(10ms, 10, false);
    CHECK(l.limit() == 13);
  }

  TEST_CASE("a drop lowers it, and the time of a dropped call is not believed") {
    vegas_limit l{{.initial = 10}};

    l.on_sample(1ns, 1, true);
    CHECK(l.limit() == 9);
    l.on_sample(10ms, 9, false);
    l.on_sample(10ms, 9, false);
    CHECK(l.limit() == 15);
  }

  TEST_CASE("learns nothing from a time of zero or below") {
    vegas_limit l{{.initial = 10}};

    for (const auto rtt : {duration{0}, duration{-1}, duration::min()}) {
      l.on_sample(rtt, 10, false);
      l.on_sample(rtt, 10, false);
    }
    CHECK(l.limit() == 10);
  }

  TEST_CASE("does not change while less than half of it is in use") {
    vegas_limit l{{.initial = 20}};

    CHECK(limits(l, 100, 10ms, 9) == std::vector<int>(100, 20));
    CHECK(limits(l, 100, 1s, 9) == std::vector<int>(100, 20));
    CHECK(limits(l, 1, 10ms, -3) == std::vector<int>{20});
  }

  TEST_CASE("forgets the fastest call when probing is due, once few are in flight") {
    vegas_limit l{{.initial = 20, .probe_every = 2}};
    l.on_sample(10ms, 1, false);

    // Slower from now on: 39 more samples, then the fortieth is believed.
    limits(l, 39, 20ms, 9);
    l.on_sample(20ms, 20, false); // due, but under load: ten wait, for all we know
    CHECK(l.limit() == 19);
    l.on_sample(20ms, 9, false);
    l.on_sample(20ms, 19, false);
    CHECK(l.limit() == 25);
  }

  TEST_CASE("stays within its bounds") {
    vegas_limit l{{.initial = 10, .min = 5, .max = 30}};

    limits(l, 100, 10ms, 100);
    CHECK(l.limit() == 30);
    for (int i = 0; i < 100; ++i)
      l.on_sample(10ms, 100, true);
    CHECK(l.limit() == 5);
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refused_vegas({.min = 0}) == "vegas_limit: min = 0, needs 1 to 1000000000");
    CHECK(refused_vegas({.max = 0}) == "vegas_limit: max = 0, needs min (1) to 1000000000");
    CHECK(refused_vegas({.initial = 0}) == "vegas_limit: initial = 0, needs min (1) to max (1000)");
    CHECK(refused_vegas({.smoothing = 0})
          == "vegas_limit: smoothing = 0, needs more than 0, at most 1");
    CHECK(refused_vegas({.probe_every = 0})
          == "vegas_limit: probe_every = 0, needs 1 to 1000000000");
  }

  TEST_CASE("a saturated dependency keeps it near what the dependency can do") {
    // From 5 calls in flight on, each more waits: six may, before it falls.
    vegas_limit l{{.initial = 2}};
    CHECK(settles_at(l, 5, 100ms, 100'000) <= 5 + 6);
  }

  TEST_CASE("a dependency that becomes slow and stays so never lets it rise") {
    for (const auto slow : {20ms, 100ms, 5000ms}) {
      vegas_limit l{{}};
      CHECK(highest_once_slow(l, slow) <= 20);
    }
  }

  TEST_CASE("property: a constant time does not let it drift up beyond what is in use") {
    CHECK(rc::check([](std::uint8_t in_flight, std::uint32_t ms) {
      vegas_limit l{{}};
      const auto last = limits(l, 3000, std::chrono::milliseconds{ms}, in_flight).back();
      // The last step up was taken while twice what is in use was enough, and is six or twelve.
      RC_ASSERT(last <= std::max(20, 2 * in_flight + 12));
    }));
  }
}

TEST_SUITE("gradient_limit") {
  TEST_CASE("rises by the queue's share while calls take what they usually take") {
    gradient_limit l{{}}; // 20 + 0.2 x 4 = 20.8, 21.6, 22.4, 23.2, 24.0

    CHECK(limits(l, 5, 100ms, 100) == std::vector<int>{20, 21, 22, 23, 24});
  }

  TEST_CASE("up to the tolerance slower is as usual, beyond that it falls") {
    // Warmed up while idle: usual is 100 ms.
    const auto warm = [] {
      gradient_limit l{{.initial = 100, .long_window = 1'000'000}};
      limits(l, 10, 100ms, 1);
      return l;
    };

    auto l = warm();
    CHECK(limits(l, 1, 149ms, 100) == std::vector<int>{100}); // + 0.8
    l = warm();
    CHECK(limits(l, 1, 200ms, 100) == std::vector<int>{95}); // 0.75: 100 - 5 + 0.8
    l = warm();
    CHECK(limits(l, 1, 10s, 100) == std::vector<int>{90}); // halved at most: - 10 + 0.8
    l = warm();
    CHECK(limits(l, 1, 1ms, 100) == std::vector<int>{100}); // faster than usual: + 0.8
  }

  TEST_CASE("a drop counts as half, and its time is not believed") {
    gradient_limit l{{.initial = 100}};

    l.on_sample(1ns, 1, true);
    CHECK(l.limit() == 90);
    l.on_sample(100ms, 90, false);
    l.on_sample(100ms, 90, false);
    CHECK(l.limit() == 91); // 91.6: what is usual was not lowered
  }

  TEST_CASE("learns nothing from a time of zero or below") {
    gradient_limit l{{.initial = 100}};

    for (const auto rtt : {duration{0}, duration{-1}, duration::min()})
      l.on_sample(rtt, 100, false);
    CHECK(l.limit() == 100);
  }

  TEST_CASE("does not change while less than half of it is in use") {
    gradient_limit l{{}};

    CHECK(limits(l, 100, 100ms, 9) == std::vector<int>(100, 20));
    CHECK(limits(l, 100, 10s, 9) == std::vector<int>(100, 20));
    CHECK(limits(l, 1, 100ms, -3) == std::vector<int>{20});
  }

  TEST_CASE("learns a new usual time while few calls are in flight") {
    gradient_limit l{{.initial = 100, .long_window = 10}};
    limits(l, 10, 100ms, 1);

    limits(l, 100, 300ms, 1);

    CHECK(limits(l, 1, 300ms, 100) == std::vector<int>{100}); // + 0.8, and not - 9.2
  }

  TEST_CASE("stays within its bounds") {
    gradient_limit l{{}};

    limits(l, 1000, 100ms, 1000);
    CHECK(l.limit() == 200);
    for (int i = 0; i < 1000; ++i)
      l.on_sample(100ms, 1000, true);
    CHECK(l.limit() == 20);
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refused_gradient({.min = 0}) == "gradient_limit: min = 0, needs 1 to 1000000000");
    CHECK(refused_gradient({.initial = 10})
          == "gradient_limit: initial = 10, needs min (20) to max (200)");
    CHECK(refused_gradient({.smoothing = 1.1})
          == "gradient_limit: smoothing = 1.1, needs more than 0, at most 1");
    CHECK(refused_gradient({.queue = 0}) == "gradient_limit: queue = 0, needs 1 to 1000000000");
    CHECK(refused_gradient({.tolerance = 0.9})
          == "gradient_limit: tolerance = 0.9, needs at least 1");
    CHECK(refused_gradient({.long_window = 0})
          == "gradient_limit: long_window = 0, needs 1 to 1000000000");
  }

  TEST_CASE("a saturated dependency keeps it near what the dependency can do") {
    // In balance where the gradient takes what the queue adds: with 30 slots and warmed up at 2
    // calls, 1.5 x 30 / L = 1 - 4 / L, so L = 49; it starts below and may take one step too many.
    gradient_limit l{{.initial = 2, .min = 1}};
    CHECK(settles_at(l, 30, 100ms, 100'000) <= 50);
  }

  TEST_CASE("a dependency that becomes slow and stays so never lets it rise") {
    for (const auto slow : {20ms, 100ms, 5000ms}) {
      gradient_limit l{{}};
      CHECK(highest_once_slow(l, slow) <= 20);
    }
  }

  TEST_CASE("property: a constant time does not let it drift up beyond what is in use") {
    CHECK(rc::check([](std::uint8_t in_flight, std::uint32_t ms) {
      gradient_limit l{{}};
      const auto last = limits(l, 3000, std::chrono::milliseconds{ms}, in_flight).back();
      RC_ASSERT(last <= std::max(20, 2 * in_flight + 1));
    }));
  }
}
