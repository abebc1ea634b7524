#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/gather/gathering.hpp>

namespace tr = troupe;
using namespace support;

// The actor of a scatter-gather with services that the test plays itself, in virtual time.
namespace {

using request = tr::detail::gather_request<int, std::string>;
using answers = tr::result<request::answers>;

struct asked {
  int request = 0;
  std::optional<tr::context> ctx;
  std::function<void(tr::result<std::string>)> answer;
  bool cancelled() const { return ctx->cancelled(); }
};

struct bench {
  bench(tr::gather how, tr::duration within, std::size_t services = 3) {
    start(how, within, played(services));
  }
  bench(tr::gather how, tr::duration within, request::services all) {
    start(how, within, std::move(all));
  }
  void start(tr::gather how, tr::duration within, request::services all) {
    account = std::make_shared<tr::detail::request_account>(
        sys, "search", tr::pattern_kind::scatter_gather, 100, all.size());
    const tr::detail::gather_setup setup{how, all.size(), within};
    actor = tr::detail::spawn<tr::detail::gather_actor<int, std::string>>(
        sys, account, tr::context{}, setup, std::move(all));
  }
  ~bench() {
    tr::detail::anon_kill(actor);
    run();
  }

  void ask(int r, const tr::context& ctx = {}) {
    const auto i = got.size();
    got.emplace_back();
    tr::detail::request_account::visit visit;
    if (auto refusal = account->enter(visit)) {
      got[i] = tl::unexpected<tr::error>{std::move(*refusal)};
      return;
    }
    tr::detail::call_item<int, request::answers> call{r, ctx};
    call.reply = tr::detail::response_promise<request::answers>{
        [this, i](answers a) { got[i] = std::move(a); }};
    tr::detail::anon_send(actor,
                          tr::detail::call_msg<int, request::answers>{
                              std::make_shared<tr::detail::pending_call<int, request::answers>>(
                                  std::move(call), account, visit)});
    run();
  }
  request::services played(std::size_t n) {
    calls.resize(n);
    request::services all;
    for (std::size_t i = 0; i < n; ++i)
      all.push_back([this, i](const int& r, const tr::context& ctx, auto answer) {
        calls[i].push_back({r, ctx, std::move(answer)});
      });
    return all;
  }
  void run() { tr::detail::virtual_time::run_jobs(sys); }
  void pass(tr::duration d) { tr::detail::virtual_time::run_for(sys, d); }
  void succeed(std::size_t service, std::string text, std::size_t call = 0) {
    calls[service][call].answer(std::move(text));
    run();
  }
  void fail(std::size_t service, std::string text, std::size_t call = 0) {
    calls[service][call].answer(tr::fail(tr::errc::stage_failed, std::move(text)));
    run();
  }
  /// The results of a request in a line: texts, or names of errors.
  std::string line(std::size_t i = 0) {
    if (!got.at(i))
      return "waiting";
    if (!*got[i])
      return to_string((*got[i]).error());
    std::string all;
    for (const auto& r : **got[i])
      all += (all.empty() ? "" : " ") + (r ? *r : std::string{to_string(r.error().code())});
    return all;
  }

  virtual_system sys;
  std::vector<std::vector<asked>> calls;
  std::vector<std::optional<answers>> got;
  std::shared_ptr<tr::detail::request_account> account;
  caf::actor actor;
};

} // namespace

