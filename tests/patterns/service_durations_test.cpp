#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>

#include "../durations.hpp"
#include "call_fixture.hpp"
#include <troupe/service_of.hpp>

namespace tr = troupe;
using namespace durations;
using namespace support;

namespace {

using service = tr::service<int, int>;

/// Fails the first time.
auto second_time_lucky() {
  return [n = 0](int x) mutable -> tr::result<int> {
    return n++ == 0 ? failed() : tr::result<int>{x};
  };
}

/// Services that answer after a second: the first attempt fails.
service slow_call(virtual_system& sys) {
  return tr::serve(sys, tr::call("call", second_time_lucky(), every(1s, 2)));
}
service slow_pool(virtual_system& sys) {
  return tr::serve(sys, tr::worker_pool("pool", second_time_lucky(),
                                        {.on_error = tr::on_error::retry(every(1s, 2))}));
}

/// Answers after a second, once.
struct slow_actor {
  explicit slow_actor(virtual_system& s) : sys(s), actor((*s).spawn(behavior)) {}
  ~slow_actor() {
    tr::detail::anon_kill(actor);
    actor = nullptr;
    tr::detail::virtual_time::run_jobs(sys);
  }
  slow_actor(const slow_actor&) = delete;
  slow_actor& operator=(const slow_actor&) = delete;

  static caf::behavior behavior(caf::event_based_actor* self) {
    auto promise = std::make_shared<caf::typed_response_promise<int>>();
    return {[self, promise](int) {
              *promise = self->make_response_promise<int>();
              self->delayed_send(self, std::chrono::seconds{1}, std::string{"now"});
              return *promise;
            },
            [promise](const std::string&) { promise->deliver(7); }};
  }

  virtual_system& sys;
  caf::actor actor;
};

/// What became of a call that takes a second, when its service was told to end within `d`.
void check_drain(virtual_system& sys, const service& svc, time_span d) {
  auto answer = svc.ask(1);
  tr::detail::virtual_time::run_jobs(sys);
  svc.drain(d);
  CHECK(answer.get().has_value() == for_ever(d));
}

std::vector<row> drains() {
  return {
      {"service drain", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         check_drain(sys, slow_call(sys), d);
       }},
      {"drain of a pool", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         check_drain(sys, slow_pool(sys), d);
       }},
      {"drain of a scatter_gather", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         const auto inner = slow_call(sys);
         const auto svc = tr::serve(sys, tr::scatter_gather<int, int>("g", {inner}));
         auto answer = svc.ask(1);
         tr::detail::virtual_time::run_jobs(sys);
         svc.drain(d);
         holds(answer.get().has_value() == for_ever(d));
       }},
      {"drain of a service_of", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         const slow_actor a{sys};
         check_drain(sys, tr::serve(sys, tr::service_of<int, int>(a.actor, {.name = "a"})), d);
       }},
      {"drain of a balancer", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         const auto one = slow_call(sys);
         const auto svc = tr::balance_over<int, int>(sys, "b", {one});
         auto answer = svc.ask(1);
         tr::detail::virtual_time::run_jobs(sys);
         holds(svc.drain(d).clean() == for_ever(d));
       }},
  };
}

/// Whether a call behind these policies is answered with a value; all that is left to happen then
/// does, within a day.
template <class... Policies>
bool answered(virtual_system& sys, backend& b, tr::context ctx, Policies... policies) {
  std::optional<bool> good; // outlives the service, whose end may answer
  auto svc = tr::serve(sys, tr::call("c", b.function(sys), std::move(policies)...));
  svc.ask(1, std::move(ctx), [&](tr::result<int> r) { good = r.has_value(); });
  tr::detail::virtual_time::run_for(sys, 24h);
  return good.value_or(false);
}

template <class... Policies>
bool answered(Policies... policies) {
  virtual_system sys;
  backend b;
  b.answers = fails_first(1);
  return answered(sys, b, on_clock(sys), std::move(policies)...);
}

