#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <caf/scoped_actor.hpp>

#include "../support.hpp"
#include <troupe/service.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

using int_service = tr::service<int, int>;

int twice(int x) { return 2 * x; }

tr::on_error retry_after(tr::duration d) {
  return tr::on_error::retry({.attempts = 2, .backoff = {d, d, 0.0}, .jitter = tr::jitter::none});
}

/// Fails once, so that its worker waits for the second attempt.
struct fails_once {
  bool failed = false;
  tr::result<int> operator()(const int& x) {
    if (!std::exchange(failed, true))
      return tr::fail(tr::errc::stage_failed, "not yet");
    return x;
  }
};

std::string text_of(const caf::error& e) {
  return e.context().match_elements<std::string>() ? e.context().get_as<std::string>(0)
                                                   : caf::to_string(e);
}

} // namespace

TEST_SUITE("service") {
  TEST_CASE("an empty handle says so") {
    const int_service empty;

    CHECK_THROWS_AS((void)empty.ask(1), std::logic_error);
    CHECK_THROWS_AS((void)empty.metrics(), std::logic_error);
  }

  TEST_CASE("the callback form answers once, with a value or an error") {
    virtual_system sys;
    std::vector<tr::result<int>> got;
    const auto keep = [&](tr::result<int> r) { got.push_back(std::move(r)); };
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    tr::context cancelled;
    cancelled.cancel();

    svc.ask(1, keep);
    svc.ask(2, tr::context{}, keep);
    svc.ask(3, cancelled, keep);
    svc.drain();
    svc.ask(4, keep);
    tr::detail::virtual_time::run_jobs(sys);

    REQUIRE(got.size() == 4);
    CHECK(got[0].error().code() == tr::errc::cancelled); // without waiting for the others
    CHECK(got[1] == 2);
    CHECK(got[2] == 4);
    CHECK(got[3].error().code() == tr::errc::closed);
  }

  TEST_CASE("what a callback throws concerns nobody else") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    svc.ask(1, [](const tr::result<int>&) { throw std::runtime_error("callback"); });

    CHECK(svc.ask(2).get() == 4);

    CHECK(svc.drain().clean());
    CHECK(svc.metrics().counters.delivered == 2);
    svc.ask(3, [](const tr::result<int>&) { throw std::runtime_error("callback"); });
  }

  TEST_CASE("a context that has ended never begins the work") {
    virtual_system sys;
    int begun = 0;
    auto svc = tr::serve(sys, tr::worker_pool("work", [&](int x) {
                           ++begun;
                           return x;
                         }));
    SUBCASE("cancelled before") {
      tr::context ctx;
      ctx.cancel();
      CHECK(svc.ask(1, ctx).get().error().code() == tr::errc::cancelled);
      CHECK(svc.try_ask(1, ctx)->get().error().code() == tr::errc::cancelled);
    }
    SUBCASE("cancelled while queued") {
      tr::context ctx;
      auto f = svc.ask(1, ctx);
      ctx.cancel();
      CHECK(f.get().error().code() == tr::errc::cancelled);
      svc.drain();
      CHECK(svc.metrics().counters.dropped == 1);
    }
    SUBCASE("expired before") {
      const auto ctx = on_clock(sys).with_timeout(0s);
      CHECK(svc.ask(1, ctx).get().error().code() == tr::errc::deadline_exceeded);
    }
    svc.drain();
    CHECK(begun == 0);
    CHECK(svc.metrics().counters.balanced());
  }

  TEST_CASE("a deadline passes while a call is queued, and while another waits for its turn") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("slow", fails_once{}, {.on_error = retry_after(10s)}));
    const auto ctx = on_clock(sys).with_timeout(2s);
    const auto began = tr::detail::now(*sys);
    auto running = svc.ask(1, ctx);
    auto queued = svc.ask(2, ctx);
    auto patient = svc.ask(3);

    CHECK(queued.get().error().code() == tr::errc::deadline_exceeded);
    CHECK(running.get().error().code() == tr::errc::deadline_exceeded);
    CHECK(tr::detail::now(*sys) == began + 2s);
    CHECK(patient.get() == 3);
    CHECK(tr::detail::now(*sys) == began + 10s);

    svc.drain();
    CHECK(svc.metrics().counters.dropped == 2);
    CHECK(svc.metrics().counters.delivered == 1);
    CHECK(svc.metrics().counters.balanced());
  }

  TEST_CASE("calls that are answered in time leave no timer behind") {
    tr::detail::deadline_list list;
    const tr::time_point t0{};
    std::vector<tr::detail::response_promise<int>> open;
    const auto add = [&](tr::duration d) {
      open.emplace_back([](const tr::result<int>&) {});
      list.add(t0 + d, open.back().open());
    };
    for (int i = 0; i < 10'000; ++i) {
      add(1h);
      if (open.size() > 10)
        open.clear();
    }
    CHECK(list.size() <= 64);

    open.clear();
    add(1s);
    add(3s);
    CHECK(list.take_due(t0 + 2s).size() == 1);
    CHECK(list.take_due(t0 + 3s - 1ns).empty());
    CHECK(list.take_due(t0 + 3s).size() == 1);
  }

  TEST_CASE("the context that a function is given ends with the caller's, and with the service") {
    threaded_system sys;
    std::promise<void> begun;
    std::promise<tr::errc> ended;
    auto svc = tr::serve(sys, tr::worker_pool("wait",
                                              [&](int x, tr::context& ctx) {
                                                begun.set_value();
                                                std::promise<void> over;
                                                const auto id
                                                    = ctx.on_cancel([&] { over.set_value(); });
                                                over.get_future().wait();
                                                ctx.forget(id);
                                                ended.set_value(ctx.why().code());
                                                return x;
                                              },
                                              {.thread = tr::thread::own}));
    SUBCASE("the caller cancels") {
      tr::context ctx;
      auto f = svc.ask(1, ctx);
      begun.get_future().wait();
      ctx.cancel();
      CHECK(f.get().error().code() == tr::errc::cancelled);
    }
    SUBCASE("the service ends") {
      auto f = svc.ask(1, tr::context{});
      begun.get_future().wait();
      svc.drain(0s);
      CHECK(f.get() == 1);
    }
    SUBCASE("the service ends, and the caller has no context") {
      auto f = svc.ask(1);
      begun.get_future().wait();
      svc.drain(0s);
      CHECK(f.get() == 1);
    }
    CHECK(ended.get_future().get() == tr::errc::cancelled);
  }

  TEST_CASE("drain lets nothing new in, and finishes what is inside within its limit") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("slow", fails_once{}, {.on_error = retry_after(10s)}));
    auto first = svc.ask(1);
    auto second = svc.ask(2);

    SUBCASE("within") {
      const auto end = svc.drain(11s);
      CHECK(end.clean());
      CHECK(first.get() == 1);
      CHECK(second.get() == 2);
    }
    SUBCASE("past it the rest is abandoned, and every caller is told") {
      const auto end = svc.drain(9s);
      REQUIRE(end.error());
      CHECK(end.error()->code() == tr::errc::timed_out);
      CHECK(end.stage("slow").abandoned + end.stage("slow.queue").abandoned == 2);
      CHECK(first.get().error().message() == "not yet");
      CHECK(second.get().error().code() == tr::errc::closed);
    }
    CHECK(svc.ask(3).get().error().code() == tr::errc::closed);
    auto tried = svc.try_ask(4);
    REQUIRE(tried); // empty would mean: full
    CHECK(tried->get().error().code() == tr::errc::closed);
    CHECK(svc.metrics().counters.balanced());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a cancelled run context ends the service, and every call is answered") {
    virtual_system sys;
    tr::context ctx;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice), tr::run_options{.ctx = ctx});
    auto before = svc.ask(1);

    ctx.cancel();

    CHECK_FALSE(before.get());
    CHECK(svc.ask(2).get().error().code() == tr::errc::closed);
    CHECK(svc.drain().error()->code() == tr::errc::cancelled);
  }

  TEST_CASE("the last handle may go inside of a callback") {
    SUBCASE("of a call that is answered") {
      virtual_system sys;
      std::optional<tr::result<int>> got;
      {
        auto svc = std::make_shared<int_service>(tr::serve(sys, tr::worker_pool("double", twice)));
        svc->ask(1, [svc, &got](tr::result<int> r) { got = std::move(r); });
      }
      tr::detail::virtual_time::run_jobs(sys);
      REQUIRE(got);
      CHECK(*got == 2);
      CHECK(sys.actors() == 0);
    }
    SUBCASE("of a call that is cancelled while it runs: who cancels must not wait for the worker") {
      threaded_system sys;
      tr::context ctx;
      std::promise<void> begun;
      std::promise<void> go_on;
      std::promise<tr::errc> got;
      {
        auto svc = tr::serve(sys, tr::worker_pool("wait",
                                                  [&](int x) {
                                                    begun.set_value();
                                                    go_on.get_future().wait();
                                                    return x;
                                                  },
                                                  {.thread = tr::thread::own}));
        svc.ask(1, ctx, [svc, &got](const tr::result<int>& r) { got.set_value(r.error().code()); });
      }
      begun.get_future().wait();
      ctx.cancel();
      CHECK(got.get_future().get() == tr::errc::cancelled);
      go_on.set_value();
    }
    SUBCASE("of the very handle that asks") {
      virtual_system sys;
      auto svc = tr::serve(sys, tr::worker_pool("double", twice));
      tr::context cancelled;
      cancelled.cancel();
      svc.ask(1, cancelled, [&](const tr::result<int>&) { svc = {}; });
      tr::detail::virtual_time::run_jobs(sys);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("drain inside of a callback is refused, for it would wait for itself") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    std::string refused;
    svc.ask(1, [&](const tr::result<int>&) {
      try {
        svc.drain();
      } catch (const std::logic_error& e) {
        refused = e.what();
      }
    });
    svc.drain();
    CHECK(refused.find("service \"double\": drain waits") == 0);
  }

  TEST_CASE("actor(): CAF requests are answered, errors with their text") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("check",
                                         [](int x) -> tr::result<int> {
                                           if (x < 0)
                                             return tr::fail(tr::errc::stage_failed, "negative");
                                           return 2 * x;
                                         },
                                         {.queue = 1, .overflow = tr::overflow::shed}));
    const auto gate = svc.actor();
    CHECK(gate == svc.actor());
    caf::scoped_actor self{*sys};
    const auto answer_to = [&](int x) {
      std::string text;
      auto pending = self->request(gate, caf::infinite, x);
      tr::detail::virtual_time::run_jobs(sys);
      pending.receive([&](int y) { text = std::to_string(y); },
                      [&](const caf::error& e) { text = text_of(e); });
      return text;
    };
    CHECK(answer_to(4) == "8");
    CHECK(answer_to(-1) == "stage \"check\": negative (stage_failed)");

    SUBCASE("a full service") {
      auto a = svc.ask(1);
      auto b = svc.ask(2);
      auto pending = self->request(gate, caf::infinite, 3);
      std::string text;
      tr::detail::virtual_time::run_jobs(sys);
      pending.receive([&](int y) { text = std::to_string(y); },
                      [&](const caf::error& e) { text = text_of(e); });
      CHECK(a.get() == 2);
      CHECK(b.get() == 4);
      CAPTURE(text);
      CHECK((text == "6" || text == "the service is full (pool_full)"));
    }
    SUBCASE("a service that has ended") {
      svc.drain();
      CHECK_FALSE(answer_to(1).empty());
    }
  }

  TEST_CASE("another actor asks by request and response") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    const auto gate = svc.actor();
    int got = 0;
    (*sys).spawn([&got, gate](caf::event_based_actor* self) {
      self->request(gate, caf::infinite, 21).then([&got](int y) { got = y; });
    });

    tr::detail::virtual_time::run_jobs(sys);

    CHECK(got == 42);
  }

  TEST_CASE("flow | svc: a running service is a stage, in order, and outlives the run") {
    virtual_system sys;
    auto svc
        = tr::serve(sys, tr::worker_pool("double", twice, {.workers = {.min = 3}, .queue = 2}));
    std::vector<int> out;
    const auto f = tr::from("numbers", numbers(100)) | svc | tr::collect("out", out);

    const auto end = run_to_end_besides(sys, f);

    CHECK(end.clean());
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i)
      expected.push_back(2 * i);
    CHECK(out == expected);
    CHECK(end.stage("double").delivered == 100);
    CHECK(svc.metrics().counters.delivered == 100);
    CHECK(svc.ask(1).get() == 2);
  }

  TEST_CASE(
      "flow | svc: a stage waits for room where ask is refused, and asks 16 at most at once") {
    virtual_system sys;
    auto svc = tr::serve(
        sys, tr::worker_pool("double", twice, {.queue = 1, .overflow = tr::overflow::shed}));
    std::vector<int> out;

    const auto f = tr::from("numbers", numbers(100)) | svc | tr::collect("out", out);
    CHECK(run_to_end_besides(sys, f).clean());

    CHECK(out.size() == 100);
    CHECK(svc.metrics().counters.shed == 0);
    CHECK(f.topology().to_text().find("16") != std::string::npos);
  }

  TEST_CASE("flow | svc: an error fails the run with its text; a service that has ended, too") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("check", [](int x) -> tr::result<int> {
                           if (x == 7)
                             return tr::fail(tr::errc::stage_failed, "seven");
                           return x;
                         }));
    const auto f = tr::from("numbers", numbers(10)) | svc | tr::ignore("end");

    auto r = tr::start(sys, f);
    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->message() == "item 7: seven");
    svc.drain();
    auto again = tr::start(sys, f);
    CHECK(again.wait().error()->code() == tr::errc::closed);
  }

  TEST_CASE("a callback may be one that can only be moved") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    std::promise<int> p;
    auto answer = p.get_future();

    svc.ask(3, [p = std::move(p)](tr::result<int> r) mutable { p.set_value(*r); });
    tr::detail::virtual_time::run_jobs(sys);

    REQUIRE(answer.wait_for(0s) == std::future_status::ready);
    CHECK(answer.get() == 6);
  }

  TEST_CASE("a request that try_ask refuses stays with its caller") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("one", [](std::unique_ptr<int> p) { return *p; },
                                              {.queue = 1, .overflow = tr::overflow::shed}));
    std::vector<std::future<tr::result<int>>> open;
    auto request = std::make_unique<int>(7);
    while (auto f = svc.try_ask(std::move(request))) {
      CHECK(request == nullptr);
      open.push_back(std::move(*f));
      REQUIRE(open.size() < 10);
      request = std::make_unique<int>(7);
    }

    CHECK(request != nullptr);
    for (auto& f : open)
      CHECK(f.get() == 7);
    CHECK(svc.try_ask(std::move(request))->get() == 7);
  }
}
