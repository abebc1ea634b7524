#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

#include "probe.hpp"
#include <troupe/cast/source_actor.hpp>

using namespace probes;

namespace {

/// 0, 1, … up to `last`. What a test wants to know, or to happen, is outside of it.
struct counter_plan {
  int last = 0;
  bool drains = false; ///< it goes on after `finish_msg`, up to `last`
  int throws_at = -1;
  int pauses_at = -1; ///< nothing then, once, before it is told that there is something
  bool fails_to_open = false;
  int made = 0;
  std::function<void()> notify = {};
  std::function<void()> before_each = {};
};

class counter_source final : public source_kernel {
public:
  explicit counter_source(counter_plan& plan) : plan_(plan) {}

  void open(source_services with) override {
    if (plan_.fails_to_open)
      throw std::runtime_error{"no such file"};
    plan_.notify = std::move(with.notify);
  }
  void close(kernel_host&) noexcept override { plan_.notify = nullptr; }
  bool drains() override { return plan_.drains; }
  supply fill(batch_base& out, kernel_host&) override {
    auto& items = static_cast<batch<int>&>(out).items;
    while (out.size() < out.limit) {
      if (plan_.made == plan_.throws_at)
        throw std::runtime_error{"broken"};
      if (plan_.made == plan_.pauses_at) {
        plan_.pauses_at = -1;
        return supply::later;
      }
      if (plan_.made == plan_.last)
        return supply::ended;
      if (plan_.before_each)
        plan_.before_each();
      items.push_back(plan_.made++);
    }
    return supply::more;
  }

private:
  counter_plan& plan_;
};

/// One source in front of a probe, with room for two batches of one item each.
struct producing : bench {
  explicit producing(counter_plan p) : plan(std::move(p)) {
    wire(source.actor(), {}, {sink.at(2)});
  }

  void begin() { tell(pump_msg{}); }
  template <class Msg>
  void tell(Msg msg) {
    sink.tell(source.actor(), msg);
  }

  counter_plan plan;
  probe sink{sys};
  subject source{*this,
                 troupe::detail::spawn<source_actor>(
                     sys, common(), [this] { return std::make_unique<counter_source>(plan); },
                     outlet{item_type_of<int>(), {2, 1, 1}})};
};

} // namespace

TEST_SUITE("source_actor") {
  TEST_CASE("makes what there is room for, the next item when room comes home, and then the end") {
    producing b{{.last = 3}};
    b.begin();
    CHECK(b.sink.data() == "2:0 2:1");
    CHECK(b.plan.made == 2);

    b.sink.give_back(b.source.at());
    CHECK(b.sink.data() == "2:1 2:2");
    CHECK(b.sink.said().empty());
    b.sink.give_back(b.source.at());
    CHECK(b.sink.said() == "end 2");
    CHECK_FALSE(b.source.gone()); // a batch is away
    b.sink.give_back(b.source.at());
    CHECK(b.source.gone());
    CHECK(b.counters().received == 3);
    CHECK(b.counters().emitted == 3);
  }

  TEST_CASE("a kernel that has nothing now is asked again when it says that it has") {
    producing b{{.last = 2, .pauses_at = 1}};
    b.begin();
    CHECK(b.sink.data() == "2:0");
    b.plan.notify();
    b.run();
    CHECK(b.sink.data() == "2:0 2:1");
  }

  TEST_CASE("told to finish it ends, or hands out first what its kernel still holds") {
    producing at_once{{.last = 9}};
    at_once.begin();
    at_once.tell(finish_msg{});
    CHECK(at_once.sink.said() == "end 2");

    producing later{{.last = 3, .drains = true}};
    later.begin();
    later.tell(finish_msg{});
    CHECK(later.sink.said().empty());
    later.sink.give_back(later.source.at());
    later.sink.give_back(later.source.at());
    CHECK(later.plan.made == 3);
    CHECK(later.sink.said() == "end 2");
  }

  TEST_CASE("regression: one that is slow looks at its mailbox before the next item") {
    // With room for a thousand items of 2 ms a drain was noticed after two seconds.
    producing b{{.last = 9}};
    b.plan.before_each = [&] {
      virtual_time::advance(b.sys, std::chrono::milliseconds{2});
      anon_send_urgent(b.source.actor(), finish_msg{});
    };
    b.begin();
    CHECK(b.plan.made == 1);
    CHECK(b.counters().received == 1);
    CHECK(b.sink.said() == "end 2");
  }

  TEST_CASE("told that nothing more is wanted, it makes nothing more") {
    producing b{{.last = 9}};
    b.begin();
    b.tell(enough_msg{0});
    b.sink.give_back(b.source.at());
    CHECK(b.plan.made == 2);
    CHECK(b.sink.said() == "end 2");
  }

  TEST_CASE("a kernel that throws fails the run by item, and what was made before is handed on") {
    producing b{{.last = 9, .throws_at = 1}};
    b.begin();
    CHECK(b.supervisor.said() == "making item 1: broken");
    CHECK(b.counters().received == 1);
    b.sink.give_back(b.source.at());
    CHECK(b.plan.made == 1);
  }

  TEST_CASE("one that cannot be opened fails the run, and makes nothing") {
    producing b{{.last = 9, .fails_to_open = true}};
    b.begin();
    CHECK(b.supervisor.said() == "no such file");
    CHECK(b.sink.count() == 0);
  }
}
