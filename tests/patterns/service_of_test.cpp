#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/scoped_actor.hpp>

#include "../support.hpp"
#include <troupe/service_of.hpp>

namespace tr = troupe;
using namespace support;

namespace {

using answers = std::vector<std::future<tr::result<int>>>;

caf::behavior doubler(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {
      [self](int x) -> caf::result<int> {
        if (x == 404)
          return caf::make_error(caf::sec::runtime_error, "not found");
        if (x == 666)
          self->quit(caf::exit_reason::user_shutdown);
        return 2 * x;
      },
  };
}

/// Takes requests, and answers when it is told to.
struct slow_state {
  static inline const char* name = "slow";
  std::vector<std::pair<int, caf::typed_response_promise<int>>> open;
};
caf::behavior slow(caf::stateful_actor<slow_state>* self) {
  return {
      [self](int x) {
        auto promise = self->make_response_promise<int>();
        self->state.open.emplace_back(x, promise);
        return promise;
      },
      [self](const std::string&) {
        for (auto& [x, promise] : self->state.open)
          promise.deliver(2 * x);
        self->state.open.clear();
      },
  };
}

void release(virtual_system& sys, const caf::actor& a) {
  tr::detail::virtual_time::run_jobs(sys);
  tr::detail::anon_send(a, std::string{"go on"});
  tr::detail::virtual_time::run_jobs(sys);
}

/// Ends an actor that was there before the service.
struct ended_actor {
  virtual_system& sys;
  caf::actor actor;
  ~ended_actor() {
    tr::detail::anon_kill(actor);
    tr::detail::virtual_time::run_jobs(sys);
  }
};

} // namespace