TEST_SUITE("gather_actor") {
  TEST_CASE("all answers with each service's own result, in the services' order") {
    bench b{tr::gather::all, 0s};
    b.ask(7);

    b.succeed(2, "c");
    b.fail(0, "broken");
    CHECK(b.line() == "waiting");
    b.succeed(1, "b");

    CHECK(b.line() == "stage_failed b c");
    CHECK(b.calls[0][0].request == 7);
    CHECK(b.calls[2][0].request == 7);
  }

  TEST_CASE("first answers with the first success and cancels the others") {
    bench b{tr::gather::first, 0s};
    b.ask(1);

    b.fail(1, "broken");
    CHECK(b.line() == "waiting");
    b.succeed(0, "a");

    CHECK(b.line() == "a stage_failed cancelled");
    CHECK(b.calls[2][0].cancelled());
    CHECK_FALSE(b.calls[0][0].cancelled());
    b.succeed(2, "late"); // nobody waits for it
    CHECK(b.line() == "a stage_failed cancelled");
  }

  TEST_CASE("quorum fails as soon as it is out of reach, and says why") {
    bench b{tr::gather::quorum(2), 0s};
    b.ask(1);

    b.fail(2, "broken");
    CHECK(b.line() == "waiting");
    b.fail(0, "away");

    CHECK(b.line()
          == "stage \"search\": 0 of 3 services succeeded, 2 failed, needs 2; first error: broken "
             "(stage_failed) (quorum_unreachable)");
    CHECK(b.calls[1][0].cancelled());
  }

  TEST_CASE("at the limit all and best answer with what has come, and not a nanosecond later") {
    for (const auto how : {tr::gather::all, tr::gather::best(1)}) {
      bench b{how, 50ms};
      b.ask(1);
      b.succeed(1, "b");

      b.pass(50ms - 1ns);
      CHECK(b.line() == "waiting");
      b.pass(1ns);

      CHECK(b.line() == "timed_out b timed_out");
      CHECK(b.calls[0][0].cancelled());
      CHECK(b.calls[2][0].cancelled());
    }
  }

  TEST_CASE("at the limit too few are an error") {
    for (const auto how : {tr::gather::best(2), tr::gather::quorum(2)}) {
      bench b{how, 50ms};
      b.ask(1);
      b.succeed(1, "b");
      b.pass(50ms);

      CHECK(b.line()
            == "stage \"search\": 1 of 3 services succeeded within 50 ms, needs 2 "
               "(quorum_unreachable)");
    }
  }

  TEST_CASE("each request has its own limit and its own answers, with one timer for all") {
    bench b{tr::gather::all, 50ms, 1};
    b.ask(1);
    b.pass(20ms);
    b.ask(2);
    b.ask(3);
    b.succeed(0, "third", 2);

    b.pass(30ms);
    CHECK(b.line(0) == "timed_out");
    CHECK(b.line(1) == "waiting");
    CHECK(b.line(2) == "third");
    b.pass(20ms);
    CHECK(b.line(1) == "timed_out");
    CHECK_FALSE(tr::detail::virtual_time::next_timeout(b.sys));
  }

  TEST_CASE("without a limit it waits, and sets no timer") {
    bench b{tr::gather::all, 0s};
    b.ask(1);

    CHECK_FALSE(tr::detail::virtual_time::next_timeout(b.sys));
    b.pass(24h);
    CHECK(b.line() == "waiting");
  }

  TEST_CASE("a cancelled caller is answered at once, and so are the services") {
    bench b{tr::gather::all, 50ms};
    tr::context ctx;
    b.ask(1, ctx);
    b.succeed(0, "a");

    ctx.cancel();
    b.run();

    CHECK(b.got[0]->error().code() == tr::errc::cancelled);
    CHECK(b.calls[1][0].cancelled());
    b.pass(1s);
  }

  TEST_CASE("leaves nothing behind in a context that outlives the request") {
    bench b{tr::gather::all, 0s, 1};
    tr::context ctx;
    b.ask(1, ctx);
    b.succeed(0, "a");

    ctx.cancel();

    CHECK_FALSE(tr::detail::virtual_time::run_jobs(b.sys)); // nobody was told
  }

  TEST_CASE("a service that answers at once, or twice, does no harm") {
    const auto twice = [](const int&, const tr::context&, auto answer) {
      answer(std::string{"x"});
      answer(std::string{"y"});
    };
    bench b{tr::gather::quorum(2), 0s, request::services{twice, twice}};

    b.ask(1);

    CHECK(b.line() == "x x");
  }

  TEST_CASE("a killed actor leaves nobody without an answer") {
    bench b{tr::gather::all, 50ms};
    b.ask(1);

    tr::detail::anon_kill(b.actor);
    b.run();
    b.ask(2); // to a dead actor

    CHECK(b.got[0]->error().code() == tr::errc::closed);
    CHECK(b.got[1]->error().code() == tr::errc::closed);
    CHECK(b.calls[0][0].cancelled());
  }
}
