#include <doctest/doctest.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>

#include <caf/event_based_actor.hpp>

#include "../support.hpp"
#include "../threads.hpp"
#include "stress_time.hpp"

namespace tr = troupe;
using namespace support;

// Many short runs and services, one after the other, ended in each way there is: nothing adds up.
namespace {

int same(int x) { return x; }

double bytes_in_use() { return static_cast<double>(mallinfo2().uordblks); }

/// 10,000 of each with TROUPE_STRESS_SECONDS=10 and more.
int rounds() { return full_stress() ? 10'000 : 200; }

/// Lives `n` times, and looks at what is left of it: no actor after any of them. What is kept once,
/// for reuse, is there after the first hundred.
void live(threaded_system& sys, const std::string& how, const std::function<void(int)>& once) {
  CAPTURE(how);
  for (int i = 0; i < 150; ++i)
    once(i);
  const auto before = bytes_in_use();
  const auto threads_before = threads();
  const auto began = std::chrono::steady_clock::now();
  const auto n = rounds();
  std::size_t left = 0;
  for (int i = 0; i < n; ++i) {
    once(i);
    left += sys.actors();
  }

  CHECK(left == 0);
  const auto took = std::chrono::steady_clock::now() - began;
  // The system takes its time to end a thread, and the clock's thread to let go of an actor.
  const auto settled
      = [&] { return threads() <= threads_before + 4 && (bytes_in_use() - before) / n < 1024; };
  for (const auto until = std::chrono::steady_clock::now() + 5s;
       !settled() && std::chrono::steady_clock::now() < until;)
    std::this_thread::yield();
  CHECK(threads() <= threads_before + 4);
  CHECK((bytes_in_use() - before) / n < 1024);
  MESSAGE(how << ": " << n << " in " << took / 1ms << " ms, " << (bytes_in_use() - before) / n
              << " bytes and " << threads() << " threads left, " << threads_before << " before");
}

auto short_flow(int i) {
  return tr::from("n", numbers(10)) | tr::map("m", same)
         | tr::sink("end", [](int) {},
                    {.thread = i % 8 == 0 ? tr::thread::own : tr::thread::shared});
}
auto endless_flow() {
  return tr::produce<int>("n", endless()) | tr::sink("end", [](int) {});
}

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("short runs leave nothing, however they end") {
    threaded_system sys;
    const auto root = tr::context::background();
    live(sys, "waited for", [&](int i) { tr::start(sys, short_flow(i)).wait(); });
    live(sys, "drained", [&](int i) { tr::start(sys, short_flow(i)).drain(1h); });
    live(sys, "stopped", [&](int) { tr::start(sys, endless_flow()).stop(); });
    live(sys, "destroyed",
         [&](int i) { (void)tr::start(sys, short_flow(i), tr::run_options{.drain_limit = 1h}); });
    live(sys, "context cancelled", [&](int) {
      auto ctx = root.child();
      auto r = tr::start(sys, endless_flow(), tr::run_options{.ctx = ctx});
      ctx.cancel();
      r.wait();
    });
    live(sys, "context far away", [&](int i) {
      tr::start(sys, short_flow(i), tr::run_options{.ctx = root.with_timeout(1h)}).wait();
    });
    live(sys, "deadline", [&](int) {
      tr::start(sys, endless_flow(), tr::run_options{.ctx = root.with_timeout(200us)}).wait();
    });
    live(sys, "failed", [&](int) {
      auto r = tr::start(sys, tr::produce<int>("n", endless()) | tr::map("m", [](int x) -> int {
                                throw std::runtime_error("item " + std::to_string(x));
                              }) | tr::ignore("end"));
      r.wait();
    });
  }

  TEST_CASE("short services leave nothing, however they end") {
    threaded_system sys;
    const auto root = tr::context::background();
    const auto each = [&](const char* what, auto serve) {
      CAPTURE(what);
      const auto far = root.with_timeout(1h);
      const auto how = [what](const char* end) { return std::string{what} + " " + end; };
      live(sys, how("drained"), [&](int i) {
        auto svc = serve({.drain_limit = 1h});
        REQUIRE(svc.ask(i, far).get());
        svc.drain(1h);
      });
      live(sys, how("destroyed"), [&](int i) {
        auto svc = serve({.drain_limit = 1h});
        REQUIRE(svc.ask(i).get());
        if constexpr (std::same_as<decltype(svc), tr::service<int, int>>) // the answer is a message
          if (i % 16 == 0)
            (void)svc.actor();
      });
      live(sys, how("context cancelled"), [&](int i) {
        auto ctx = root.child();
        auto svc = serve({.ctx = ctx});
        REQUIRE(svc.ask(i).get());
        ctx.cancel();
      });
      live(sys, how("context over"), [&](int i) {
        auto ctx = root.child();
        ctx.cancel();
        auto svc = serve({.ctx = ctx});
        CHECK_FALSE(svc.ask(i).get());
      });
      live(sys, how("deadline"), [&](int i) {
        {
          auto svc = serve({.ctx = root.with_timeout(200us)});
          (void)svc.ask(i).get();
        }
        // The functions of a call are abandoned then, and nobody waits for them.
        while (std::string_view{what} == "call" && sys.actors() > 0)
          std::this_thread::yield();
      });
    };
    each("pool",
         [&](const tr::run_options& o) { return tr::serve(sys, tr::worker_pool("p", same), o); });
    each("pool with own threads", [&](const tr::run_options& o) {
      return tr::serve(sys, tr::worker_pool("p", same, {.thread = tr::thread::own}), o);
    });
    each("call", [&](const tr::run_options& o) {
      return tr::serve(sys, tr::call("c", same, tr::retry{}, tr::timeout{1h}), o);
    });
    each("scatter_gather", [&](const tr::run_options& o) {
      return tr::serve(sys, tr::scatter_gather<int, int>("s", {same, same}, {.within = 1h}), o);
    });
  }

  TEST_CASE("short services in front of an actor leave nothing in it") {
    threaded_system sys;
    const auto doubler = (*sys).spawn<caf::hidden>(
        [](caf::event_based_actor*) -> caf::behavior { return {[](int x) { return 2 * x; }}; });
    live(sys, "service_of", [&](int i) {
      auto svc = tr::serve(sys, tr::service_of<int, int>(doubler, {.timeout = 1h}));
      REQUIRE(svc.ask(i).get());
    });
    tr::detail::anon_kill(doubler);
  }
}
