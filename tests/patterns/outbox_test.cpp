#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/outbox.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;

namespace {

template <class T>
std::vector<T> all_of(tr::outbox_ref<T>& out) {
  std::vector<T> all;
  while (auto item = out.receive(1h))
    all.push_back(*std::move(item));
  return all;
}

/// With .capacity = 2 and .buffer = 1: the third leaves the source only when the second has left
/// the edge.
void until_full(const tr::run& r) {
  while (r.metrics("numbers").counters.emitted < 3)
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("outbox") {
  TEST_CASE("try-send / try-receive: neither waits, and each says what came of it") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in", {.capacity = 2});
    auto [out, end] = tr::outbox<int>("out", {.capacity = 2});
    CHECK(in.offer(1) == tr::offer_result::accepted);
    CHECK(in.offer(2) == tr::offer_result::accepted);
    CHECK(in.offer(3) == tr::offer_result::full);
    CHECK_FALSE(out.try_receive());

    auto r = tr::start(sys, source | end);
    tr::detail::virtual_time::run_jobs(sys);

    CHECK(out.try_receive() == 1);
    CHECK(out.try_receive() == 2);
    CHECK_FALSE(out.try_receive());
    in.close();
    CHECK(accounted(r.wait()).clean());
  }

  TEST_CASE("items arrive in order, then it is closed") {
    threaded_system sys;
    auto [out, end] = tr::outbox<int>("out", {.capacity = 3, .buffer = 2});
    auto r = tr::start(sys, tr::from("numbers", numbers(500)) | end);

    CHECK(all_of(out) == numbers(500));
    const auto closed = out.receive(0ms);
    REQUIRE(!closed);
    CHECK(closed.error().code() == errc::closed);
    CHECK(closed.error().message() == "outbox \"out\" is empty, and its run has ended");
    CHECK_FALSE(out.try_receive());
    const auto report = accounted(r.wait());
    CHECK(report.clean());
    CHECK(report.stage("out").delivered == 500);
  }

  TEST_CASE("when full, demand stops upstream") {
    threaded_system sys;
    std::atomic<int> made{0};
    auto [out, end] = tr::outbox<int>("out", {.capacity = 4, .buffer = 2});
    const auto flow
        = tr::produce<int>("numbers", [&]() -> std::optional<int> { return made++; }) | end;
    CHECK(flow.topology().item_bound() == 6);
    auto r = tr::start(sys, flow);

    // Four in the queue, one in the sink's hands: that nothing more comes shows only by waiting,
    // so look at every moment while taking a thousand.
    for (int i = 0; i < 1000; ++i) {
      CHECK(*out.receive(1h) == i);
      CHECK(made <= i + 1 + 4 + 2 + 1);
    }
    const auto report = accounted(r.stop());
    CHECK(report.stage("out").delivered <= 1004);
  }

  TEST_CASE("stop ends a sink that waits for room; what had room stays to be taken") {
    threaded_system sys;
    auto [out, end] = tr::outbox<int>("out", {.capacity = 2, .buffer = 1});
    auto r = tr::start(sys, tr::from("numbers", numbers(10)) | end);
    until_full(r);

    const auto report = accounted(r.stop());

    CHECK(report.stage("out").delivered == 2);
    CHECK(report.stage("out").abandoned >= 1);
    CHECK(all_of(out) == numbers(2));
  }

  TEST_CASE("a cancelled context and a drain past its limit end it too, and count what is left") {
    threaded_system sys;
    auto [out, end] = tr::outbox<int>("out", {.capacity = 2, .buffer = 1});
    auto ctx = tr::context::background();
    const auto flow = tr::from("numbers", numbers(10)) | end;
    SUBCASE("cancelled") {
      auto r = tr::start(sys, flow, {.ctx = ctx});
      until_full(r);
      ctx.cancel();
      const auto report = accounted(r.wait());
      CHECK(report.error()->code() == errc::cancelled);
      CHECK(report.stage("out").delivered == 2);
    }
    SUBCASE("deadline") {
      const auto report = accounted(tr::start(sys, flow, {.ctx = ctx.with_timeout(5ms)}).wait());
      CHECK(report.error());
      CHECK(report.stage("out").delivered <= 2);
    }
    SUBCASE("drained") {
      auto r = tr::start(sys, flow);
      until_full(r);
      const auto report = accounted(r.drain(1ms));
      CHECK(report.error()->code() == errc::timed_out);
      CHECK(report.stage("out").delivered == 2);
    }
    int taken = 0;
    while (out.try_receive())
      ++taken;
    CHECK(taken <= 2);
  }

  TEST_CASE("receive gives up at its limit, and at once when its context is cancelled") {
    auto [out, end] = tr::outbox<int>("out");
    auto ctx = tr::context::background();

    const auto late = out.receive(1ms);
    REQUIRE(!late);
    CHECK(late.error().code() == errc::timed_out);
    CHECK(late.error().message() == "outbox \"out\" stayed empty");

    auto waiting = std::async(std::launch::async,
                              [&ctx, out = out]() mutable { return out.receive(1h, ctx); });
    ctx.cancel();
    CHECK(waiting.get().error().code() == errc::cancelled);
  }

  TEST_CASE("when the last receiving end goes, the sources end and the rest is filtered") {
    threaded_system sys;
    tr::run r;
    {
      auto [out, end] = tr::outbox<int>("out", {.capacity = 2, .buffer = 1});
      const auto copy = out;
      r = tr::start(sys, tr::produce<int>("numbers", endless()) | end);
      until_full(r);
    }

    const auto report = accounted(r.wait());

    CHECK(report.clean());
    CHECK(report.stage("out").delivered == 2);
    CHECK(report.stage("out").filtered >= 1);
  }

  TEST_CASE("serves one run: a second one fails and says so") {
    virtual_system sys;
    auto [out, end] = tr::outbox<int>("out");
    const auto flow = tr::from("numbers", numbers(3)) | end;
    CHECK(run_to_end(sys, flow).clean());

    const auto second = run_to_end(sys, flow);

    REQUIRE(second.error());
    CHECK(second.error()->stage() == "out");
    CHECK(second.error()->message() == "outbox \"out\" already serves a run; make another one");
    CHECK(all_of(out) == numbers(3));
  }

  TEST_CASE("takes every item type that converts to its own, move-only ones too") {
    virtual_system sys;
    auto [texts, text_end] = tr::outbox<std::string>("texts");
    auto [boxes, box_end] = tr::outbox<std::unique_ptr<int>>("boxes");

    CHECK(
        run_to_end(sys, tr::from("words", std::vector<const char*>{"a", "b"}) | text_end).clean());
    CHECK(run_to_end(sys, tr::from("numbers", numbers(2))
                              | tr::map("box", [](int x) { return std::make_unique<int>(x); })
                              | box_end)
              .clean());

    CHECK(all_of(texts) == std::vector<std::string>{"a", "b"});
    CHECK(**boxes.try_receive() == 0);
    CHECK(**boxes.receive(0ms) == 1);
  }

  TEST_CASE("each item goes to one of many receivers") {
    threaded_system sys;
    auto [out, end] = tr::outbox<int>("out", {.capacity = 8});
    auto r = tr::start(sys, tr::from("numbers", numbers(2000)) | end);
    std::vector<std::future<std::vector<int>>> receivers;
    for (int i = 0; i < 4; ++i)
      receivers.push_back(
          std::async(std::launch::async, [out = out]() mutable { return all_of(out); }));

    std::vector<int> all;
    for (auto& f : receivers) {
      const auto some = f.get();
      CHECK(std::is_sorted(some.begin(), some.end()));
      all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all == numbers(2000));
    CHECK(accounted(r.wait()).clean());
  }

  TEST_CASE("under the testing scheduler a full one fails the run instead of waiting for ever") {
    virtual_system sys;
    auto [out, end] = tr::outbox<int>("out", {.capacity = 2});

    const auto report = run_to_end(sys, tr::from("numbers", numbers(3)) | end);

    REQUIRE(report.error());
    CHECK(report.error()->message().find("under the testing scheduler it cannot wait")
          != std::string::npos);
    CHECK(report.stage("out").delivered == 2);
    CHECK(report.stage("out").failed == 1);
  }

  TEST_CASE("options out of range are refused by name") {
    CHECK(refusal([] { (void)tr::outbox<int>("out", {.capacity = 0}); })
          == "outbox \"out\": capacity = 0, needs at least 1");
    CHECK(refusal([] {
            auto [out, end] = tr::outbox<int>("out", {.buffer = -1});
            (void)(tr::from("numbers", numbers(1)) | end);
          })
          == "outbox \"out\": buffer = -1, needs at least 1");
  }
}
