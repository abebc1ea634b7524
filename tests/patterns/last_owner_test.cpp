#include <doctest/doctest.h>

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

// Who lets go of a run or a service last, and on which thread: no actor ever waits for it.
namespace {

int twice(int x) { return 2 * x; }

/// One thread for all actors: one that waited for another would wait for ever.
class one_thread {
public:
  explicit one_thread(const char* policy = nullptr) {
    config_.set("scheduler.max-threads", 1);
    if (policy != nullptr)
      tr::detail::set_policy(config_, policy);
    system_.emplace(config_);
  }

  operator caf::actor_system&() { return *system_; }
  caf::actor_system& operator*() { return *system_; }
  std::size_t actors() { return system_->registry().running(); }

private:
  tr::config config_;
  std::optional<caf::actor_system> system_;
};

template <class F>
std::string logic_error_of(F f) {
  try {
    f();
  } catch (const std::logic_error& e) {
    return e.what();
  }
  return "";
}

/// A CAF actor, not ours, that has `owned` until it gets a message.
template <class T>
caf::actor holder_of(caf::actor_system& sys, T owned) {
  return sys.spawn(
      [o = std::make_shared<T>(std::move(owned))](caf::event_based_actor* self) mutable {
        return caf::behavior{[self, o](int) mutable {
          *o = T{};
          self->quit();
        }};
      });
}

void await_end(caf::actor_system& sys, const caf::actor& a) {
  caf::anon_send(a, 1);
  caf::scoped_actor self{sys};
  self->wait_for(a);
}

} // namespace

