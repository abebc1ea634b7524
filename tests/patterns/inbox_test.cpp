#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <caf/scoped_actor.hpp>

#include "../support.hpp"
#include <troupe/inbox.hpp>
#include <troupe/policy/overflow.hpp>

namespace tr = troupe;
using namespace support;
using tr::offer_result;

namespace {

std::vector<int> range(int from, int to) {
  std::vector<int> v;
  for (int i = from; i <= to; ++i)
    v.push_back(i);
  return v;
}

struct overflow_case {
  std::string name;
  tr::overflow overflow;
  std::vector<int> kept;
  offer_result last;
  std::uint64_t dropped;
  std::uint64_t shed;
};

std::vector<int> with(std::vector<int> v, int x) {
  v.push_back(x);
  return v;
}

} // namespace

TEST_SUITE("inbox") {
  TEST_CASE(
      "capacity 100, 1..200 offered with no reader: each overflow policy keeps what it promises") {
    const std::vector<overflow_case> cases{
        {"backpressure", tr::overflow::backpressure, range(1, 100), offer_result::full, 0, 0},
        {"drop_oldest", tr::overflow::drop_oldest, range(101, 200), offer_result::accepted, 100, 0},
        {"drop_newest", tr::overflow::drop_newest, with(range(1, 99), 200), offer_result::accepted,
         100, 0},
        {"drop_incoming", tr::overflow::drop_incoming, range(1, 100), offer_result::dropped, 100,
         0},
        {"drop_all", tr::overflow::drop_all, range(101, 200), offer_result::accepted, 100, 0},
        {"shed", tr::overflow::shed, range(1, 100), offer_result::full, 0, 100},
    };
    for (const auto& c : cases) {
      CAPTURE(c.name);
      virtual_system sys;
      std::vector<int> out;
      std::vector<int> dropped;
      auto [in, source]
          = tr::inbox<int>("in", {.capacity = 100, .overflow = c.overflow, .on_drop = [&](int x) {
                                    dropped.push_back(x);
                                  }});
      offer_result last{};
      for (int i = 1; i <= 200; ++i)
        last = in.offer(i);
      in.close();

      const auto end = run_to_end(sys, source | tr::collect("out", out));

      CHECK(out == c.kept);
      CHECK(last == c.last);
      CHECK(dropped.size() == c.dropped);
      CHECK(end.stage("in").dropped == c.dropped);
      CHECK(end.stage("in").shed == c.shed);
      CHECK(end.stage("in").delivered == out.size());
    }
  }

  TEST_CASE("redirect hands the incoming item to a function") {
    virtual_system sys;
    std::vector<int> elsewhere;
    auto [in, source] = tr::inbox<int>(
        "in", {.capacity = 2,
               .overflow = tr::overflow::redirect([&](int x) { elsewhere.push_back(x); })});

    for (int i = 0; i < 5; ++i)
      in.offer(i);
    in.close();
    run_to_end(sys, source | tr::ignore("end"));

    CHECK(elsewhere == std::vector{2, 3, 4});
  }

  TEST_CASE("a redirect of another type is refused") {
    CHECK(refusal([] {
            tr::inbox<int>("in", {.overflow = tr::overflow::redirect([](std::string) {})});
          }).find("needs a function that takes the inbox's item type")
          != std::string::npos);
  }

  TEST_CASE("fail ends the run when the inbox overflows") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 2, .overflow = tr::overflow::fail});
    for (int i = 0; i < 3; ++i)
      in.offer(i);

    const auto end = run_to_end(sys, source | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::overflow);
    CHECK(end.error()->stage() == "in");
  }

  TEST_CASE("offer to the inbox of a full pipeline answers full, without waiting") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 4});
    auto r = tr::start(sys, source | tr::map("same", [](int x) { return x; }, {.buffer = 4})
                                | tr::ignore("end"));
    r.pause("same");
    int accepted = 0;
    while (in.offer(accepted) == offer_result::accepted && accepted < 100) {
      ++accepted;
      tr::detail::virtual_time::run_jobs(sys);
    }

    CHECK(accepted <= 8);
    CHECK(in.offer(0) == offer_result::full);
    r.resume("same");
    in.close();
    CHECK(accounted(r.wait()).clean());
  }

  TEST_CASE("push waits for room, and gives up at its limit") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 2});
    auto r = tr::start(sys, source | tr::ignore("end"));

    for (int i = 0; i < 100; ++i)
      CHECK(in.push(i, 1s));
    tr::detail::virtual_time::run_jobs(sys);
    r.pause("in");
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(in.push(0, 1s));
    CHECK(in.push(0, 1s));
    const auto refused = in.push(0, 1s);
    r.resume("in");

    REQUIRE(!refused);
    CHECK(refused.error().code() == tr::errc::timed_out);
    in.close();
    CHECK(accounted(r.wait()).stage("in").delivered == 102);
  }

  TEST_CASE("regression: an item that is refused stays with who offered it") {
    virtual_system sys;
    using item = std::unique_ptr<int>;
    const auto offered = [&](tr::overflow policy, tr::run_options options = {}) {
      auto [in, source] = tr::inbox<item>("in", {.capacity = 1, .overflow = policy});
      auto r = tr::start(sys, source | tr::ignore("end"), std::move(options));
      auto first = std::make_unique<int>(1);
      auto second = std::make_unique<int>(2);
      CHECK(in.offer(std::move(first)) == offer_result::accepted);
      CHECK(first == nullptr);
      CHECK(in.offer(std::move(second)) == offer_result::full);
      const bool mine = second != nullptr;
      r.stop();
      CHECK(in.offer(std::move(second)) == offer_result::closed);
      CHECK(!in.push(std::move(second), 1ms));
      return mine && second != nullptr;
    };

    CHECK(offered(tr::overflow::backpressure));
    CHECK(offered(tr::overflow::fail));
    CHECK(offered(tr::overflow::shed));
    CHECK(offered(tr::overflow::shed,
                  {.dead_letters = [](const tr::dead_letter& l) { CHECK(!l.item.has_value()); },
                   .dead_letters_for = tr::loss::all}));

    auto [in, source] = tr::inbox<item>("in", {.capacity = 1});
    CHECK(in.push(std::make_unique<int>(1), 1ms));
    auto late = std::make_unique<int>(2);
    CHECK(!in.push(std::move(late), 1ms));
    CHECK(late != nullptr);
  }

  TEST_CASE("regression: an item that throws when it is moved does not end the inbox's actor") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>(
        "in", {.capacity = 1, .overflow = tr::overflow::drop_incoming, .on_drop = [](int) {
                 throw std::runtime_error{"the hook throws"};
               }});
    auto r = tr::start(sys, source | tr::ignore("end"));
    r.pause("in");
    tr::detail::virtual_time::run_jobs(sys);
    const auto gate = in.actor();
    caf::scoped_actor self{*sys};
    std::string told;
    const auto send = [&](int x) {
      auto handle = self->request(gate, caf::infinite, x);
      tr::detail::virtual_time::run_jobs(sys);
      handle.receive([&](bool) { told += "taken "; },
                     [&](const caf::error&) { told += "refused "; });
    };

    send(1);
    send(2);
    send(3);

    CHECK(told == "taken refused refused ");
    r.stop();
  }

  TEST_CASE("a closed inbox refuses, delivers what it holds, and ends the flow") {
    virtual_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in");
    auto r = tr::start(sys, source | tr::collect("out", out));
    in.offer(1);
    in.offer(2);

    in.close();

    CHECK(in.offer(3) == offer_result::closed);
    CHECK(in.push(3, 1s).error().code() == tr::errc::closed);
    CHECK(accounted(r.wait()).clean());
    CHECK(out == std::vector{1, 2});
  }

  TEST_CASE("drain closes the inbox and delivers what it holds") {
    virtual_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in");
    auto r = tr::start(sys, source | tr::collect("out", out));
    for (int i = 0; i < 10; ++i)
      in.offer(i);

    CHECK(accounted(r.drain()).clean());
    CHECK(out == numbers(10));
    CHECK(in.offer(1) == offer_result::closed);
  }

  TEST_CASE("a drained inbox can feed another run; one that was closed by hand ends it at once") {
    virtual_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in");
    const auto f = source | tr::collect("out", out);
    CHECK(tr::start(sys, f).drain().clean());

    auto r = tr::start(sys, f);
    CHECK(in.offer(7) == offer_result::accepted);
    in.close();

    CHECK(accounted(r.wait()).clean());
    CHECK(out == std::vector{7});
    CHECK(run_to_end(sys, f).clean());
    CHECK(out.size() == 1);
  }

  TEST_CASE("what a stopped run leaves in the inbox is abandoned and counted") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in");
    auto r = tr::start(sys, source | tr::ignore("end"));
    r.pause("in");
    for (int i = 0; i < 10; ++i)
      in.offer(i);

    const auto end = accounted(r.stop());

    CHECK(end.stage("in").received == 10);
    CHECK(end.stage("in").abandoned == 10);
  }

  TEST_CASE("feeds one run at a time, and another after that") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in");
    const auto f = source | tr::ignore("end");
    auto first = tr::start(sys, f);
    tr::detail::virtual_time::run_jobs(sys);

    const auto second = run_to_end_besides(sys, f);
    CHECK(second.error()->message().find("already feeds another run") != std::string::npos);
    first.stop();
    auto third = tr::start(sys, f);
    tr::detail::virtual_time::run_jobs(sys);
    CHECK(in.offer(1) == offer_result::accepted);
    in.close();

    CHECK(accounted(third.wait()).stage("in").delivered == 1);
  }

  TEST_CASE("any CAF actor may send to it, and is told when it is full") {
    threaded_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 3});
    auto r = tr::start(sys, source | tr::collect("out", out));
    CHECK(in.push(0, 1s));
    caf::scoped_actor self{*sys};
    const auto ask = [&, door = in.actor()](auto what) {
      std::string answer;
      self->request(door, caf::infinite, std::move(what))
          .receive([&](bool ok) { answer = ok ? "ok" : "not ok"; },
                   [&](const caf::error& e) { answer = to_string(e); });
      return answer;
    };
    while (r.metrics("in").counters.delivered < 1)
      std::this_thread::yield();
    r.pause("in");

    CHECK(ask(1) == "ok");
    CHECK(ask(std::vector<int>{2, 3}) == "ok");
    CHECK(ask(4).find("the inbox is full") != std::string::npos);
    r.resume("in");
    in.close();

    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(4));
  }

  TEST_CASE("its actor needs a running flow") {
    auto [in, source] = tr::inbox<int>("in");

    CHECK_THROWS_AS(in.actor(), std::logic_error);
  }

  TEST_CASE("many threads push into one inbox and every item arrives once") {
    threaded_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 16});
    auto r = tr::start(sys, source | tr::collect("out", out));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([t, in = in]() mutable {
        for (int i = 0; i < 2000; ++i)
          (void)in.push(t * 2000 + i, 1min);
      });
    for (auto& t : threads)
      t.join();
    in.close();

    CHECK(accounted(r.wait()).clean());
    std::sort(out.begin(), out.end());
    CHECK(out == numbers(8000));
  }
}
