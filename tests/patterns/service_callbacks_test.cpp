#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/balancer.hpp>
#include <troupe/call.hpp>
#include <troupe/scatter_gather.hpp>
#include <troupe/service.hpp>
#include <troupe/service_of.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using support::threaded_system;
using support::virtual_system;

namespace {

using int_service = tr::service<int, int>;

/// Callers that ask with a callback, and note where it was called.
template <class Service>
class caller {
public:
  explicit caller(Service s) : svc_(std::move(s)) {}

  void ask(const tr::context& ctx = {}) {
    ++asked;
    inside_ = true;
    svc_.ask(1, ctx, [this](const auto& r) {
      inside_calls += inside_ ? 1 : 0;
      codes.push_back(r ? tr::errc::none : r.error().code());
    });
    inside_ = false;
  }
  const Service& service() const { return svc_; }

  int asked = 0;
  int inside_calls = 0;
  std::vector<tr::errc> codes;

private:
  Service svc_;
  bool inside_ = false;
};

template <class Service>
void never_inside(virtual_system& sys, Service svc) {
  caller<Service> c{std::move(svc)};
  tr::context cancelled;
  cancelled.cancel();

  c.ask(cancelled);
  for (int i = 0; i < 5; ++i) // one or two get in
    c.ask();
  CHECK(c.codes.empty());
  tr::detail::virtual_time::run_jobs(sys);
  CHECK(c.codes.size() == 6);
  CHECK(std::count(c.codes.begin(), c.codes.end(), tr::errc::cancelled) == 1);
  CHECK(std::count(c.codes.begin(), c.codes.end(), tr::errc::pool_full) >= 3);

  c.service().drain();
  c.ask();
  CHECK(c.codes.size() == 6);
  tr::detail::virtual_time::run_jobs(sys);
  CHECK(c.codes.back() == tr::errc::closed);
  CHECK(c.inside_calls == 0);
}

tr::pool_options small() { return {.queue = 1, .overflow = tr::overflow::shed}; }
int same(int i) { return i; }

} // namespace

TEST_SUITE("service") {
  TEST_CASE("no callback is called inside of ask, whatever is asked") {
    virtual_system sys;
    SUBCASE("a pool") { never_inside(sys, tr::serve(sys, tr::worker_pool("p", same, small()))); }
    SUBCASE("a call") {
      never_inside(sys, tr::serve(sys, tr::call("c", same,
                                                tr::call_options{.queue = 1,
                                                                 .overflow = tr::overflow::shed})));
    }
    SUBCASE("a scatter_gather") {
      never_inside(
          sys, tr::serve(sys, tr::scatter_gather<int, int>("g", {same, same}, {.in_flight = 1})));
    }
    SUBCASE("an actor") {
      const caf::actor echo = (*sys).spawn([] { return caf::behavior{[](int i) { return i; }}; });
      never_inside(sys,
                   tr::serve(sys, tr::service_of<int, int>(
                                      echo, {.max_in_flight = 1, .overflow = tr::overflow::shed})));
      tr::detail::anon_exit(echo);
      tr::detail::virtual_time::run_jobs(sys);
    }
    SUBCASE("a balancer") {
      auto pool = tr::serve(sys, tr::worker_pool("p", same, small()));
      never_inside(sys, tr::balance_over(sys, "b", std::vector{pool}));
    }
  }

  TEST_CASE("who asks again in the callback of a refused call is not called from there") {
    threaded_system sys;
    std::promise<void> begun;
    std::promise<void> go_on;
    auto svc = tr::serve(
        sys,
        tr::worker_pool("p",
                        [&](int i) {
                          if (i == 1)
                            begun.set_value();
                          go_on.get_future().wait();
                          return i;
                        },
                        {.queue = 1, .overflow = tr::overflow::shed, .thread = tr::thread::own}));
    auto first = svc.ask(1);
    begun.get_future().wait();
    auto second = svc.ask(2);
    thread_local int depth = 0;
    std::atomic<int> deepest{0};
    std::atomic<int> refused{0};
    std::function<void(tr::result<int>)> again = [&](const tr::result<int>& r) {
      deepest = std::max<int>(deepest, depth);
      if (r || r.error().code() != tr::errc::pool_full || ++refused == 20'000)
        return;
      ++depth;
      svc.ask(3, again);
      --depth;
    };

    svc.ask(3, again);
    while (refused < 20'000)
      std::this_thread::yield();

    CHECK(deepest == 0);
    go_on.set_value();
  }

  TEST_CASE("a lock that is held around ask is free for the callback") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("p", same));
    svc.drain();
    std::mutex mine;
    bool taken = false;
    {
      const std::lock_guard lock{mine};
      svc.ask(1, [&](const tr::result<int>&) {
        taken = mine.try_lock();
        mine.unlock();
      });
    }
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(taken);
  }

  TEST_CASE("after drain and after the end of the last handle no callback is left") {
    threaded_system sys;
    for (const bool drains : {true, false}) {
      auto svc = std::make_unique<int_service>(
          tr::serve(sys, tr::worker_pool("p", same, {.thread = tr::thread::own})));
      tr::context cancelled;
      cancelled.cancel();
      std::atomic<int> called{0};
      for (int i = 0; i < 100; ++i)
        svc->ask(1, cancelled, [&](const tr::result<int>&) { ++called; });
      if (drains)
        svc->drain();
      else
        svc = nullptr;
      CHECK(called == 100);
    }
  }
}
