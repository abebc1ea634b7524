#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/gather/balanced.hpp>

namespace tr = troupe;
using namespace support;

// A balancer over instances that the test plays itself, with the test's clock.
namespace {

struct bench {
  using answer_function = std::function<void(tr::result<int>)>;

  bench(tr::balancer_options options, std::size_t n,
        std::function<std::uint64_t(const int&)> key = {})
      : open(n), asked(n),
        ask("api", instances(n), std::move(options), std::move(key), [this] { return now; }) {}

  tr::detail::balanced<int, int>::instances instances(std::size_t n) {
    tr::detail::balanced<int, int>::instances all;
    for (std::size_t i = 0; i < n; ++i)
      all.push_back([this, i](const int&, const tr::context&, answer_function answer) {
        ++asked[i];
        open[i].push_back(std::move(answer));
      });
    return all;
  }
  /// Asks, and tells which instance it was.
  std::size_t request(int r = 0) {
    const auto before = asked;
    ask(r, tr::context{}, [this](tr::result<int> a) { got.push_back(std::move(a)); });
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (asked[i] != before[i])
        return i;
    return asked.size();
  }
  void answer(std::size_t i, tr::result<int> a) {
    auto f = std::move(open[i].back());
    open[i].pop_back();
    f(std::move(a));
  }

  tr::time_point now{1h};
  std::vector<std::vector<answer_function>> open;
  std::vector<int> asked;
  std::vector<tr::result<int>> got;
  tr::detail::balanced<int, int> ask;
};

} // namespace

TEST_SUITE("balanced") {
  TEST_CASE("the answer of the instance is the caller's, a value or an error") {
    bench b{{.how = tr::balance::round_robin}, 2};

    CHECK(b.request() == 0);
    CHECK(b.request() == 1);
    b.answer(1, 42);
    b.answer(0, tr::fail(tr::errc::stage_failed, "broken"));

    CHECK(b.got.at(0) == 42);
    CHECK(b.got.at(1).error().message() == "broken");
  }

  TEST_CASE("what is in flight decides, and an answer ends it") {
    bench b{{.how = tr::balance::least_loaded}, 2};

    CHECK(b.request() == 0);
    CHECK(b.request() == 1);
    b.answer(1, 1);
    CHECK(b.request() == 1);
    b.answer(1, 1);
    CHECK(b.request() == 1);
  }

  TEST_CASE("an instance that fails or refuses is passed over until its rest is over") {
    for (const auto code : {tr::errc::stage_failed, tr::errc::pool_full, tr::errc::closed}) {
      bench b{{.how = tr::balance::round_robin, .failures = 2, .rest = 10s}, 2};
      for (int i = 0; i < 2; ++i) {
        CHECK(b.request() == 0);
        b.answer(0, tr::fail(code, ""));
        CHECK(b.request() == 1);
        b.answer(1, 1);
      }

      CHECK(b.request() == 1);
      CHECK(b.request() == 1);
      b.now += 10s;
      CHECK(b.request() == 0);
      CHECK(b.request() == 1);
      CHECK(b.request() == 1);
      b.answer(0, 1);
      CHECK(b.request() == 0);
    }
  }

  TEST_CASE("what callers do is not held against an instance") {
    for (const auto code : {tr::errc::cancelled, tr::errc::deadline_exceeded}) {
      bench b{{.how = tr::balance::round_robin, .failures = 1}, 2};
      CHECK(b.request() == 0);
      b.answer(0, tr::fail(code, ""));
      CHECK(b.request() == 1);
      CHECK(b.request() == 0);
    }
  }

  TEST_CASE("sticky asks the same instance for the same key") {
    bench b{{.how = tr::balance::sticky}, 4, [](const int& r) {
              return static_cast<std::uint64_t>(r % 10);
            }};

    std::set<std::size_t> homes;
    for (int r = 0; r < 100; ++r)
      homes.insert(b.request(r % 10) * 10 + static_cast<std::size_t>(r % 10));
    CHECK(homes.size() == 10);
    CHECK(b.request(3) == b.request(13));
  }

  TEST_CASE("options are refused with the balancer's name") {
    CHECK(refusal([] { bench b({.failures = 0}, 2); })
          == "balancer \"api\": failures = 0, needs 1 to 1000000");
    CHECK(refusal([] { bench b({}, 0); }) == "balancer \"api\": instances = 0, needs 1 to 1000000");
  }
}
