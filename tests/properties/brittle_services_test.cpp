// A type that throws wherever it may, as the request and the response of every service, and as the key and the value of
// a cache. Not asked with a std::future: tl::expected would end the process.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
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
brittle back(const brittle& b) { return b; }
brittle back_by_move(brittle b) { return b; }
tr::result<brittle> back_in_a_result(const brittle& b) {
  return tr::result<brittle>{tl::in_place, b.value()};
}

template <class... P>
void call_bears(const std::string& what, P... policies) {
  service_bears(what, [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", value, policies...));
  });
  service_bears(what + ", in a result", [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", in_a_result, policies...));
  });
}

/// The same where the answer is one that may throw, too.
template <class... P>
void call_bears_its_answer(const std::string& what, P... policies) {
  service_bears(what, [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", back, policies...));
  });
  service_bears(what + ", in a result", [=](caf::actor_system& sys) {
    return tr::serve(sys, tr::call("c", back_in_a_result, policies...));
  });
}

/// Which of its answers a caller gets may be less for a value that is broken: the call has one.
template <class Resp>
void gather_bears(const std::vector<tr::responder<brittle, Resp>>& services,
                  const tr::gather_options& o) {
  at_every_use([&] {
    virtual_system sys;
    auto svc = tr::serve(*sys, tr::scatter_gather<brittle, Resp>("s", services, o));
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
      CHECK(svc.call(brittle{9}).has_value());
    CHECK(svc.metrics().counters.in_flight == 0);
    CHECK(accounted(svc.drain(10s)).stage("s").abandoned == 0);
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
      service_bears("a brittle answer", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", back, o));
      });
      service_bears("a brittle answer, by value", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", back_by_move, o));
      });
      service_bears("a brittle answer in a result", [&](caf::actor_system& sys) {
        return tr::serve(sys, tr::worker_pool("p", back_in_a_result, o));
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

  TEST_CASE("call, with every policy and an answer that may throw") {
    const auto fast = tr::backoff{1ms, 1ms};
    const auto instead = [](const brittle& b, const tr::error&) { return brittle{b.value()}; };
    call_bears_its_answer("no policy");
    call_bears_its_answer("retry", tr::retry{.attempts = 2, .backoff = fast});
    call_bears_its_answer("timeout", tr::timeout{1s});
    call_bears_its_answer("hedge", tr::hedge{.after = 1ms});
    call_bears_its_answer("fallback to a function", tr::fallback{instead});
    call_bears_its_answer("fallback to the last value", tr::fallback{tr::last_value});
    call_bears_its_answer("all of them", tr::fallback{instead},
                          tr::retry{.attempts = 2, .backoff = fast}, tr::hedge{.after = 1ms},
                          tr::circuit_breaker{}, tr::rate_limit(tr::per_second(100)),
                          tr::bulkhead{.max = 1, .wait = 1s}, tr::timeout{1s});
  }

  TEST_CASE("scatter_gather, with every gather") {
    for (const auto& how :
         {tr::gather::all, tr::gather::first, tr::gather::quorum(2), tr::gather::best(1)}) {
      CAPTURE(how.needed().value());
      const tr::gather_options o{.gather = how, .within = 1s};
      gather_bears<int>({value, taken, value}, o);
      gather_bears<brittle>({back, back_by_move, back}, o);
    }
  }

  TEST_CASE("a balancer, with every strategy") {
    for (const auto how : {tr::balance::round_robin, tr::balance::least_loaded,
                           tr::balance::power_of_two, tr::balance::sticky}) {
      service_bears("balancer", [&](caf::actor_system& sys) {
        const auto a = tr::serve(sys, tr::worker_pool("a", value));
        const auto b = tr::serve(sys, tr::worker_pool("b", taken));
        return tr::balance_over(sys, "api", std::vector{a, b}, how);
      });
      service_bears("balancer with a brittle answer", [&](caf::actor_system& sys) {
        const auto a = tr::serve(sys, tr::worker_pool("a", back));
        const auto b = tr::serve(sys, tr::worker_pool("b", back_by_move));
        return tr::balance_over(sys, "api", std::vector{a, b}, how);
      });
    }
  }

  TEST_CASE("a call that is waited for, and callbacks that take the answer") {
    at_every_use([] {
      virtual_system sys;
      auto svc = tr::serve(*sys, tr::worker_pool("p", back));
      for (int i = 0; i < 3; ++i) {
        try {
          const auto r = svc.call(brittle{i});
          CHECK((r || tells_of_it(r.error())));
        } catch (const std::runtime_error& e) { // on its way into `call`
          CHECK(std::string{e.what()} == "broken");
        }
        int answers = 0;
        try {
          svc.ask(brittle{i}, [&](tr::result<brittle>) { ++answers; });
          svc.ask(brittle{i}, [&, moves_only = std::make_unique<int>()](tr::result<brittle>) {
            answers += moves_only == nullptr ? 0 : 2;
          });
        } catch (const std::runtime_error&) {
          continue;
        }
        tr::detail::virtual_time::run_for(*sys, 1min);
        CHECK(answers == 3);
      }
      CHECK(svc.metrics().counters.in_flight == 0);
    });
  }

  TEST_CASE("with_retry and with_timeout") {
    const auto bears = [](auto call) {
      at_every_use([&] {
        for (const auto i : {1, 2}) {
          try {
            const tr::result<brittle> r = call(i);
            CHECK((r || tells_of_it(r.error())));
            if (r)
              CHECK(r->value() == i);
          } catch (const std::runtime_error& e) { // the function, on its way in
            CHECK(std::string{e.what()} == "broken");
          }
        }
      });
    };
    const auto copied = [](int i) { return [b = brittle{i}] { return b; }; };
    const auto in_result
        = [](int i) { return [i]() -> tr::result<brittle> { return brittle{i}; }; };
    const tr::retry once{.attempts = 1};
    const tr::retry twice{.attempts = 2, .backoff = {0ns, 0ns}};

    for (const auto& policy : {once, twice}) {
      bears([&](int i) { return tr::with_retry(copied(i), policy); });
      bears([&](int i) { return tr::with_retry(in_result(i), policy); });
    }
    bears([&](int i) { return tr::with_timeout(copied(i), 1h); });
    bears([&](int i) { return tr::with_timeout(in_result(i), 1h); });
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

  TEST_CASE("a cache of brittle values") {
    at_every_use([] {
      tr::cache<int, brittle> c{{.capacity = 2}};
      const auto in_result = [](int k) -> tr::result<brittle> { return brittle{k}; };
      for (int round = 0; round < 2; ++round)
        for (int k = 0; k < 4; ++k) {
          try {
            const auto r = c.get_or_load(k, [](int key) { return brittle{key}; });
            CHECK((r ? r->value() == k : tells_of_it(r.error())));
            (void)c.get_or_load(k + 1, in_result);
            c.put(k, brittle{k});
            const auto kept = c.get(k);
            CHECK((kept && kept->value() == k));
          } catch (const std::runtime_error& e) {
            CHECK(std::string{e.what()} == "broken");
          }
        }
      CHECK(c.size() <= 2);
      c.clear();
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
