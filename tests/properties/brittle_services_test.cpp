// A type that throws wherever it may, as the request of every service, and as the key of a cache. A response may not
// throw when it is moved: tl::expected ends the process then.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "brittle.hpp"
#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace support;

namespace {

int value(const brittle& b) { return b.value(); }
int taken(brittle b) { return b.value(); }
tr::result<int> in_a_result(const brittle& b) { return b == b ? b.value() : 0; }

template <class... P>
void call_bears(const std::string& what, P... policies) {
  service_bears(what, [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", value, policies...));
  });
  service_bears(what + ", in a result", [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", in_a_result, policies...));
  });
}

} // namespace

TEST_SUITE("brittle values in services") {
  TEST_CASE("worker_pool") {
    const auto again = tr::on_error::retry({.attempts = 2, .backoff = {1ms, 1ms}});
    for (const auto& o : {tr::pool_options{}, tr::pool_options{.workers = {.min = 2, .max = 3}},
                          tr::pool_options{.on_error = again},
                          tr::pool_options{.queue = 1, .overflow = tr::overflow::shed}}) {
      service_bears("by reference", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", value, o));
      });
      service_bears("by value", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", taken, o));
      });
      service_bears("in a result", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", in_a_result, o));
      });
      service_bears("without an answer", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool(
                                  "p", [](brittle) {}, o));
      });
    }
  }

  TEST_CASE("call, with every policy") {
    const auto fast = tr::backoff{1ms, 1ms};
    call_bears("no policy");
    call_bears("retry", tr::retry{.attempts = 2, .backoff = fast});
    call_bears("timeout", tr::timeout{1s});
    call_bears("hedge", tr::hedge{.after = 1ms});
    call_bears("circuit_breaker", tr::circuit_breaker{});
    call_bears("rate_limit", tr::rate_limit(tr::per_second(100)));
    call_bears("bulkhead", tr::bulkhead{.max = 1, .wait = 1s});
    call_bears("fallback to a function",
               tr::fallback{[](const brittle& b, const tr::error&) { return b.value(); }});
    call_bears("fallback to the last value", tr::fallback{tr::last_value});
    call_bears(
        "all of them", tr::fallback{[](const brittle& b, const tr::error&) { return b.value(); }},
        tr::retry{.attempts = 2, .backoff = fast}, tr::hedge{.after = 1ms}, tr::circuit_breaker{},
        tr::rate_limit(tr::per_second(100)), tr::bulkhead{.max = 1, .wait = 1s}, tr::timeout{1s});
  }

  TEST_CASE("scatter_gather, with every gather") {
    for (const auto& how :
         {tr::gather::all, tr::gather::first, tr::gather::quorum(2), tr::gather::best(1)}) {
      CAPTURE(how.needed().value());
      at_every_use([&] {
        virtual_system sys;
        auto svc = tr::serve(*sys, tr::scatter_gather<brittle, int>("s", {value, taken, value},
                                                                    {.gather = how, .within = 1s}));
        for (int i = 0; i < 4; ++i) {
          int answers = 0;
          try {
            svc.ask(brittle{i}, [&](const auto&) { ++answers; });
          } catch (const std::runtime_error&) {
            ++answers;
          }
          tr::detail::virtual_time::run_for(*sys, 1min);
          CHECK(answers == 1);
        }
        if (brittle::broken())
          CHECK(svc.ask(brittle{9}).get().has_value());
        CHECK(svc.metrics().counters.in_flight == 0);
        CHECK(accounted(svc.drain(10s)).stage("s").abandoned == 0);
      });
    }
  }

  TEST_CASE("a balancer, with every strategy") {
    for (const auto how : {tr::balance::round_robin, tr::balance::least_loaded,
                           tr::balance::power_of_two, tr::balance::sticky})
      service_bears("balancer", [&](caf::actor_system& sys) {
        const auto a = tr::serve(sys, tr::worker_pool("a", value));
        const auto b = tr::serve(sys, tr::worker_pool("b", taken));
        return tr::balance_over(sys, "api", std::vector{a, b}, how);
      });
  }

  TEST_CASE("a service in front of a service, and one that is asked by a flow") {
    at_every_use([] {
      virtual_system sys;
      auto svc = tr::serve(*sys, tr::worker_pool("p", value));
      auto f = tr::produce<brittle>(
                   "n",
                   [i = 0]() mutable {
                     return i < 5 ? std::optional<brittle>{std::in_place, i++} : std::nullopt;
                   })
               | svc | tr::ignore("end");
      const auto end = tr::start(sys, f).wait();
      CHECK(imbalance(end, f.topology()) == "");
      CHECK((end.clean() || brittle::broken()));
      if (brittle::broken())
        CHECK(svc.ask(brittle{1}).get().has_value());
      CHECK(svc.metrics().counters.in_flight == 0);
    });
  }

  TEST_CASE("a cache") {
    at_every_use([] {
      tr::cache<brittle, int> c{{.capacity = 2}};
      for (int round = 0; round < 2; ++round)
        for (int k = 0; k < 4; ++k) {
          try {
            (void)c.get_or_load(brittle{k}, [](const brittle& key) { return key.value(); });
            c.put(brittle{k + 1}, k);
            (void)c.get(brittle{k});
            (void)c.erase(brittle{k + 3});
          } catch (const std::runtime_error&) {
          }
        }
      CHECK(c.size() <= 2);
      for (int k = 0; k < 4; ++k) {
        try {
          const auto r = c.get_or_load(brittle{k}, [](const brittle& key) { return key.value(); });
          CHECK(r.has_value());
        } catch (const std::runtime_error&) {
        }
      }
    });
  }
}
