// Where flows part and meet: what comes first, who waits for whom, and what a death leaves there.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/link/link.hpp>
#include <troupe/link/linked_actor.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;
using namespace support;

namespace {

const auto rising = tr::merge::sorted(std::less<>{});

int same(int x) { return x; }

caf::actor supervisor_of(const tr::run& r) { return tr::detail::actors_of(r).back(); }

/// An actor that runs a function when it begins.
class sender final : public tr::detail::linked_actor {
public:
  sender(caf::actor_config& cfg, std::function<void(tr::detail::linked_actor&)> body)
      : linked_actor(cfg), body_(std::move(body)) {}

private:
  caf::message_handler handlers() override {
    body_(*this);
    quit();
    return {};
  }

  std::function<void(tr::detail::linked_actor&)> body_;
};

struct counted_batch final : tr::detail::batch_base {
  static inline int alive = 0;
  static tr::detail::batch_ptr make() { return caf::make_counted<counted_batch>(); }

  counted_batch() { ++alive; }
  ~counted_batch() override { --alive; }
  std::size_t size() const noexcept override { return items.size(); }
  void clear() noexcept override { items.clear(); }
  void reserve(std::size_t) override {}

  std::vector<int> items;
};

std::string failure(const tr::report& end) {
  return end.error() ? end.error()->stage() + ": " + end.error()->message() : "none";
}

} // namespace

TEST_SUITE("joints: what comes first") {
  TEST_CASE("regression: a pool whose supervisor is slow to begin grows all the same") {
    virtual_system sys;
    const auto flow = tr::from("n", numbers(100), {.buffer = 64})
                      | tr::worker_pool("work", slow_once([](int) { return true; }),
                                        {.workers = {.min = 3, .max = 5},
                                         .queue = 64,
                                         .on_error = after(1s),
                                         .cooldown = 100ms})
                      | tr::ignore("end");

    auto r = tr::start(sys, flow);
    run_without(sys, supervisor_of(r));
    CHECK(!r.wait_for(2s));

    CHECK(r.metrics("work").workers == 5);
    CHECK(r.wait().clean());
  }

  TEST_CASE("take(0) ends a flow whose source is silent, wherever it stands") {
    const auto ends_at_once = [](const tr::flow<int>& f) {
      virtual_system sys;
      std::vector<int> out;
      const auto flow = f | tr::collect("out", out);
      auto r = tr::start(sys, flow);
      const auto end = r.wait_for(0s);
      REQUIRE(end);
      CHECK(end->clean());
      CHECK(out.empty());
      CHECK(sys.actors() == 0);
      accounted_graph(*end, flow.topology());
    };
    auto [in, silent] = tr::inbox<int>("in");
    auto [in2, other] = tr::inbox<int>("other");
    const auto none = tr::take("none", 0);

    ends_at_once(silent | none);
    ends_at_once(silent | tr::map("before", same) | none | tr::map("behind", same));
    ends_at_once(silent | tr::map("before", same, {.parallel = 3}) | none
                 | tr::map("behind", same, {.parallel = 3}));
    for (const auto& to : every_dispatch())
      for (const auto& m :
           {tr::merge::first_available, tr::merge::in_order, tr::merge::round_robin})
        ends_at_once(silent | tr::fan_out("work", same, {.workers = 3, .to = to})
                     | tr::fan_in("all", {.merge = m}) | none);
    ends_at_once(tr::fan_in("all", {.merge = tr::merge::round_robin}, silent, other) | none);
    ends_at_once(silent | tr::broadcast("both", tr::take("a", 0), tr::take("b", 0))
                 | tr::fan_in("all"));
  }

  // What is urgent overtakes what introduces the receiver.
  TEST_CASE("take(0) ends a flow whose source is silent, whoever begins last") {
    for (const auto& to : {tr::dispatch::least_loaded, tr::dispatch::by_key(same)})
      for (const auto& m :
           {tr::merge::first_available, tr::merge::in_order, tr::merge::round_robin}) {
        std::size_t actors = 1;
        for (std::size_t last = 0; last < actors; ++last) {
          CAPTURE(std::string{to.name()});
          CAPTURE(std::string{m.name()});
          CAPTURE(last);
          virtual_system sys;
          auto r = tr::start(sys, tr::inbox<int>("silent").second | tr::map("before", same)
                                      | tr::fan_out("work", same, {.workers = 3, .to = to})
                                      | tr::fan_in("all", {.merge = m}) | tr::map("behind", same)
                                      | tr::take("none", 0) | tr::ignore("end"));
          const auto all = tr::detail::actors_of(r);
          actors = all.size();
          run_without(sys, all[last]);
          const auto end = r.wait_for(0s);
          REQUIRE(end);
          CHECK(end->clean());
          CHECK(sys.actors() == 0);
        }
      }
  }

  TEST_CASE("take(0) never asks a source that it hears in time") {
    virtual_system sys;
    int made = 0;
    const auto count = [&made] { return std::optional{made++}; };

    const auto end
        = run_graph(sys, tr::produce<int>("n", count) | tr::take("none", 0) | tr::ignore("end"));

    CHECK(end.clean());
    CHECK(made < 2000);
  }

  // Its workers told their merger's first lanes only.
  TEST_CASE(
      "a worker that comes after a take had enough says so upstream when all others are dead") {
    for (const auto& to : dispatch_by_load()) {
      for (std::size_t steps = 0; steps < 60; ++steps) {
        CAPTURE(std::string{to.name()});
        CAPTURE(steps);
        virtual_system sys;
        auto r
            = tr::start(sys, tr::produce<int>("n", endless(), {.buffer = 8})
                                 | tr::fan_out("work", same, {.workers = 2, .to = to, .buffer = 8})
                                 | tr::fan_in("all", {.merge = tr::merge::in_order})
                                 | tr::take("some", 5) | tr::ignore("end"));
        const auto workers = tr::detail::actors_of(r, "work");
        run_steps(sys, 2 * steps);
        for (const auto& worker : workers)
          tr::detail::anon_kill(worker);
        const auto end = r.wait();
        CHECK(failure(end) == "none");
        CHECK(end.stage("n").emitted < 1000);
      }
    }
  }

  TEST_CASE("what has no beginning is refused where something is put behind it") {
    const tr::flow<int> empty;
    std::vector<int> out;
    const std::string wrong = "upstream = an empty flow, needs one that begins with a source";

    CHECK(refusal([&] { (void)(empty | tr::collect("out", out)); }) == "collect \"out\": " + wrong);
    CHECK(refusal([&] { (void)(empty | tr::map("map", same)); }) == "map \"map\": " + wrong);
    CHECK(refusal([&] { (void)tr::fan_in("all", {}, tr::from("n", numbers(1)), empty); })
          == "fan_in \"all\": " + wrong);
    CHECK(refusal([&] { (void)tr::fan_in("all", {.merge = rising}, empty, empty); })
          == "fan_in \"all\": " + wrong);
    CHECK(refusal([&] { (void)tr::zip("pairs", empty, tr::from("n", numbers(1))); })
          == "zip \"pairs\": " + wrong);
  }
}

