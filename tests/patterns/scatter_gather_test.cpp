#include <troupe/gather_options.hpp>
#include <troupe/scatter_gather.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

int plus_one(const int& x) { return x + 1; }
int plus_two(int x) { return x + 2; }
tr::result<int> fails(const int&) { return tr::fail(tr::errc::stage_failed, "broken"); }
int crashes(int) { throw std::runtime_error("crash"); }

/// A service that takes `wait` of virtual time for an answer: it fails, and tries again.
auto slow(tr::duration wait) {
  return tr::worker_pool(
      "slow",
      [first = true](int x) mutable -> tr::result<int> {
        first = !first;
        if (!first)
          return tr::fail(tr::errc::stage_failed, "not yet");
        return 100 + x;
      },
      {.on_error = tr::on_error::retry(
           {.attempts = 2, .backoff = {wait, wait}, .jitter = tr::jitter::none})});
}

using answer = tr::result<std::vector<tr::result<int>>>;

std::string line(const answer& a) {
  if (!a)
    return std::string{to_string(a.error().code())};
  std::string all;
  for (const auto& r : *a)
    all += (all.empty() ? "" : " ")
           + (r ? std::to_string(*r) : std::string{to_string(r.error().code())});
  return all;
}

} // namespace

TEST_SUITE("scatter_gather") {
  TEST_CASE("all answers with each function's own result, in their order") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::scatter_gather<int, int>("s", {plus_one, fails, plus_two, crashes}));

    CHECK(line(svc.ask(1).get()) == "2 stage_failed 3 worker_died");
    CHECK(line(svc.ask(2).get()) == "3 stage_failed 4 worker_died");
  }

  TEST_CASE("first, quorum and best answer as their rule says") {
    virtual_system sys;
    const auto ask = [&](tr::gather how, std::vector<tr::responder<int, int>> services) {
      auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", std::move(services),
                                                             {.gather = how, .within = 50ms}));
      return line(svc.ask(1).get());
    };
    const auto late = tr::serve(sys, slow(1s));

    CHECK(ask(tr::gather::first, {fails, plus_one, late}) == "stage_failed 2 cancelled");
    CHECK(ask(tr::gather::quorum(2), {late, plus_one, plus_two}) == "cancelled 2 3");
    CHECK(ask(tr::gather::quorum(2), {fails, plus_one, fails}) == "quorum_unreachable");
    CHECK(ask(tr::gather::quorum(2), {fails, plus_one, late}) == "quorum_unreachable");
    CHECK(ask(tr::gather::best(1), {late, plus_one, fails}) == "timed_out 2 stage_failed");
    CHECK(ask(tr::gather::best(2), {late, plus_one, fails}) == "quorum_unreachable");
  }

  TEST_CASE("scatter-gather: one slow service never delays past the limit") {
    virtual_system sys;
    const auto late = tr::serve(sys, slow(10s));
    auto svc = tr::serve(
        sys, tr::scatter_gather<int, int>("s", {plus_one, late, plus_two}, {.within = 50ms}));
    const auto begin = tr::detail::now(sys);

    CHECK(line(svc.ask(1).get()) == "2 timed_out 3");

    CHECK(tr::detail::now(sys) - begin == 50ms);
  }

  TEST_CASE("a dead service is an error among the results") {
    virtual_system sys;
    const auto dead = tr::serve(sys, tr::worker_pool("dead", plus_one));
    dead.drain();
    auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {dead, plus_two}));

    CHECK(line(svc.ask(1).get()) == "closed 3");
  }

  TEST_CASE("a nested service is asked, too") {
    virtual_system sys;
    const auto inner = tr::serve(sys, tr::scatter_gather<int, int>("inner", {plus_one, plus_two}));
    auto outer = tr::serve(
        sys, tr::scatter_gather<int, std::vector<tr::result<int>>>("outer", {inner, inner}));

    const auto a = outer.ask(1).get();
    REQUIRE(a);
    CHECK(line(a->at(0)) == "2 3");
    CHECK(line(a->at(1)) == "2 3");
  }

  TEST_CASE("losers see in their context that nobody waits") {
    threaded_system sys;
    std::promise<void> cancelled;
    std::atomic<bool> quick_may_answer{false};
    const auto loser = [&](const int&, tr::context& ctx) {
      std::promise<void> over;
      const auto id = ctx.on_cancel([&] { over.set_value(); });
      quick_may_answer = true;
      quick_may_answer.notify_all();
      over.get_future().wait();
      ctx.forget(id);
      cancelled.set_value();
      return 0;
    };
    const auto winner = [&](const int&) {
      quick_may_answer.wait(false);
      return 1;
    };
    auto svc = tr::serve(
        sys, tr::scatter_gather<int, int>("s", {loser, winner}, {.gather = tr::gather::first}));

    CHECK(line(svc.ask(1).get()) == "cancelled 1");
    cancelled.get_future().wait(); // without the cancellation: for ever
  }

  TEST_CASE("a cancelled caller is answered at once, and a deadline ends its request") {
    virtual_system sys;
    const auto late = tr::serve(sys, slow(10s));
    auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {late, plus_one}));
    tr::context ctx;
    auto f = svc.ask(1, ctx);
    tr::detail::virtual_time::run_jobs(sys);

    ctx.cancel();

    CHECK(line(f.get()) == "cancelled");
    CHECK(line(svc.ask(1, ctx).get()) == "cancelled");
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(svc.metrics().counters.in_flight == 0);
  }

  TEST_CASE("a request more than in_flight is refused, and try_ask says so") {
    virtual_system sys;
    const auto late = tr::serve(sys, slow(10s));
    auto svc = tr::serve(
        sys, tr::scatter_gather<int, int>("s", {late}, {.within = 50ms, .in_flight = 1}));

    auto first = svc.ask(1);
    CHECK_FALSE(svc.try_ask(2));
    CHECK(line(svc.ask(3).get()) == "pool_full");
    CHECK(line(first.get()) == "timed_out");
    CHECK(svc.try_ask(4));
  }

  TEST_CASE("a drain answers what is inside, lets nothing in, and accounts for all") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {plus_one, plus_two}));
    auto inside = svc.ask(1);
    auto other = svc.ask(2);

    const auto end = accounted(svc.drain());

    CHECK(end.clean());
    CHECK(end.stage("s").delivered == 2);
    CHECK(line(inside.get()) == "2 3");
    CHECK(line(svc.ask(1).get()) == "closed");
  }

  TEST_CASE("a drain past its limit abandons, and answers closed") {
    virtual_system sys;
    const auto late = tr::serve(sys, slow(10s));
    auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {late}));
    auto inside = svc.ask(1);

    const auto end = accounted(svc.drain(1s));

    CHECK(end.stage("s").abandoned == 1);
    CHECK(line(inside.get()) == "closed");
  }

  TEST_CASE("the last handle leaves no actor, and open requests are answered first") {
    virtual_system sys;
    std::future<answer> f;
    {
      auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {plus_one, plus_two}));
      f = svc.ask(1);
    }
    CHECK(line(f.get()) == "2 3");
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("metrics say that it is a scatter-gather, and what became of the requests") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::scatter_gather<int, int>("s", {fails}, {.gather = tr::gather::first}));
    svc.ask(1).get();

    const auto m = svc.metrics();
    CHECK(m.name == "s");
    CHECK(m.kind == tr::pattern_kind::scatter_gather);
    CHECK(m.counters.received == 1);
    CHECK(m.counters.failed == 1);
  }

  TEST_CASE("answers many threads, each its own") {
    threaded_system sys;
    auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {plus_one, plus_two}));
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);

    for (std::size_t t = 0; t < wrong.size(); ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i)
          wrong[t] += line(svc.ask(i).get()) == std::to_string(i + 1) + " " + std::to_string(i + 2)
                          ? 0
                          : 1;
      });
    for (auto& t : threads)
      t.join();

    CHECK(wrong == std::vector<int>(4, 0));
  }

  TEST_CASE("as a stage it answers each item in order, and ends with the flow") {
    threaded_system sys;
    std::vector<std::vector<tr::result<int>>> out;
    const auto before = sys.actors();
    auto r = tr::start(sys, tr::from("n", numbers(50))
                                | tr::scatter_gather<int, int>("search", {plus_one, plus_two})
                                | tr::collect("out", out));

    CHECK(accounted(r.wait()).clean());
    CHECK(r.metrics("search").kind == tr::pattern_kind::scatter_gather);
    REQUIRE(out.size() == 50);
    for (int i = 0; i < 50; ++i) {
      CHECK(out[static_cast<std::size_t>(i)][0] == i + 1);
      CHECK(out[static_cast<std::size_t>(i)][1] == i + 2);
    }
    while (sys.actors() > before) // its services end by themselves
      std::this_thread::yield();
  }

  TEST_CASE("regression: a request that cannot be copied is answered, and the service goes on") {
    struct request {
      int x;
      explicit request(int n) : x(n) {}
      request(const request& other) : x(other.x) {
        if (x == 13)
          throw std::runtime_error{"no copy"};
      }
      request(request&&) noexcept = default;
    };
    virtual_system sys;
    const auto f = [](const request& r) { return r.x; };
    auto svc = tr::serve(sys, tr::scatter_gather<request, int>("s", {f, f}));

    CHECK(line(svc.ask(request{1}).get()) == "1 1");
    const auto broken = svc.ask(request{13}).get();
    CHECK(line(broken) == "stage_failed stage_failed");
    CHECK((*broken)[0].error().message() == "the request could not be handed on: no copy");
    CHECK(line(svc.ask(request{2}).get()) == "2 2");
    CHECK(svc.metrics().counters.in_flight == 0);
  }

  TEST_CASE("an empty handle among the services is refused") {
    CHECK(refusal([] {
            (void)tr::scatter_gather<int, int>("s", {plus_one, tr::service<int, int>{}});
          })
          == "scatter_gather: the handle of one of its services is empty; get one from serve");
  }

  TEST_CASE("options out of range are refused, with name, option, value and range") {
    const auto refused = [](const tr::gather_options& o, const std::string& name = "search") {
      return refusal([&] { (void)tr::scatter_gather<int, int>(name, {plus_one, plus_two}, o); });
    };
    CHECK(refused({.gather = tr::gather::quorum(3)})
          == "scatter_gather \"search\": gather::quorum = 3, needs 1 to the number of services, 2");
    CHECK(refused({.within = -1ms})
          == "scatter_gather \"search\": within = -1 ms, needs at least 0 ms");
    CHECK(refused({.within = tr::duration::max()}) == "nothing was refused");
    CHECK(refused({.workers = 0}) == "scatter_gather \"search\": workers = 0, needs 1 to 10000");
    CHECK(refused({.in_flight = 0})
          == "scatter_gather \"search\": in_flight = 0, needs 1 to 1000000000");
    CHECK(refused({}, "") == "scatter_gather \"\": name = \"\", needs at least one character");
  }
}
