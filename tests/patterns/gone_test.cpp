#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include <caf/scoped_actor.hpp>

#include "../support.hpp"
#include "../threads.hpp"

namespace tr = troupe;
using namespace support;

// What has ended is gone: actors, threads, timers, functions, and the need for an actor system.
namespace {

int twice(int x) { return 2 * x; }

/// Threads end shortly after the actors that had them.
bool falls_to(std::size_t wanted) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (threads() > wanted)
    if (std::chrono::steady_clock::now() > end)
      return false;
    else
      std::this_thread::yield();
  return true;
}

/// An actor system whose room is overwritten when it is gone: who still looks at it falls.
class mortal_system {
public:
  mortal_system() { new (room_) caf::actor_system{config_}; }
  mortal_system(const mortal_system&) = delete;
  mortal_system& operator=(const mortal_system&) = delete;
  ~mortal_system() { end(); }

  operator caf::actor_system&() {
    return *std::launder(reinterpret_cast<caf::actor_system*>(room_));
  }
  void end() {
    if (std::exchange(ended_, true))
      return;
    static_cast<caf::actor_system&>(*this).~actor_system();
    std::memset(room_, 0xff, sizeof room_);
  }

private:
  tr::config config_;
  alignas(caf::actor_system) std::byte room_[sizeof(caf::actor_system)];
  bool ended_ = false;
};

/// While it lives, no thread can be had: each would need a stack larger than there is memory.
class no_more_threads {
public:
  no_more_threads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 46U);
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  no_more_threads(const no_more_threads&) = delete;
  no_more_threads& operator=(const no_more_threads&) = delete;
  ~no_more_threads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }

private:
  pthread_attr_t before_{};
};

std::string text_of(const caf::error& e) { return caf::to_string(e); }

} // namespace

