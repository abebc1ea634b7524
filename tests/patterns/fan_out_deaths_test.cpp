#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/dispatch.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

namespace {

int same(int x) { return x; }

} // namespace

TEST_SUITE("fan_out, when workers die") {
  TEST_CASE("what a dead worker has not dealt with goes to the others, and is counted") {
    for (const auto& to : every_dispatch()) {
      for (std::size_t victim = 0; victim < 3; ++victim) {
        CAPTURE(std::string{to.name()});
        CAPTURE(victim);
        virtual_system sys;
        std::vector<int> out;
        const auto work = slow_once([](int x) { return x < 10; });
        const auto flow
            = tr::from("n", numbers(60))
              | tr::fan_out("work", work, {.workers = 3, .to = to, .on_error = after(10s)})
              | tr::fan_in("all") | tr::collect("out", out);

        auto r = tr::start(sys, flow);
        CHECK(!r.wait_for(5s)); // each has an item in its hands
        tr::detail::anon_kill(tr::detail::actors_of(r, "work")[victim]);
        const auto end = accounted_graph(r.wait(), flow.topology());

        CHECK(end.clean());
        CHECK(sorted(out) == numbers(60));
        CHECK(end.stage("work").redelivered >= 1);
        CHECK(end.stage("work").received == 60);
        CHECK(sys.actors() == 0);
      }
    }
  }

  TEST_CASE("behind in_order a successor takes over, and the order is kept") {
    for (const auto& to : dispatch_by_load()) {
      for (std::size_t victim = 0; victim < 3; ++victim) {
        virtual_system sys;
        std::vector<int> out;
        const auto work = slow_once([](int x) { return x % 10 == 0; });
        const auto flow
            = tr::from("n", numbers(200))
              | tr::fan_out("work", work,
                            {.workers = 3, .to = to, .buffer = 9, .on_error = after(10s)})
              | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::collect("out", out);

        auto r = tr::start(sys, flow);
        CHECK(!r.wait_for(25s));
        tr::detail::anon_kill(tr::detail::actors_of(r, "work")[victim]);
        const auto end = accounted_graph(r.wait(), flow.topology());

        CHECK(end.clean());
        CHECK(out == numbers(200));
      }
    }
  }

  TEST_CASE("by_key in front of in_order cannot spare a worker that holds items, and says so") {
    virtual_system sys;
    const auto work = slow_once([](int) { return true; });
    const auto flow = tr::from("n", numbers(60))
                      | tr::fan_out("work", work,
                                    {.workers = 2,
                                     .to = tr::dispatch::by_key([](int x) { return x; }),
                                     .on_error = after(10s)})
                      | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::ignore("end");

    auto r = tr::start(sys, flow);
    CHECK(!r.wait_for(5s));
    tr::detail::anon_kill(tr::detail::actors_of(r, "work")[0]);
    const auto end = accounted_graph(r.wait(), flow.topology());

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::worker_died);
    CHECK(end.error()->stage() == "work");
  }

  // The merger waits for the number of each batch, also of one whose items are filtered away because
  // nothing more is wanted. A worker that had no room to tell it of such a batch was not missed.
  TEST_CASE(
      "regression: by_key in front of in_order never stands still, whatever the dead one owed") {
    const tr::key_table keys{2};
    const auto worker_of = [&keys](int x) { return keys.worker_of(std::hash<int>{}(x % 10)); };
    const int a = 0;
    int b = 1;
    while (worker_of(b) == worker_of(a))
      ++b;
    std::set<bool> outcomes;
    for (int batches = 2; batches <= 12; ++batches) {
      CAPTURE(batches);
      virtual_system sys;
      std::vector<int> items;
      for (int i = 0; i < batches; ++i)
        for (const int key : {a, b})
          items.push_back(10 * i + key);
      // The first one is all that is wanted. Then the worker with `a` waits for 10 s, the other one,
      // whose turn it is at the merger, for 20 s.
      const auto slow = [=, waits = true](int x) mutable -> tr::result<int> {
        if (x != a && std::exchange(waits, false))
          return tl::unexpected{tr::error{tr::errc::stage_failed, {}, "not yet"}.with_retry_after(
              x == b ? 20s : 10s)};
        return x;
      };
      const auto flow = tr::from("n", items)
                        | tr::fan_out("work", slow,
                                      {.workers = 2,
                                       .to = tr::dispatch::by_key([](int x) { return x % 10; }),
                                       .buffer = 64,
                                       .on_error = tr::on_error::retry(
                                           {.backoff = {1s, 1min}, .jitter = tr::jitter::none})})
                        | tr::fan_in("all", {.merge = tr::merge::in_order, .buffer = 8})
                        | tr::take("some", 1) | tr::ignore("end");

      auto r = tr::start(sys, flow);
      CHECK(!r.wait_for(15s));
      tr::detail::anon_kill(tr::detail::actors_of(r, "work")[worker_of(a)]);
      const auto end = r.wait_for(1h);

      REQUIRE(end);
      accounted_graph(*end, flow.topology());
      outcomes.insert(end->clean());
      if (end->error()) {
        CHECK(end->error()->code() == tr::errc::worker_died);
        CHECK(end->error()->stage() == "work");
      }
    }
    CHECK(outcomes.size() == 2);
  }

  TEST_CASE("with no worker left the run fails and names the stage") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      const auto work = slow_once([](int) { return true; });
      const auto flow
          = tr::from("n", numbers(60))
            | tr::fan_out("work", work, {.workers = 3, .to = to, .on_error = after(10s)})
            | tr::fan_in("all") | tr::ignore("end");

      auto r = tr::start(sys, flow);
      CHECK(!r.wait_for(5s));
      for (const auto& worker : tr::detail::actors_of(r, "work"))
        tr::detail::anon_kill(worker);
      const auto end = accounted_graph(r.wait(), flow.topology());

      REQUIRE(end.error());
      CHECK(end.error()->code() == tr::errc::worker_died);
      CHECK(end.error()->stage() == "work");
      CHECK(sys.actors() == 0);
    }
  }

  // An item that had found no room had its worker chosen; the next one to be dealt out, of a dead
  // worker's, went there in its place.
  TEST_CASE("regression: what a dead worker leaves goes where its key belongs") {
    tr::key_table keys{3};
    auto without_2 = keys;
    without_2.remove(2);
    const auto key_of = [](std::size_t worker, const tr::key_table& t, int from) {
      while (t.worker_of(std::hash<int>{}(from)) != worker)
        ++from;
      return from;
    };
    const int a = key_of(1, keys, 0);
    int b = key_of(2, keys, 0);
    while (without_2.worker_of(std::hash<int>{}(b)) != 0)
      b = key_of(2, keys, b + 1);
    std::vector<std::pair<int, int>> items{{a, 0}};
    for (int i = 0; i < 40; ++i)
      items.emplace_back(b, i);
    items.insert(items.begin() + 8, {a, 1}); // finds no room
    virtual_system sys;
    std::vector<int> out;
    const auto work = [first = true](const std::pair<int, int>& x) mutable {
      if (x.second == 0 && std::exchange(first, false))
        throw std::runtime_error{"not yet"};
      return x;
    };
    const auto by_first
        = tr::dispatch::by_key([](const std::pair<int, int>& x) { return x.first; });

    auto r = tr::start(
        sys, tr::from("n", items)
                 | tr::fan_out("work", work,
                               {.workers = 3, .to = by_first, .buffer = 16, .on_error = after(10s)})
                 | tr::fan_in("all") | tr::sink("end", [&](const auto& x) {
                     if (x.first == b)
                       out.push_back(x.second);
                   }));
    CHECK(!r.wait_for(5s));
    tr::detail::anon_kill(tr::detail::actors_of(r, "work")[2]);
    CHECK(r.wait().clean());

    CHECK(out == numbers(40));
  }

  TEST_CASE("two deaths, at any moment, leave each key its order and lose nothing"
            * doctest::test_suite("long")) {
    const auto key = [](int x) { return x % 13; };
    for (std::size_t steps = 0; steps < 300; ++steps) {
      CAPTURE(steps);
      virtual_system sys;
      std::vector<int> out;
      const auto work = slow_once([](int x) { return x % 11 == 3; });
      const tr::fan_out_options options{
          .workers = 4, .to = tr::dispatch::by_key(key), .buffer = 12, .on_error = after(1s)};
      const auto flow = tr::from("n", numbers(200)) | tr::fan_out("work", work, options)
                        | tr::fan_in("all") | tr::collect("out", out);

      auto r = tr::start(sys, flow);
      CHECK(!r.wait_for(2500ms));
      const auto workers = tr::detail::actors_of(r, "work");
      run_steps(sys, steps / 10);
      tr::detail::anon_kill(workers[steps % 4]);
      run_steps(sys, steps % 10);
      tr::detail::anon_kill(workers[(steps + 1 + steps / 4 % 3) % 4]);
      CHECK(accounted_graph(r.wait(), flow.topology()).clean());

      std::map<int, int> last;
      bool held = true;
      for (const int x : out) {
        held = held && (!last.contains(key(x)) || last[key(x)] < x);
        last[key(x)] = x;
      }
      CHECK(held);
      CHECK(sorted(out) == numbers(200));
    }
  }

  // The distributor waited for every living worker to say that nothing more is wanted, and counted
  // those that had said so and died.
  TEST_CASE("regression: a take behind it ends the sources, whenever a worker dies") {
    for (const auto& to : {tr::dispatch::least_loaded, tr::dispatch::round_robin}) {
      for (std::size_t victim = 0; victim < 3; ++victim) {
        for (std::size_t steps = 0; steps < 120; steps += 3) {
          CAPTURE(std::string{to.name()});
          CAPTURE(victim);
          CAPTURE(steps);
          virtual_system sys;
          std::vector<int> out;
          const auto flow = tr::from("n", numbers(20'000))
                            | tr::fan_out("work", same, {.workers = 3, .to = to, .buffer = 6})
                            | tr::fan_in("all") | tr::take("some", 5) | tr::collect("out", out);

          auto r = tr::start(sys, flow);
          run_steps(sys, steps);
          tr::detail::anon_kill(tr::detail::actors_of(r, "work")[victim]);
          const auto end = accounted_graph(r.wait(), flow.topology());

          CHECK(!end.error());
          CHECK(out.size() == 5);
          CHECK(end.stage("n").emitted < 1000);
        }
      }
    }
  }
}