TEST_SUITE("service_of") {
  TEST_CASE("a plain actor answers as a service, and everything is counted") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    const auto before = sys.actors();
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor, {.name = "double"}));
    answers all;
    for (int i = 0; i < 64; ++i)
      all.push_back(svc.ask(i));

    for (int i = 0; i < 64; ++i)
      CHECK(all[static_cast<std::size_t>(i)].get() == 2 * i);

    const auto end = svc.drain();
    CHECK(end.clean());
    CHECK(end.stage("double").delivered == 64);
    CHECK(svc.metrics().counters.received == 64);
    CHECK(svc.metrics().counters.balanced());
    CHECK(svc.ask(1).get().error().code() == tr::errc::closed);
    CHECK(svc.try_ask(1)->get().error().code() == tr::errc::closed);
    CHECK(sys.actors() == before);
  }

  TEST_CASE("what the actor answers as an error is stage_failed, with its text") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor));

    const auto r = svc.ask(404).get();

    REQUIRE_FALSE(r);
    CHECK(r.error().code() == tr::errc::stage_failed);
    CHECK(r.error().message().find("not found") != std::string::npos);
    CHECK(svc.metrics().counters.failed == 1);
    CHECK(svc.ask(1).get() == 2);
  }

  TEST_CASE("a request that the actor does not know is an error, not a hang") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    auto svc = tr::serve(sys, tr::service_of<std::string, int>(a.actor));
    auto wrong_answer = tr::serve(sys, tr::service_of<int, std::string>(a.actor));

    CHECK(svc.ask("four").get().error().code() == tr::errc::stage_failed);
    CHECK(wrong_answer.ask(4).get().error().code() == tr::errc::stage_failed);
  }

  TEST_CASE("an actor that is gone, before or while it is asked, is worker_died") {
    virtual_system sys;
    const auto a = (*sys).spawn(slow);
    auto svc = tr::serve(sys, tr::service_of<int, int>(a));
    auto unread = svc.ask(1);
    auto open = svc.ask(2);
    tr::detail::virtual_time::run_jobs(sys);

    tr::detail::anon_kill(a);

    CHECK(unread.get().error().code() == tr::errc::worker_died);
    CHECK(open.get().error().code() == tr::errc::worker_died);
    CHECK(svc.ask(3).get().error().code() == tr::errc::worker_died);
    CHECK(svc.metrics().counters.failed == 3);
    CHECK(svc.drain().error() == std::nullopt);

    auto late = tr::serve(sys, tr::service_of<int, int>(a));
    CHECK(late.ask(4).get().error().code() == tr::errc::worker_died);
  }

  TEST_CASE("timeout: timed_out at the limit, and the late answer is discarded") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor, {.timeout = 200ms}));
    const auto began = tr::detail::now(*sys);

    const auto r = svc.ask(1).get();

    REQUIRE_FALSE(r);
    CHECK(r.error().code() == tr::errc::timed_out);
    CHECK(r.error().message() == "no answer within 200 ms");
    CHECK(tr::detail::now(*sys) == began + 200ms);
    release(sys, a.actor);
    auto next = svc.ask(2);
    release(sys, a.actor);
    CHECK(next.get() == 4);
  }

  TEST_CASE("at most max_in_flight requests are at the actor") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    auto svc = tr::serve(
        sys, tr::service_of<int, int>(
                 a.actor, {.name = "slow", .max_in_flight = 2, .overflow = tr::overflow::shed}));
    auto first = svc.ask(1);
    auto second = svc.ask(2);

    const auto third = svc.ask(3).get();
    CHECK_FALSE(svc.try_ask(4));

    CHECK(third.error() == tr::error{tr::errc::pool_full, "slow", "the service is full"});
    release(sys, a.actor);
    CHECK(first.get() == 2);
    CHECK(second.get() == 4);
    CHECK(svc.metrics().counters.shed == 2);
    CHECK(svc.metrics().counters.delivered == 2);
    CHECK(svc.metrics().counters.balanced());
    auto fifth = svc.try_ask(5);
    REQUIRE(fifth);
    release(sys, a.actor);
    CHECK(fifth->get() == 10);
  }

  TEST_CASE("backpressure: ask waits until the actor has answered another, or its context ends") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    auto svc
        = tr::serve(sys, tr::service_of<int, int>(a.actor, {.max_in_flight = 1, .timeout = 1s}));
    const auto began = tr::detail::now(*sys);
    auto first = svc.ask(1);

    SUBCASE("room") {
      auto second = svc.ask(2);

      CHECK(tr::detail::now(*sys) == began + 1s);
      release(sys, a.actor);
      CHECK(second.get() == 4);
      CHECK(first.get().error().code() == tr::errc::timed_out);
    }
    SUBCASE("deadline") {
      auto second = svc.ask(2, on_clock(sys).with_timeout(500ms)).get();
      REQUIRE_FALSE(second);
      CHECK(second.error().code() == tr::errc::deadline_exceeded);
    }
  }

  TEST_CASE(
      "a call that is given up is answered at once, and keeps its place until the actor answers") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    auto svc = tr::serve(sys, tr::service_of<int, int>(
                                  a.actor, {.max_in_flight = 1, .overflow = tr::overflow::shed}));
    tr::context ctx;
    SUBCASE("cancelled") {
      auto f = svc.ask(1, ctx);
      tr::detail::virtual_time::run_jobs(sys);
      ctx.cancel();
      CHECK(f.get().error().code() == tr::errc::cancelled);
    }
    SUBCASE("deadline") {
      auto f = svc.ask(1, on_clock(sys).with_timeout(1s));
      CHECK(f.get().error().code() == tr::errc::deadline_exceeded);
    }
    CHECK_FALSE(svc.try_ask(2));
    release(sys, a.actor);
    CHECK(svc.try_ask(3));
    tr::context never;
    never.cancel();
    CHECK(svc.ask(4, never).get().error().code() == tr::errc::cancelled);
  }

  TEST_CASE("a call that is cancelled before the actor is asked never reaches it") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor));
    tr::context ctx;
    auto f = svc.ask(1, ctx);
    ctx.cancel();

    CHECK(f.get().error().code() == tr::errc::cancelled);
    svc.drain();
    CHECK(svc.metrics().counters.dropped == 1);
    CHECK(svc.metrics().counters.balanced());
  }

  TEST_CASE("drain waits for open calls up to its limit, then every caller is told") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor, {.name = "slow", .timeout = 5s}));
    auto f = svc.ask(1);

    SUBCASE("within") {
      const auto end = svc.drain(10s);
      CHECK(end.error() == std::nullopt);
      CHECK(end.stage("slow").failed == 1);
      CHECK(f.get().error().code() == tr::errc::timed_out);
    }
    SUBCASE("past it") {
      const auto end = svc.drain(1s);
      REQUIRE(end.error());
      CHECK(end.error()->code() == tr::errc::timed_out);
      CHECK(end.stage("slow").abandoned == 1);
      CHECK(f.get().error().code() == tr::errc::closed);
    }
    SUBCASE("without any") {
      const auto end = svc.drain(0s);
      CHECK(end.stage("slow").abandoned == 1);
      CHECK(f.get().error().code() == tr::errc::closed);
    }
    CHECK(svc.metrics().counters.balanced());
    CHECK(svc.metrics().counters.in_flight == 0);
  }

  TEST_CASE("the service's own actor is killed, or its context cancelled: every call is answered") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(slow)};
    tr::context ctx;
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor), tr::run_options{.ctx = ctx});
    auto f = svc.ask(1);
    tr::detail::virtual_time::run_jobs(sys);

    SUBCASE("killed") {
      tr::detail::anon_kill(tr::detail::actors_of(svc).front());
      CHECK(f.get().error().code() == tr::errc::closed);
      CHECK(svc.ask(2).get().error().code() == tr::errc::closed);
      CHECK(svc.drain().error()->code() == tr::errc::worker_died);
    }
    SUBCASE("cancelled") {
      ctx.cancel();
      CHECK(f.get().error().code() == tr::errc::closed);
      CHECK(svc.ask(2).get().error().code() == tr::errc::closed);
      CHECK(svc.drain().error()->code() == tr::errc::cancelled);
    }
    CHECK(svc.metrics().counters.abandoned == 1);
    CHECK(svc.metrics().counters.balanced());
  }

  TEST_CASE("the last handle may go inside of a callback") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    const auto before = sys.actors();
    std::optional<tr::result<int>> got;
    {
      auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor));
      auto held = std::make_shared<tr::service<int, int>>(svc);
      svc = {};
      held->ask(1, [held, &got](tr::result<int> r) { got = std::move(r); });
    }
    tr::detail::virtual_time::run_jobs(sys);

    REQUIRE(got);
    CHECK(*got == 2);
    CHECK(sys.actors() == before);
  }

  TEST_CASE("actor(): its gate ends with it") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    const auto before = sys.actors();
    auto svc = tr::serve(sys, tr::service_of<int, int>(a.actor));
    const auto gate = svc.actor();
    int got = 0;
    (*sys).spawn([&got, gate](caf::event_based_actor* self) {
      self->request(gate, caf::infinite, 21).then([&got](int y) { got = y; });
    });
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(got == 42);

    svc = {};
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(sys.actors() == before);
  }

  TEST_CASE("as a stage: order is kept, and nothing is left of it") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    std::vector<int> out;
    const auto f = tr::from("numbers", numbers(100)) | tr::service_of<int, int>(a.actor)
                   | tr::collect("out", out);

    for (int round = 0; round < 2; ++round) {
      out.clear();
      const auto end = run_to_end(sys, f);

      CHECK(end.clean());
      std::vector<int> expected;
      for (int i = 0; i < 100; ++i)
        expected.push_back(2 * i);
      CHECK(out == expected);
    }
  }

  TEST_CASE("as a stage: a failing answer goes where on_error says") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    std::vector<int> out;
    const auto flow = [&](tr::on_error then) {
      return tr::from("numbers", std::vector{1, 404, 2})
             | tr::service_of<int, int>(a.actor, {.name = "ask", .on_error = std::move(then)})
             | tr::collect("out", out);
    };
    SUBCASE("skip") {
      const auto end = run_to_end(sys, flow(tr::on_error::skip));
      CHECK(out == std::vector{2, 4});
      CHECK(end.stage("ask").failed == 1);
    }
    SUBCASE("stop") {
      const auto end = run_to_end(sys, flow(tr::on_error::stop));
      REQUIRE(end.error());
      CHECK(end.error()->message().find("not found") != std::string::npos);
      CHECK(end.error()->stage() == "ask");
    }
  }

  TEST_CASE("as a stage: a run that is stopped does not wait for the actor's answer") {
    threaded_system sys;
    std::promise<void> asked;
    const auto a = (*sys).spawn([&asked](caf::event_based_actor* self) -> caf::behavior {
      auto open = std::make_shared<std::vector<caf::typed_response_promise<int>>>();
      return {[self, open, &asked](int) {
        open->push_back(self->make_response_promise<int>());
        asked.set_value();
        return open->back();
      }};
    });
    auto r = tr::start(*sys, tr::from("one", std::vector{1}) | tr::service_of<int, int>(a)
                                 | tr::ignore("end"));
    asked.get_future().wait();

    const auto end = r.stop();

    CHECK(end.stage("service_of").delivered == 0);
    tr::detail::anon_kill(a);
  }

  TEST_CASE("options out of range and an empty handle are refused") {
    virtual_system sys;
    const ended_actor a{sys, (*sys).spawn(doubler)};
    const auto made = [&](tr::actor_service_options o) {
      return refusal([&] { (void)tr::service_of<int, int>(a.actor, std::move(o)); });
    };
    CHECK(made({.name = "s", .max_in_flight = 0})
          == "service_of \"s\": max_in_flight = 0, needs at least 1");
    CHECK(made({.name = "s", .max_in_flight = -3})
          == "service_of \"s\": max_in_flight = -3, needs at least 1");
    CHECK(made({.name = "s", .timeout = -1ms})
          == "service_of \"s\": timeout = a negative duration, needs 0 (none) or more");
    CHECK(made({.name = "s", .overflow = tr::overflow::drop_newest})
              .find("service_of \"s\": overflow = another, needs backpressure or shed")
          == 0);
    CHECK(refusal([] { (void)tr::service_of<int, int>(nullptr, {.name = "s"}); })
          == "service_of \"s\": the actor handle is empty");
  }
}