TEST_SUITE("gone") {
  TEST_CASE("what functions captured is gone when the run has ended, though its handle lives") {
    virtual_system sys;
    const auto owned = std::make_shared<int>(1);
    const auto start = [&](auto make) {
      return tr::start(sys, tr::from("n", numbers(3)) | make([owned](int x) { return x + *owned; })
                                | tr::ignore("end"));
    };
    tr::run r;
    SUBCASE("a stage's") {
      r = start([](auto f) { return tr::map("work", f); });
    }
    SUBCASE("one whose workers are made anew") {
      r = start([](auto f) {
        return tr::stage("work", f, {.parallel = 2, .intensity = tr::restart_intensity{3, 5s}});
      });
    }
    SUBCASE("a pool's") {
      r = start([](auto f) { return tr::worker_pool("work", f); });
    }
    SUBCASE("a call's") {
      r = start([](auto f) { return tr::call("work", f, tr::retry{}); });
    }
    SUBCASE("a source's") {
      r = tr::start(sys, tr::produce<int>("n", [owned] { return std::optional<int>{}; })
                             | tr::ignore("end"));
    }
    SUBCASE("a key's") {
      r = tr::start(sys,
                    tr::from("n", numbers(3))
                        | tr::fan_out("work", twice,
                                      {.workers = 2, .to = tr::dispatch::by_key([owned](int x) {
                                                       return x + *owned;
                                                     })})
                        | tr::fan_in("in") | tr::ignore("end"));
    }

    const auto nodes = r.topology().to_text();
    CHECK(r.wait().clean());
    CHECK(owned.use_count() == 1);
    CHECK(r.topology().to_text() == nodes);
    CHECK(r.metrics().stages.size() == r.wait().stages().size());
    CHECK(tr::detail::actors_of(r).empty());
    r.pause("end"); // nothing is left to do
    CHECK_THROWS_AS(r.configure("end", {.parallel = 3}), std::invalid_argument);
  }

  TEST_CASE("no timer outlives what set it") {
    virtual_system sys;
    const auto far = on_clock(sys).with_timeout(1h);
    SUBCASE("a run that is drained") {
      auto r = tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"));
      r.drain(1h);
    }
    SUBCASE("a run that is destroyed") {
      (void)tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"));
    }
    SUBCASE("a run with a deadline") {
      tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"), tr::run_options{.ctx = far})
          .wait();
    }
    SUBCASE("a batch that waits for more") {
      tr::start(sys, tr::from("n", numbers(3)) | tr::batch("b", {.size = 10, .within = 1h})
                         | tr::ignore("end"))
          .wait();
    }
    SUBCASE("a pool that follows its load") {
      auto svc = tr::serve(
          sys, tr::worker_pool("p", twice, {.workers = {.min = 1, .max = 4}, .cooldown = 1h}));
      CHECK(svc.ask(1, far).get() == 2);
    }
    SUBCASE("a call") {
      auto svc = tr::serve(sys, tr::call("c", twice, tr::timeout{1h}));
      CHECK(svc.ask(1, far).get() == 2);
    }
    SUBCASE("a scatter_gather") {
      auto svc = tr::serve(sys, tr::scatter_gather<int, int>("s", {twice}, {.within = 1h}));
      CHECK(svc.ask(1, far).get().value().size() == 1);
    }
    SUBCASE("a monitor") {
      const tr::monitor m{sys, {.sample_every = 1h}};
      tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"), const_cast<tr::monitor&>(m))
          .wait();
    }
    SUBCASE("a supervisor") {
      tr::supervisor sup{*sys, "top", {.backoff = {1h, 1h}}};
      const auto child
          = sup.add("child", [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
      tr::detail::anon_kill(*child);
      tr::detail::virtual_time::run_jobs(sys);
    }
    CHECK_FALSE(tr::detail::virtual_time::next_timeout(sys));
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("answered calls with a deadline leave one timer for all of them") {
    virtual_system sys;
    const auto far = on_clock(sys).with_timeout(1h);
    const auto one = [](auto svc, const tr::context& ctx, caf::actor_system& system) {
      for (int i = 0; i < 100; ++i)
        REQUIRE(svc.ask(i, ctx).get());
      int timers = 0;
      while (tr::detail::virtual_time::trigger_next_timeout(system)) {
        tr::detail::virtual_time::run_jobs(system);
        ++timers;
      }
      return timers;
    };
    CHECK(one(tr::serve(sys, tr::worker_pool("p", twice)), far, sys) <= 1);
    CHECK(one(tr::serve(sys, tr::call("c", twice)), on_clock(sys).with_timeout(1h), sys) <= 1);
    // One of its own, and one of the pool that its function has.
    CHECK(one(tr::serve(sys, tr::scatter_gather<int, int>("s", {twice})),
              on_clock(sys).with_timeout(1h), sys)
          <= 2);
  }

  TEST_CASE("threads of their own end with what had them, though handles live") {
    threaded_system sys;
    (void)tr::serve(sys, tr::call("c", twice)).ask(1).get(); // threads that stay are there now
    const auto before = threads();
    std::vector<tr::run> runs;
    std::vector<tr::service<int, int>> services;
    for (int i = 0; i < 5; ++i) {
      runs.push_back(
          tr::start(sys, tr::from("n", numbers(3))
                             | tr::sink("end", [](int) {}, {.thread = tr::thread::own})));
      runs.back().drain(1h);
      services.push_back(tr::serve(sys, tr::call("c", twice)));
      services.push_back(tr::serve(sys, tr::worker_pool("p", twice, {.thread = tr::thread::own})));
      for (auto& s : services) {
        (void)s.ask(1).get();
        s.drain(1h);
      }
    }
    CHECK(falls_to(before));
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("drain of a call waits until its workers' functions have returned, within its limit") {
    std::promise<void> go_on;
    auto held = go_on.get_future().share();
    std::promise<void> begun;
    std::atomic<bool> returned{false};
    threaded_system sys; // behind what a function that is left alone still refers to
    auto svc = tr::serve(sys, tr::call(
                                  "hang",
                                  [&, held](int x) {
                                    begun.set_value();
                                    held.wait();
                                    returned = true;
                                    return x;
                                  },
                                  tr::timeout{1ms}));
    auto late = svc.ask(1);
    begun.get_future().wait();
    CHECK(late.get().error().code() == tr::errc::timed_out);
    SUBCASE("past it the function is left alone") {
      CHECK_FALSE(svc.drain(1ms).clean());
      CHECK_FALSE(returned);
      go_on.set_value();
    }
    SUBCASE("in time it is gone") {
      std::thread later{[&, svc] {
        while (svc.ask(2).get().error().code() != tr::errc::closed)
          std::this_thread::yield();
        go_on.set_value();
      }};
      svc.drain(1h);
      CHECK(returned);
      CHECK(sys.actors() == 0);
      later.join();
    }
  }

  TEST_CASE("a handle of what is over needs no actor system") {
    mortal_system sys;
    auto r = tr::start(sys, tr::from("n", numbers(3)) | tr::ignore("end"));
    auto pool = tr::serve(sys, tr::worker_pool("p", twice));
    auto call = tr::serve(sys, tr::call("c", twice, tr::circuit_breaker{}));
    auto gather = tr::serve(sys, tr::scatter_gather<int, int>("s", {twice}));
    auto balancer = tr::balance_over(sys, "b", std::vector{pool});
    auto sup = tr::supervisor{sys, "top"};
    CHECK(r.wait().clean());
    for (auto* svc : {&balancer, &pool, &call}) {
      CHECK(svc->ask(2).get() == 4);
      (void)svc->actor();
      svc->drain();
    }
    CHECK(gather.ask(1).get());
    gather.drain();
    sup.stop();

    sys.end();

    CHECK(r.done());
    CHECK(r.wait().clean());
    CHECK(r.wait_for(1s)->clean());
    CHECK(r.drain().clean());
    CHECK(r.stop().clean());
    CHECK(r.metrics("end").counters.delivered == 3);
    CHECK_THROWS_AS(r.configure("end", {.parallel = 2}), std::invalid_argument);
    r.pause("end");
    for (auto* svc : {&balancer, &pool, &call}) {
      CHECK(svc->ask(1).get().error().code() == tr::errc::closed);
      CHECK(svc->call(1).error().code() == tr::errc::closed);
      CHECK(svc->drain().clean());
      CHECK(svc->metrics().counters.received >= 1);
    }
    CHECK(gather.ask(1).get().error().code() == tr::errc::closed);
    CHECK(gather.drain().clean());
    sup.stop();
    CHECK(sup.done());
  }

  TEST_CASE("where there is no thread for a stage, start throws and leaves nothing") {
    threaded_system sys;
    const auto owned = std::make_shared<int>(1);
    const auto flow = [&] {
      return tr::produce<int>("n", endless()) | tr::map("shared", twice)
             | tr::map("own", [owned](int x) { return x + *owned; },
                       {.parallel = 3, .thread = tr::thread::own})
             | tr::ignore("end");
    };
    {
      const no_more_threads none;
      CHECK_THROWS_AS((void)tr::start(sys, flow()), std::system_error);
    }
    CHECK(sys.actors() == 0);
    CHECK(owned.use_count() == 1);
    CHECK(tr::start(sys, flow()).drain().clean());
  }

  TEST_CASE("a call whose worker finds no thread answers when there is one") {
    threaded_system sys;
    std::optional<tr::service<int, int>> svc;
    std::future<tr::result<int>> answer;
    {
      const no_more_threads none;
      svc = tr::serve(sys,
                      tr::call("c", twice, tr::call_options{.restarts = {.min = 1ms, .max = 1ms}}));
      answer = svc->ask(2);
      while (svc->metrics().counters.restarts == 0)
        std::this_thread::yield();
    }
    CHECK(answer.get() == 4);
  }

  TEST_CASE("a context that is over lets no function run") {
    threaded_system sys;
    auto ctx = tr::context::background().with_timeout(1h);
    auto code = tr::errc::cancelled;
    SUBCASE("cancelled") { ctx.cancel(); }
    SUBCASE("too late") {
      ctx = tr::context::background().with_deadline(std::chrono::steady_clock::now() - 1h);
      code = tr::errc::deadline_exceeded;
    }
    std::atomic<int> calls{0};
    const auto count = [&](int x) {
      ++calls;
      return x;
    };
    for (int i = 0; i < 100; ++i) {
      const auto end = tr::start(sys,
                                 tr::produce<int>("n", [&] { return std::optional{count(1)}; })
                                     | tr::map("work", count, {.parallel = 2})
                                     | tr::sink("end", [&](int x) { count(x); }),
                                 tr::run_options{.ctx = ctx})
                           .wait();
      REQUIRE(end.error());
      CHECK(end.error()->code() == code);
    }
    const tr::run_options over{.ctx = ctx};
    auto pool = tr::serve(sys, tr::worker_pool("p", count), over);
    auto call = tr::serve(sys, tr::call("c", count), over);
    auto gather = tr::serve(sys, tr::scatter_gather<int, int>("s", {count}), over);
    CHECK_FALSE(pool.ask(1).get());
    CHECK_FALSE(call.ask(1).get());
    CHECK_FALSE(gather.ask(1).get());
    CHECK(pool.drain().error()->code() == code);
    CHECK(call.drain().error()->code() == code);
    CHECK(calls == 0);
  }

  TEST_CASE("actor(): known before or asked for after the end, it answers that it has closed") {
    virtual_system sys;
    caf::scoped_actor self{*sys};
    const auto text_from = [&](const caf::actor& gate) {
      std::string text;
      auto pending = self->request(gate, caf::infinite, 1);
      tr::detail::virtual_time::run_jobs(sys);
      pending.receive([&](int y) { text = std::to_string(y); },
                      [&](const caf::error& e) { text = text_of(e); });
      return text;
    };
    auto inner = tr::serve(sys, tr::call("inner", twice));
    tr::service<int, int> svc;
    SUBCASE("of a pool") { svc = tr::serve(sys, tr::worker_pool("p", twice)); }
    SUBCASE("of a call") { svc = tr::serve(sys, tr::call("c", twice)); }
    SUBCASE("of a balancer") { svc = tr::balance_over(sys, "b", std::vector{inner}); }
    tr::detail::virtual_time::run_jobs(sys);
    const auto before = sys.actors();
    const auto known = svc.actor();
    CHECK(text_from(known) == "2");

    svc.drain();

    CHECK(text_from(known).find("closed") != std::string::npos);
    CHECK(text_from(svc.actor()).find("closed") != std::string::npos);
    CHECK(sys.actors() <= before); // nobody waits for a gate
    svc = {};
    CHECK(text_from(known).find("closed") != std::string::npos);
  }
}
