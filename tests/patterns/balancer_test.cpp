#include <troupe/balancer.hpp>
#include <troupe/worker_pool.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

using svc = tr::service<int, int>;

/// Answers with its number.
svc numbered(caf::actor_system& sys, int n) {
  return tr::serve(sys, tr::worker_pool("n" + std::to_string(n), [n](int) { return n; }));
}
svc failing(caf::actor_system& sys) {
  return tr::serve(sys, tr::worker_pool("bad", [](int) -> tr::result<int> {
                     return tr::fail(tr::errc::stage_failed, "broken");
                   }));
}

std::string ask(const svc& s, int times, int request = 0) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    const auto r = s.ask(request).get();
    all += r ? std::to_string(*r) : "x";
  }
  return all;
}

/// Its copies may fail.
struct uncopyable {
  int x;
  explicit uncopyable(int n) : x(n) {}
  uncopyable(const uncopyable& other) : x(other.x) {
    if (x == 13)
      throw std::runtime_error{"no copy"};
  }
  uncopyable(uncopyable&&) noexcept = default;
  uncopyable& operator=(const uncopyable&) = default;
  uncopyable& operator=(uncopyable&&) noexcept = default;
  ~uncopyable() = default;
};

struct unhashable {
  int x = 0;
};

} // namespace

TEST_SUITE("balancer") {
  TEST_CASE("each strategy spreads requests over services") {
    virtual_system sys;
    const std::vector all{numbered(sys, 0), numbered(sys, 1), numbered(sys, 2)};

    CHECK(ask(tr::balance_over(sys, "a", all, tr::balance::round_robin), 6) == "012012");
    CHECK(ask(tr::balance_over(sys, "a", all, tr::balance::least_loaded), 6) == "012012");
    CHECK(ask(tr::balance_over(sys, "a", all, {.how = tr::balance::weighted, .weights = {2, 1, 1}}),
              4)
          == "0120");
    const auto two = ask(tr::balance_over(sys, "a", all, tr::balance::power_of_two), 100);
    for (const char c : {'0', '1', '2'})
      CHECK(two.find(c) != std::string::npos);
    const auto sticky = tr::balance_over(sys, "a", all, tr::balance::sticky);
    const auto seven = ask(sticky, 1, 7);
    CHECK(ask(sticky, 5, 7) == seven + seven + seven + seven + seven);
    const auto parity
        = tr::balance_over<int, int>(sys, "a", all, {.how = tr::balance::sticky}, [](const int& r) {
            return static_cast<std::uint64_t>(r % 2);
          });
    CHECK(ask(parity, 1, 2) == ask(parity, 1, 4));
  }

  TEST_CASE("an instance that fails is skipped until its rest is over") {
    virtual_system sys;
    const auto api
        = tr::balance_over(sys, "api", std::vector{failing(sys), numbered(sys, 1)},
                           {.how = tr::balance::round_robin, .failures = 2, .rest = 10s});

    CHECK(ask(api, 8) == "x1x11111");
    tr::detail::virtual_time::run_for(sys, 10s);
    CHECK(ask(api, 3) == "x11");
  }

  TEST_CASE("an instance that has ended is an error, and then skipped") {
    virtual_system sys;
    const auto gone = numbered(sys, 0);
    gone.drain();
    const auto api = tr::balance_over(sys, "api", std::vector{gone, numbered(sys, 1)},
                                      {.how = tr::balance::round_robin, .failures = 1});

    CHECK(ask(api, 4) == "x111");
  }

  TEST_CASE("try_ask is empty when the chosen instance is full") {
    virtual_system sys;
    const auto one = tr::serve(sys, tr::worker_pool("one", [](int x) { return x; },
                                                    {.queue = 1, .overflow = tr::overflow::shed}));
    const auto api = tr::balance_over(sys, "api", std::vector{one});

    std::vector<std::future<tr::result<int>>> inside;
    while (auto f = api.try_ask(1))
      inside.push_back(std::move(*f));
    CHECK(inside.size() == 2); // one waits, one is in work
    for (auto& f : inside)
      CHECK(f.get() == 1);
    CHECK(api.try_ask(2)->get() == 2);
  }

  TEST_CASE("a drain lets nothing in, accounts for all, and leaves the instances alone") {
    virtual_system sys;
    const auto a = numbered(sys, 0);
    const auto api = tr::balance_over(sys, "api", std::vector{a, failing(sys)});
    CHECK(ask(api, 3) == "0x0");

    const auto end = accounted(api.drain());

    CHECK(end.stage("api").delivered == 2);
    CHECK(end.stage("api").failed == 1);
    CHECK(api.ask(1).get().error().code() == tr::errc::closed);
    CHECK(ask(a, 1) == "0");
  }

  TEST_CASE("regression: a request that cannot be handed on is answered, and leaves nothing open") {
    virtual_system sys;
    const auto a = numbered(sys, 0);
    const auto key = [](const int& x) -> std::uint64_t {
      return x == 13 ? throw std::runtime_error{"bad key"} : 0;
    };
    auto keyed = tr::balance_over<int, int>(sys, "keyed", {a}, {.how = tr::balance::sticky}, key);
    const auto b = tr::serve(sys, tr::worker_pool("b", [](const uncopyable& u) { return u.x; }));
    auto copied = tr::balance_over(sys, "copied", std::vector{b, b});

    CHECK(ask(keyed, 2, 13) == "xx");
    CHECK(ask(keyed, 1) == "0");
    CHECK(keyed.try_ask(13)->get().error().message()
          == "the request could not be handed on: bad key");
    for (int i = 0; i < 3; ++i)
      CHECK(copied.ask(uncopyable{13}).get().error().stage() == "copied");
    CHECK(copied.ask(uncopyable{7}).get() == 7);

    CHECK(keyed.metrics().counters.in_flight == 0);
    CHECK(accounted(keyed.drain()).stage("keyed").failed == 3);
    CHECK(accounted(copied.drain()).stage("copied").failed == 3);
  }

  TEST_CASE("what cannot work is refused with the balancer's name") {
    virtual_system sys;
    CHECK(refusal([&] { (void)tr::balance_over(sys, "api", std::vector<svc>{}); })
          == "balancer \"api\": instances = 0, needs 1 to 1000000");
    CHECK(refusal([&] {
            (void)tr::balance_over(sys, "api", std::vector{numbered(sys, 0), svc{}});
          })
          == "balancer \"api\": services = an empty handle at 1, needs handles from serve");
    CHECK(refusal([&] {
            (void)tr::balance_over(sys, "api", std::vector<tr::service<unhashable, int>>(1),
                                   tr::balance::sticky);
          })
          == "balancer \"api\": key = none, needs a function: this request has no std::hash");
  }
}