TEST_SUITE("last_owner") {
  TEST_CASE("a call that waits is refused inside of a stage, and the run goes on") {
    virtual_system sys;
    tr::run other = tr::start(sys, tr::inbox<int>("in").second | tr::ignore("end"));
    tr::run own;
    std::vector<std::string> said;
    const auto try_all = [&](tr::run& r) {
      said.push_back(logic_error_of([&] { r.wait(); }));
      said.push_back(logic_error_of([&] { (void)r.wait_for(1s); }));
      said.push_back(logic_error_of([&] { r.drain(); }));
      said.push_back(logic_error_of([&] { r.stop(); }));
    };
    own = tr::start(sys, tr::from("one", numbers(1)) | tr::sink("wait", [&](int) {
                           try_all(own);
                           try_all(other);
                         }));

    CHECK(own.wait().clean());
    CHECK_FALSE(other.done());

    REQUIRE(said.size() == 8);
    for (std::size_t i = 0; i < said.size(); ++i) {
      CHECK(said[i].find(
                std::array{"run: wait ", "run: wait_for ", "run: drain ", "run: stop "}[i % 4])
            == 0);
      CHECK(said[i].find("look at done()") != std::string::npos);
    }
    CHECK(other.drain().clean());
  }

  TEST_CASE(
      "they are refused on every thread of an actor: shared, own, of a child, of a scheduler") {
    threaded_system sys;
    auto other = tr::start(sys, tr::inbox<int>("in").second | tr::ignore("end"));
    std::promise<std::string> said;
    const auto wait = [&] { said.set_value(logic_error_of([&] { other.wait(); })); };
    std::optional<tr::supervisor> sup;
    SUBCASE("own") {
      tr::start(sys, tr::from("one", numbers(1))
                         | tr::sink("wait", [&](int) { wait(); }, {.thread = tr::thread::own}))
          .wait();
    }
    SUBCASE("shared") {
      tr::start(sys, tr::from("one", numbers(1)) | tr::sink("wait", [&](int) { wait(); })).wait();
    }
    SUBCASE("a child's own") {
      sup.emplace(*sys, "top");
      (void)sup->add("child",
                     [&](caf::event_based_actor* self) -> caf::behavior {
                       wait();
                       self->quit();
                       return {};
                     },
                     {.restart = tr::restart::temporary, .thread = tr::thread::own});
    }
    SUBCASE("a scheduler's") {
      (*sys).spawn([&](caf::event_based_actor*) { wait(); });
    }

    CHECK(said.get_future().get().find("run: wait ") == 0);
    other.drain();
  }

  TEST_CASE("of CAF's own schedulers it is known as well") {
    for (const char* policy : {"sharing", "stealing"}) {
      CAPTURE(policy);
      one_thread sys{policy};
      auto other = tr::start(sys, tr::inbox<int>("in").second | tr::ignore("end"));
      std::promise<std::string> said;
      (*sys).spawn(
          [&](caf::event_based_actor*) { said.set_value(logic_error_of([&] { other.wait(); })); });
      CHECK(said.get_future().get().find("run: wait ") == 0);
      other.drain();
    }
  }

  TEST_CASE("a run that one of its own functions destroys ends on its own, within its limit") {
    threaded_system sys;
    std::optional<tr::run> r;
    std::shared_ptr<tr::detail::run_state> state;
    std::promise<void> have;
    auto may_go = have.get_future().share();
    r = tr::start(sys,
                  tr::produce<int>("numbers", endless())
                      | tr::sink("destroy",
                                 [&, may_go](int) {
                                   may_go.wait();
                                   r.reset();
                                 }),
                  tr::run_options{.drain_limit = 50ms});
    state = tr::detail::state_of(*r);
    have.set_value();

    CHECK(state->wait(std::nullopt));
  }

  TEST_CASE("an actor that keeps the last handle does not wait for it, with one thread for all") {
    one_thread sys;
    SUBCASE("of a pool") {
      await_end(sys, holder_of(sys, tr::serve(sys, tr::worker_pool("p", twice))));
    }
    SUBCASE("of a call") { await_end(sys, holder_of(sys, tr::serve(sys, tr::call("c", twice)))); }
    SUBCASE("of a scatter_gather") {
      await_end(sys, holder_of(sys, tr::serve(sys, tr::scatter_gather<int, int>("s", {twice}))));
    }
    SUBCASE("of a balancer") {
      await_end(
          sys, holder_of(sys, tr::balance_over(sys, "b",
                                               std::vector{tr::serve(sys, tr::call("c", twice))})));
    }
    SUBCASE("of a run") {
      await_end(sys,
                holder_of(sys, tr::start(sys, tr::inbox<int>("in").second | tr::ignore("end"))));
    }
    SUBCASE("of a supervisor") {
      auto sup = tr::supervisor{sys, "top"};
      (void)sup.add("child", [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
      await_end(sys, holder_of(sys, std::make_optional(std::move(sup))));
    }
    (*sys).await_all_actors_done();
  }

  TEST_CASE("what is inside of a service that an actor lets go of is finished") {
    one_thread sys;
    std::promise<void> go_on;
    auto held = go_on.get_future().share();
    std::future<tr::result<int>> answer;
    auto svc = tr::serve(sys, tr::worker_pool("slow",
                                              [held](int x) {
                                                held.wait();
                                                return x;
                                              },
                                              {.thread = tr::thread::own}));
    answer = svc.ask(1);
    auto queued = svc.ask(2);

    await_end(sys, holder_of(sys, std::move(svc)));
    go_on.set_value();

    CHECK(answer.get() == 1);
    CHECK(queued.get() == 2);
  }

  TEST_CASE(
      "a stage that lets go of the last handle is not held up, and what is inside has the drain "
      "limit") {
    const tr::retry in_10s{.attempts = 2, .backoff = {10s, 10s}, .jitter = tr::jitter::none};
    bool failed = false;
    const auto fails_once = [&failed](int x) -> tr::result<int> {
      if (!std::exchange(failed, true))
        return tr::fail(tr::errc::stage_failed, "not yet");
      return x;
    };
    // Whether it is answered with a value: the second attempt is after 10 s.
    const auto answers_within = [&failed](tr::duration limit, const auto& blueprint) {
      virtual_system sys;
      failed = false;
      auto svc = tr::serve(sys, blueprint, tr::run_options{.drain_limit = limit});
      std::optional<tr::result<int>> answer;
      svc.ask(1, [&](tr::result<int> r) { answer = std::move(r); });
      const auto began = tr::detail::now(sys);

      tr::start(sys, tr::from("one", numbers(1)) | tr::sink("let go", [&](int) { svc = {}; }))
          .wait();
      CHECK(tr::detail::now(sys) == began);
      CHECK_FALSE(answer);
      tr::detail::virtual_time::run_for(sys, 10s);

      CHECK(sys.actors() == 0);
      REQUIRE(answer);
      return answer->has_value();
    };
    const auto pool
        = tr::worker_pool("again", fails_once, {.on_error = tr::on_error::retry(in_10s)});
    const auto call = tr::call("again", fails_once, in_10s);

    CHECK(answers_within(20s, pool));
    CHECK(answers_within(20s, call));
    CHECK_FALSE(answers_within(5s, pool));
    CHECK_FALSE(answers_within(5s, call));
  }

  TEST_CASE("a scatter_gather is served, asked and let go of, again and again, with one thread"
            * doctest::test_suite("long")) {
    one_thread sys;
    for (int i = 0; i < 300; ++i)
      REQUIRE(tr::serve(sys, tr::scatter_gather<int, int>("s", {twice, twice})).ask(i).get());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a service's own worker that asks it with `call` is refused: nothing hangs") {
    threaded_system sys;
    tr::service<int, int> svc;
    const auto ask_own = [&svc](int x) { return x == 0 ? 0 : svc.call(x - 1).value(); };
    SUBCASE("a pool") { svc = tr::serve(sys, tr::worker_pool("self", ask_own)); }
    SUBCASE("a call") { svc = tr::serve(sys, tr::call("self", ask_own)); }

    CHECK(svc.call(0) == 0);
    const auto answer = svc.call(1, tr::context::background().with_timeout(1h));

    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == tr::errc::worker_died);
    CHECK(answer.error().message().find("ask with a callback") != std::string::npos);
  }

  TEST_CASE("call answers as ask does, and drives virtual time") {
    virtual_system sys;
    auto svc = tr::serve(sys, tr::worker_pool("double", twice));
    CHECK(svc.call(4) == 8);
    tr::context over;
    over.cancel();
    CHECK(svc.call(4, over).error().code() == tr::errc::cancelled);
    svc.drain();
    CHECK(svc.call(4).error().code() == tr::errc::closed);
  }

  TEST_CASE("while an exception passes, a run and a service stop instead of draining") {
    virtual_system sys;
    const auto began = tr::detail::now(sys);
    std::shared_ptr<tr::detail::run_state> state;
    std::optional<tr::result<int>> answer;
    SUBCASE("a run") {
      try {
        auto [in, src] = tr::inbox<int>("in");
        auto r = tr::start(sys, src | tr::ignore("end"));
        r.pause("end");
        in.offer(1);
        state = tr::detail::state_of(r);
        throw std::runtime_error("main failed");
      } catch (const std::runtime_error&) {
      }
      CHECK(state->result().stage("in").abandoned == 1);
    }
    SUBCASE("a service") {
      try {
        auto svc = tr::serve(sys, tr::call(
                                      "again",
                                      [](int) -> tr::result<int> {
                                        return tr::fail(tr::errc::stage_failed, "not yet");
                                      },
                                      tr::retry{.attempts = 5, .backoff = {10s, 10s}}));
        svc.ask(1, [&](tr::result<int> r) { answer = std::move(r); });
        throw std::runtime_error("main failed");
      } catch (const std::runtime_error&) {
      }
      REQUIRE(answer);
      CHECK_FALSE(*answer);
    }
    CHECK(tr::detail::now(sys) == began);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("a run that begins and ends while an exception passes is drained as ever") {
    virtual_system sys;
    struct runs_at_the_end {
      virtual_system& sys;
      std::vector<int>& got;
      ~runs_at_the_end() {
        auto [in, src] = tr::inbox<int>("in");
        auto r = tr::start(sys, src | tr::collect("got", got));
        in.offer(1);
      }
    };
    std::vector<int> got;
    try {
      const runs_at_the_end last{sys, got};
      throw std::runtime_error("main failed");
    } catch (const std::runtime_error&) {
    }
    CHECK(got == std::vector{1});
  }
}