std::vector<row> policies() {
  return {
      {"context with_timeout", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         backend b;
         b.answers = fails_first(1);
         holds(answered(sys, b, on_clock(sys).with_timeout(d), every(1s, 2)) == for_ever(d));
       }},
      {"timeout after", "after = ", takes::above_zero,
       [](time_span d) { holds(answered(tr::timeout{d}, every(1s, 2)) == for_ever(d)); }},
      {"settings timeout", "after = ", takes::above_zero,
       [](time_span d) {
         virtual_system sys;
         backend b;
         b.answers = fails_first(1);
         auto svc = tr::serve(sys, tr::call("c", b.function(sys), tr::timeout{1ms}, every(1s, 2)));
         svc.configure({.timeout = d});
         holds(svc.ask(1).get().has_value() == for_ever(d));
       }},
      {"hedge_delay after", "after = ", takes::above_zero,
       [](time_span d) {
         virtual_system sys;
         backend b;
         b.answers = fails_first(1);
         holds(answered(sys, b, on_clock(sys), tr::hedge{.after = d}, every(1s, 2)));
         holds(b.calls() >= 2);
       }},
      {"bulkhead wait", "wait = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         auto svc = tr::serve(sys, tr::call("c", second_time_lucky(),
                                            tr::bulkhead{.max = 1, .wait = d}, every(1s, 2)));
         auto first = svc.ask(1);
         auto second = svc.ask(2);
         holds(first.get().has_value());
         holds(second.get().has_value() == for_ever(d));
       }},
      {"backoff min", "backoff.min = ", takes::from_zero,
       [](time_span d) {
         holds(answered(tr::retry{.attempts = 2,
                                  .backoff = {d, duration::max()},
                                  .jitter = tr::jitter::none,
                                  .budget = 1e9})
               == !for_ever(d));
       }},
      {"backoff max", "backoff.max = ", takes::from_zero,
       [](time_span d) {
         holds(answered(tr::retry{.attempts = 2, .backoff = {0s, d}, .budget = 1e9}));
       }},
      {"rate every", "", takes::all,
       [](time_span d) {
         virtual_system sys;
         backend b;
         if (d == duration::min()) // no rate
           return;
         int got = 0;
         auto svc = tr::serve(sys, tr::call("c", b.function(sys), tr::rate_limit(tr::every(d))));
         for (int i = 0; i < 2; ++i)
           svc.ask(i, [&](const tr::result<int>& r) { got += r.has_value() ? 1 : 0; });
         tr::detail::virtual_time::run_for(sys, 24h);
         holds(got == (for_ever(d) ? 1 : 2));
       }},
      {"breaker_handle force_open", "for = ", takes::above_zero,
       [](time_span d) {
         virtual_system sys;
         backend b;
         auto svc = tr::serve(sys, tr::call("c", b.function(sys), tr::circuit_breaker{}));
         svc.breaker().force_open(d);
         tr::detail::virtual_time::run_for(sys, 24h);
         holds(svc.ask(1).get().has_value() == !for_ever(d));
       }},
      {"circuit_breaker cooldown", "cooldown = ", takes::above_zero,
       [](time_span d) {
         const tr::circuit_breaker breaker{.window = tr::last_calls(1),
                                           .minimum_calls = 1,
                                           .cooldown = d,
                                           .max_cooldown = duration::max()};
         holds(answered(every(1s, 2), breaker) == !for_ever(d));
       }},
  };
}

std::vector<row> options() {
  return {
      {"worker_pool wait_target", "wait_target = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         auto svc = tr::serve(sys, tr::worker_pool("p", [](int x) { return x; },
                                                   {.workers = {1, 3}, .wait_target = d}));
         holds(svc.ask(1).get().has_value());
       }},
      {"worker_pool cooldown", "cooldown = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         auto svc = tr::serve(sys, tr::worker_pool("p", [](int x) { return x; },
                                                   {.workers = {1, 3}, .cooldown = d}));
         std::vector<std::future<tr::result<int>>> all;
         for (int i = 0; i < 20; ++i)
           all.push_back(svc.ask(i));
         for (auto& a : all)
           holds(a.get().has_value());
         tr::detail::virtual_time::run_for(sys, 1min);
       }},
      {"gather_options within", "within = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         const auto inner = slow_call(sys);
         auto svc
             = tr::serve(sys, tr::scatter_gather<int, int>(
                                  "g", {inner}, {.gather = tr::gather::quorum(1), .within = d}));
         holds(svc.ask(1).get().has_value() == (d == 0s || for_ever(d)));
       }},
      {"service_of timeout", "timeout = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         const slow_actor a{sys};
         auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor, {.name = "a", .timeout = d}));
         holds(svc.ask(1).get().has_value() == (d == 0s || for_ever(d)));
       }},
      {"call_options restarts", "restarts.min = ", takes::from_zero,
       [](time_span d) {
         virtual_system sys;
         auto svc = tr::serve(sys, tr::call(
                                       "c", [](int x) { return x; },
                                       tr::call_options{.restarts = {d, duration::max()}}));
         holds(svc.ask(1).get().has_value());
       }},
  };
}

} // namespace

TEST_SUITE("service durations") {
  TEST_CASE("every kind of service drains for as long as it is told to, and max() is no limit") {
    check_all(drains());
  }
  TEST_CASE("policies of calls take the ends of their ranges, or refuse them by name") {
    check_all(policies());
  }
  TEST_CASE("options of services take the ends of their ranges, or refuse them by name") {
    check_all(options());
  }
}