TEST_SUITE("joints: buffers") {
  // Many small batches, each grown to a large one, would together hold many times the buffer.
  TEST_CASE("an outlet keeps no more empty batches than it can use at their present size") {
    virtual_system sys;
    (void)tr::detail::spawn<sender>(*sys, [](tr::detail::linked_actor& self) {
      tr::detail::outlet out{{counted_batch::make, sizeof(int)},
                             {.items = 64, .capacity = 32, .receivers = 1}};
      std::deque<tr::detail::batch_ptr> away;
      while (auto* const b = out.open()) {
        static_cast<counted_batch*>(b)->items.push_back(1);
        away.emplace_back(b);
        out.send_now(self, {});
      }
      CHECK(counted_batch::alive == 64);

      for (; !away.empty(); away.pop_front()) {
        away.front()->reset();
        away.front()->want = 32;
        out.home(std::move(away.front()));
      }
      CHECK(counted_batch::alive == 3);
    });
    tr::detail::virtual_time::run_jobs(*sys);
    CHECK(counted_batch::alive == 0);
  }
}

TEST_SUITE("joints: ends") {
  // It had counted its lanes: all had ended, and the next one was on its way.
  TEST_CASE(
      "regression: a merge of items ends when no lane follows, not when all it knows have died") {
    for (std::size_t steps = 0; steps < 100; ++steps) {
      CAPTURE(steps);
      virtual_system sys;
      std::vector<int> out;
      const auto flow
          = tr::produce<int>(
                "n", [n = 0]() mutable { return n < 100 ? std::optional{n++} : std::nullopt; })
            | tr::fan_out("work", same, {.workers = 1, .buffer = 4})
            | tr::fan_in("all", {.merge = tr::merge::round_robin, .buffer = 4})
            | tr::collect("out", out);
      auto r = tr::start(sys, flow);
      const auto first = tr::detail::actors_of(r, "work").front();
      run_steps(sys, 20 + steps / 10);
      r.configure("work", {.workers = tr::worker_range{2}});
      run_steps(sys, steps % 10);
      tr::detail::anon_kill(first);
      const auto end = accounted_graph(r.wait(), flow.topology());

      if (!end.error())
        CHECK(sorted(out) == numbers(100));
      else
        CHECK(end.error()->stage() == "work");
    }
  }

  // A numbered batch that has become empty still has to say that it was all.
  TEST_CASE("an empty batch whose worker dies is answered for by the successor") {
    for (std::size_t steps = 0; steps < 400; steps += 7) {
      CAPTURE(steps);
      virtual_system sys;
      std::vector<int> out;
      const auto flow = tr::from("n", numbers(100))
                        | tr::broadcast("both",
                                        tr::filter("few", [](int x) { return x % 10 == 0; })
                                            | tr::map("work", same, {.parallel = 2, .buffer = 4}),
                                        tr::map("all", same))
                        | tr::fan_in("in order", {.merge = tr::merge::in_order})
                        | tr::collect("out", out);
      auto r = tr::start(sys, flow);
      run_steps(sys, steps);
      for (const auto& worker : tr::detail::actors_of(r, "work"))
        tr::detail::anon_kill(worker);
      const auto end = accounted_graph(r.wait(), flow.topology());

      CHECK(end.clean());
      std::vector<int> model;
      for (const int x : numbers(100))
        model.insert(model.end(), x % 10 == 0 ? 2 : 1, x);
      CHECK(out == model);
    }
  }

  TEST_CASE("a batch that a take has emptied is answered for too") {
    for (std::size_t steps = 0; steps < 300; steps += 2) {
      CAPTURE(steps);
      virtual_system sys;
      const auto flow = tr::from("n", numbers(400))
                        | tr::map("work", same, {.parallel = 2, .buffer = 16})
                        | tr::take("some", 3, {.buffer = 2}) | tr::ignore("end");
      auto r = tr::start(sys, flow);
      run_steps(sys, steps);
      for (const auto& worker : tr::detail::actors_of(r, "work"))
        tr::detail::anon_kill(worker);

      CHECK(!accounted_graph(r.wait(), flow.topology()).error());
    }
  }
}

