// What a running flow says of who holds it up. Whichever stage it is: see the properties.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/call.hpp>
#include <troupe/inbox.hpp>
#include <troupe/outbox.hpp>
#include <troupe/policy/stall.hpp>
#include <troupe/rate_limit.hpp>
#include <troupe/run.hpp>
#include <troupe/service_of.hpp>
#include <troupe/transforms.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;
using tr::stall_cause;

namespace {

tr::flow<int> numbered() { return tr::generate("in", endless()); }

tr::stall stall_of(const tr::run& r) { return tr::stall_in(tr::detail::state_of(r)->sample()); }

int refuse(int) { throw std::runtime_error{"no"}; }

const tr::on_error again_for_ever
    = tr::on_error::retry({.attempts = 1'000'000,
                           .backoff = {1s, 2h},
                           .jitter = tr::jitter::none,
                           .retry_if = [](const tr::error&) { return true; }});

/// The only root there is, of this stage.
bool is_root(const tr::run& r, const std::string& stage, stall_cause cause) {
  const auto s = stall_of(r);
  return s.roots.size() == 1 && s.roots[0].stage == stage && s.roots[0].cause == cause;
}

} // namespace

TEST_SUITE("why") {
  TEST_CASE("an item that waits for its next attempt, and for how long") {
    virtual_system sys;
    auto r = tr::start(sys, numbered() | tr::stage("ledger", refuse, {.on_error = again_for_ever})
                                | tr::ignore("out"));
    tr::detail::virtual_time::run_for(sys, 10s);

    CHECK(is_root(r, "ledger", stall_cause::retrying));
    // Attempts at 0, 1, 3, 7 and 15 s.
    CHECK(stall_of(r).roots.at(0).lasts == 3s);
    CHECK(stall_of(r).roots.at(0).more == tr::duration{5s});
    CHECK(r.why()
          == "in waits for ledger: its buffer of 1,024 is full for 10 s; "
             "out waits for ledger: nothing has come for 10 s; "
             "ledger waits for its next attempt for 3.0 s, 5.0 s more");
    r.stop();
  }

  TEST_CASE("an open breaker") {
    virtual_system sys;
    auto r = tr::start(sys, numbered()
                                | tr::call("ledger", refuse,
                                           tr::call_options{.on_error = again_for_ever},
                                           tr::circuit_breaker{.minimum_calls = 1, .cooldown = 1h})
                                | tr::ignore("out"));
    tr::detail::virtual_time::run_for(sys, 10min);

    CHECK(is_root(r, "ledger", stall_cause::breaker_open));
    CHECK(stall_of(r).roots.at(0).more == tr::duration{50min});
    r.stop();
  }

  TEST_CASE("a rate that lets in no more, which is intended") {
    virtual_system sys;
    auto r = tr::start(sys, numbered() | tr::rate_limit("throttle", tr::per_minute(1))
                                | tr::ignore("out"));
    tr::detail::virtual_time::run_for(sys, 90s);

    CHECK(is_root(r, "throttle", stall_cause::rate));
    CHECK(stall_of(r).roots.at(0).more == tr::duration{30s});
    CHECK(stall_of(r).roots.at(0).intended());
    r.stop();
  }

  TEST_CASE("a source that has nothing to give, and a pause by hand") {
    virtual_system sys;
    tr::detail::virtual_time::advance(sys, 1h);
    auto [calls, source] = tr::inbox<int>("calls");
    auto r
        = tr::start(sys, source | tr::stage("ledger", [](int x) { return x; }) | tr::ignore("out"));
    tr::detail::virtual_time::run_for(sys, 7s);
    CHECK(is_root(r, "calls", stall_cause::silent_source));
    CHECK(stall_of(r).roots.at(0).lasts == 7s);
    CHECK(stall_of(r).waits.at(0).lasts == 7s); // nothing has ever come

    r.pause("ledger");
    tr::detail::virtual_time::run_for(sys, 3s);
    CHECK(is_root(r, "ledger", stall_cause::paused));
    CHECK(stall_of(r).roots.at(0).lasts == 3s);

    r.resume("ledger");
    tr::detail::virtual_time::run_for(sys, 2s);
    CHECK(is_root(r, "calls", stall_cause::silent_source));
    r.stop();
    CHECK(r.why() == "nothing waits");
  }

  TEST_CASE("a function that does not return, and with which item") {
    threaded_system sys;
    std::promise<void> let_go;
    auto r = tr::start(sys, numbered()
                                | tr::stage("ledger",
                                            [&, freed = let_go.get_future().share()](int x) {
                                              if (x == 5)
                                                freed.wait();
                                              return x;
                                            },
                                            {.thread = tr::thread::own})
                                | tr::ignore("out"));

    CHECK(eventually([&] {
      const auto s = stall_of(r);
      return s.roots.size() == 1 && s.roots[0].stage == "ledger"
             && s.roots[0].cause == stall_cause::in_function && s.roots[0].first_item <= 5
             && s.roots[0].last_item >= 5;
    }));
    let_go.set_value();
    r.stop();
  }

  TEST_CASE("an outbox that nobody reads") {
    threaded_system sys;
    auto [out, end] = tr::outbox<int>("letters", {.capacity = 3});
    auto r = tr::start(sys, numbered() | end);

    CHECK(eventually([&] { return is_root(r, "letters", stall_cause::unread); }));
    r.stop();
  }

  TEST_CASE("a service that does not answer") {
    threaded_system sys;
    std::promise<void> let_go;
    const auto slow = tr::worker_pool("slow", [freed = let_go.get_future().share()](int x) {
      freed.wait();
      return x;
    });
    auto svc = tr::serve(sys, slow);
    auto r = tr::start(sys, numbered() | svc | tr::ignore("out"));

    CHECK(eventually([&] { return is_root(r, "slow", stall_cause::asks); }));
    let_go.set_value();
    r.stop();
  }
}