TEST_SUITE("joints: priority") {
  TEST_CASE("an urgent item overtakes all but a few behind the merge, unless a buffer is given") {
    const auto before_the_urgent = [](std::optional<int> buffer, int more_stages) {
      virtual_system sys;
      std::vector<int> out;
      auto [urgent, first] = tr::inbox<int>("urgent");
      auto [normal, second] = tr::inbox<int>("normal", {.capacity = 10'000});
      for (int i = 0; i < 5000; ++i)
        (void)normal.offer(i);
      tr::sink_options to_sink;
      if (buffer)
        to_sink.buffer = *buffer;
      auto f = tr::fan_in("all", {.merge = tr::merge::priority}, first, second);
      for (int i = 0; i < more_stages; ++i)
        f = f | tr::map("stage " + std::to_string(i), same);
      auto r = tr::start(sys, f
                                  | tr::sink(
                                      "end", [&](int x) { out.push_back(x); }, to_sink));
      r.pause("end");
      CHECK(!r.wait_for(1s));
      CHECK(urgent.offer(-1) == tr::offer_result::accepted);
      CHECK(!r.wait_for(1s));
      r.resume("end");
      urgent.close();
      normal.close();
      CHECK(r.wait().clean());
      return std::find(out.begin(), out.end(), -1) - out.begin();
    };

    CHECK(before_the_urgent({}, 0) <= 4);
    CHECK(before_the_urgent({}, 2) <= 12);
    CHECK(before_the_urgent(1024, 0) > 500);
    CHECK(before_the_urgent(1, 0) <= 1);
  }
}
