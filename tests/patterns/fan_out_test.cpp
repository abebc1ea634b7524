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

/// How many of these items each worker got.
std::vector<std::size_t> shares(const work_log<int>& log) {
  std::vector<std::size_t> counts(log.workers());
  for (const auto& e : log.entries())
    ++counts[e.worker];
  return counts;
}

} // namespace

TEST_SUITE("fan_out") {
  TEST_CASE("round_robin gives each worker one item in turn") {
    for (const auto& merge : {tr::merge::first_available, tr::merge::round_robin,
                              tr::merge::priority, tr::merge::weighted({1, 1, 1})}) {
      CAPTURE(std::string{merge.name()});
      virtual_system sys;
      work_log<int> log;
      std::vector<int> out;

      const auto end = run_graph(
          sys, tr::from("n", numbers(3000)) | tr::fan_out("work", log.noting(), {.workers = 3})
                   | tr::fan_in("all", {.merge = merge}) | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(sorted(out) == numbers(3000));
      REQUIRE(log.workers() == 3);
      for (std::size_t worker = 0; worker < 3; ++worker) {
        const auto items = log.of(worker);
        REQUIRE(items.size() == 1000);
        for (std::size_t i = 0; i < items.size(); ++i)
          CHECK(items[i] == items[0] + 3 * int(i));
      }
    }
  }

  TEST_CASE("round_robin and weighted deal whole batches in their shares where order is restored") {
    for (const auto& [to, expected] :
         {std::pair{tr::dispatch::round_robin, std::vector<std::size_t>{1000, 1000, 1000}},
          std::pair{tr::dispatch::weighted({3, 2, 1}),
                    std::vector<std::size_t>{1500, 1000, 500}}}) {
      virtual_system sys;
      work_log<int> log;
      std::vector<int> out;

      const auto end = run_graph(
          sys, tr::from("n", numbers(3000))
                   | tr::fan_out("work", log.noting(), {.workers = 3, .to = to, .buffer = 3})
                   | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(out == numbers(3000));
      auto got = shares(log);
      std::sort(got.rbegin(), got.rend());
      CHECK(got == expected); // buffer = workers: a batch is one item
    }
  }

  TEST_CASE("weighted 6:3:1 gives 6, 3 and 1 of every ten items") {
    virtual_system sys;
    work_log<int> log;

    run_graph(sys,
              tr::from("n", numbers(10'000))
                  | tr::fan_out("work", log.noting(), {.to = tr::dispatch::weighted({6, 3, 1})})
                  | tr::fan_in("all") | tr::ignore("end"));

    REQUIRE(log.workers() == 3); // the weights say how many there are
    for (std::size_t worker = 0; worker < 3; ++worker) {
      std::map<int, int> of_ten;
      for (const int x : log.of(worker))
        ++of_ten[x / 10];
      const int share = int(log.of(worker).size()) / 1000;
      CHECK((share == 6 || share == 3 || share == 1));
      CHECK(of_ten.size() == 1000);
      CHECK(std::all_of(of_ten.begin(), of_ten.end(), [&](auto& t) { return t.second == share; }));
    }
  }

  TEST_CASE(
      "least_loaded, power_of_two and on_demand pass a worker by that is busy, though nothing "
      "waits for it") {
    for (const auto& to : dispatch_by_load()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      std::vector<int> out;
      const auto work = slow_once([](int x) { return x == 5; });

      auto r = tr::start(
          sys, tr::from("n", numbers(1000))
                   | tr::fan_out("work", work,
                                 {.workers = 3, .to = to, .batch = 1, .on_error = after(10s)})
                   | tr::fan_in("all") | tr::collect("out", out));
      CHECK(!r.wait_for(5s));

      CHECK(out.size() == 999); // all but item 5: not one waits behind it
      CHECK(r.wait().clean());
      CHECK(out.back() == 5);
    }
  }

  TEST_CASE("round_robin and weighted wait for the worker whose turn it is: the slowest sets the "
            "pace") {
    for (const auto& to : {tr::dispatch::round_robin, tr::dispatch::weighted({1, 1, 1})}) {
      virtual_system sys;
      std::vector<int> out;
      const auto work = slow_once([](int x) { return x == 5; });

      auto r = tr::start(
          sys, tr::from("n", numbers(1000))
                   | tr::fan_out("work", work,
                                 {.workers = 3, .to = to, .buffer = 12, .on_error = after(10s)})
                   | tr::fan_in("all") | tr::collect("out", out));
      CHECK(!r.wait_for(5s));

      // Of each three further items one is for that worker, and at most `buffer` fit on its edge.
      CHECK(out.size() <= 3 * 12 + 5);
      CHECK(r.wait().clean());
      CHECK(sorted(out) == numbers(1000));
    }
  }

  TEST_CASE("with single items least_loaded and on_demand take whoever is idle for longest") {
    for (const auto& to : {tr::dispatch::least_loaded, tr::dispatch::on_demand}) {
      virtual_system sys;
      work_log<int> log;
      auto [in, source] = tr::inbox<int>("in");

      auto r = tr::start(sys, source | tr::fan_out("work", log.noting(), {.workers = 4, .to = to})
                                  | tr::fan_in("all") | tr::ignore("end"));
      for (int i = 0; i < 40; ++i) {
        in.offer(i);
        CHECK(!r.wait_for(1ms));
      }
      in.close();
      CHECK(r.wait().clean());

      REQUIRE(log.entries().size() == 40);
      for (std::size_t i = 0; i < 40; ++i)
        CHECK(log.entries()[i].worker == i % 4);
    }
  }

  TEST_CASE("power_of_two uses every worker") {
    virtual_system sys;
    work_log<int> log;

    run_graph(sys, tr::from("n", numbers(1000))
                       | tr::fan_out("work", log.noting(),
                                     {.workers = 4, .to = tr::dispatch::power_of_two, .batch = 1})
                       | tr::fan_in("all") | tr::ignore("end"));

    REQUIRE(log.workers() == 4);
    for (const auto share : shares(log))
      CHECK(share > 1000 / 4 / 2);
  }

  TEST_CASE("by_key gives a key's items to one worker, in their order, for 10,000 keys") {
    virtual_system sys;
    work_log<int> log;
    std::vector<int> out;
    const auto key = [](int x) { return x % 10'000; };
    const tr::fan_out_options options{.workers = 4, .to = tr::dispatch::by_key(key)};

    const auto end
        = run_graph(sys, tr::from("n", numbers(30'000)) | tr::fan_out("work", log.noting(), options)
                             | tr::fan_in("all") | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(log.workers() == 4);
    std::map<int, std::pair<std::size_t, int>> seen; // worker and last item, by key
    bool held = true;
    for (const auto& [worker, item] : log.entries()) {
      const auto [at, is_new] = seen.try_emplace(key(item), worker, item);
      held = held && at->second.first == worker && (is_new || at->second.second < item);
      at->second.second = item;
    }
    CHECK(held);
    CHECK(seen.size() == 10'000);
    std::map<int, int> last;
    for (const int x : out) {
      held = held && (!last.contains(key(x)) || last[key(x)] < x);
      last[key(x)] = x;
    }
    CHECK(held);
    CHECK(sorted(out) == numbers(30'000));
  }

  TEST_CASE("with threads by_key keeps each key's order too") {
    threaded_system sys;
    std::vector<int> out;
    const auto key = [](int x) { return x % 100; };
    const auto work = [](int x) {
      volatile int spin = (x * 7919) % 400;
      while (spin > 0)
        spin = spin - 1;
      return x;
    };

    const auto end = run_graph(
        sys, tr::from("n", numbers(20'000))
                 | tr::fan_out("work", work,
                               {.workers = 4, .to = tr::dispatch::by_key(key), .buffer = 64})
                 | tr::fan_in("all") | tr::collect("out", out));

    CHECK(end.clean());
    std::map<int, int> last;
    bool held = true;
    for (const int x : out) {
      held = held && (!last.contains(key(x)) || last[key(x)] < x);
      last[key(x)] = x;
    }
    CHECK(held);
    CHECK(sorted(out) == numbers(20'000));
  }

  TEST_CASE("a busy key does not hold up the others while there is room for its items") {
    const tr::key_table keys{2};
    const auto worker_of = [&](int key) { return keys.worker_of(std::hash<int>{}(key)); };
    int other = 1;
    while (worker_of(other) == worker_of(0))
      ++other;
    // The first item is slow; 20 more of its key follow, among 1,000 of another worker's key.
    std::vector<int> items{0};
    for (int i = 1; i <= 1000; ++i) {
      items.push_back(other);
      if (i % 50 == 0)
        items.push_back(0);
    }
    virtual_system sys;
    std::vector<int> out;
    const auto work = [first = true](int x) mutable {
      if (x == 0 && std::exchange(first, false))
        throw std::runtime_error{"not yet"};
      return x;
    };

    auto r = tr::start(sys, tr::from("n", items)
                                | tr::fan_out("work", work,
                                              {.workers = 2,
                                               .to = tr::dispatch::by_key([](int x) { return x; }),
                                               .buffer = 64,
                                               .on_error = after(10s)})
                                | tr::fan_in("all") | tr::collect("out", out));
    CHECK(!r.wait_for(5s));

    CHECK(out == std::vector<int>(1000, other));
    CHECK(r.wait().clean());
    CHECK(out.size() == items.size());
  }

  TEST_CASE("by_key in front of in_order keeps everybody's order") {
    virtual_system sys;
    std::vector<int> out;
    const auto work = slow_once([](int x) { return x % 37 == 0; });
    const tr::fan_out_options options{.workers = 3,
                                      .to = tr::dispatch::by_key([](int x) { return x % 10; }),
                                      .buffer = 50,
                                      .on_error = after(1s)};

    const auto end = run_graph(
        sys, tr::from("n", numbers(1000)) | tr::fan_out("work", work, options)
                 | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(1000));
  }

  TEST_CASE("in_order restores the input's order behind every strategy, however unequal the work") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      std::vector<int> out;
      const auto work = slow_once([](int x) { return x * 7919 % 11 < 2; });
      const auto buffer = to.name() == "by_key" ? 64 : 24;

      const auto end = run_graph(sys, tr::from("n", numbers(2000))
                                          | tr::fan_out("work", work,
                                                        {.workers = to.name() == "weighted" ? 3 : 8,
                                                         .to = to,
                                                         .buffer = buffer,
                                                         .on_error = after(3ms)})
                                          | tr::fan_in("all", {.merge = tr::merge::in_order})
                                          | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(out == numbers(2000));
    }
  }

  TEST_CASE("workers may filter, and take items that only move") {
    virtual_system sys;
    std::vector<int> out;
    const auto make = [n = 0]() mutable -> std::optional<std::unique_ptr<int>> {
      return n < 100 ? std::optional{std::make_unique<int>(n++)} : std::nullopt;
    };
    const auto odd
        = [](std::unique_ptr<int> p) { return *p % 2 ? std::optional{*p} : std::nullopt; };

    const auto end = run_graph(sys, tr::produce<std::unique_ptr<int>>("make", make)
                                        | tr::fan_out("odd", odd, {.workers = 3})
                                        | tr::fan_in("all", {.merge = tr::merge::in_order})
                                        | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(end.stage("odd").filtered == 50);
    CHECK(out.size() == 50);
    CHECK(std::is_sorted(out.begin(), out.end()));
  }

  TEST_CASE("fan-out: ends when its input ends, and load is queued plus in flight") {
    virtual_system sys;
    std::vector<int> out;
    auto [in, source] = tr::inbox<int>("in");
    const auto work = slow_once([](int x) { return x == 0; });

    auto r = tr::start(
        sys,
        source
            | tr::fan_out(
                "work", work,
                {.workers = 2, .to = tr::dispatch::least_loaded, .batch = 1, .on_error = after(1h)})
            | tr::fan_in("all") | tr::collect("out", out));
    for (int i = 0; i < 100; ++i) {
      in.offer(i);
      CHECK(!r.wait_for(1ms));
    }

    // Nothing is queued at either worker; only one of them has something in flight, for an hour.
    CHECK(out.size() == 99);
    in.close();
    CHECK(!r.done());
    const auto end = r.wait();
    CHECK(end.clean());
    CHECK(out.back() == 0);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("takes no more than its edges hold while its workers are busy") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      const auto work = slow_once([](int) { return true; });
      const auto flow = tr::produce<int>("n", endless())
                        | tr::fan_out("work", work,
                                      {.workers = 3, .to = to, .buffer = 30, .on_error = after(1h)})
                        | tr::fan_in("all") | tr::ignore("end");

      auto r = tr::start(sys, flow);
      CHECK(!r.wait_for(1s));

      CHECK(flow.topology().edges()[0].bound <= 30);
      CHECK(r.metrics("n").counters.emitted <= 30);
      accounted_graph(r.stop(), flow.topology());
    }
  }

  TEST_CASE("a failing item goes where on_error says, by its index in the input") {
    for (const auto& to : every_dispatch()) {
      CAPTURE(std::string{to.name()});
      virtual_system sys;
      std::vector<int> out;
      const auto work = [](int x) {
        if (x == 777)
          throw std::runtime_error{"unlucky"};
        return x;
      };
      const auto flow = [&](const tr::on_error& e) {
        return tr::from("n", numbers(1000))
               | tr::fan_out("work", work, {.workers = 3, .to = to, .on_error = e})
               | tr::fan_in("all") | tr::collect("out", out);
      };

      const auto skipped = run_graph(sys, flow(tr::on_error::skip));
      CHECK(skipped.stage("work").failed == 1);
      CHECK(out.size() == 999);

      const auto stopped = run_graph(sys, flow(tr::on_error::stop));
      REQUIRE(stopped.error());
      CHECK(stopped.error()->stage() == "work");
      CHECK(stopped.error()->message() == "item 777: unlucky");
    }
  }

  TEST_CASE("bad configuration is refused with stage, option, value and range") {
    const auto build = [](tr::fan_out_options o) {
      return refusal([&] { tr::from("n", numbers(1)) | tr::fan_out("work", same, o); });
    };

    CHECK(build({.workers = 0}) == "fan_out \"work\": workers = 0, needs at least 1");
    CHECK(build({.workers = -2}) == "fan_out \"work\": workers = -2, needs at least 1");
    CHECK(build({.buffer = 0}) == "fan_out \"work\": buffer = 0, needs at least 1");
    CHECK(build({.workers = 3, .to = tr::dispatch::weighted({6, 3})})
          == "fan_out \"work\": weights = 2 numbers, needs one for each of the 3");
    CHECK(build({.to = tr::dispatch::weighted({6, 0})})
          == "fan_out \"work\": weights = 0, needs 1 to 1000000");
    CHECK(build({.to = tr::dispatch::by_key([](const std::string& s) { return s.size(); })})
          == "fan_out \"work\": to = by_key of a function of another type, needs a key function "
             "that takes the item type of the flow");
  }

  TEST_CASE("a generic key function names its item type at by_key") {
    virtual_system sys;
    const auto digit = [](const auto& x) { return x % 10; };
    std::vector<int> out;

    run_graph(
        sys, tr::from("n", numbers(100))
                 | tr::fan_out("work", same, {.workers = 2, .to = tr::dispatch::by_key<int>(digit)})
                 | tr::fan_in("all") | tr::collect("out", out));

    CHECK(sorted(out) == numbers(100));
  }

  TEST_CASE("its topology names workers, strategies and bounds") {
    const auto t = (tr::from("n", numbers(1))
                    | tr::fan_out("work", same, {.workers = 4, .to = tr::dispatch::least_loaded})
                    | tr::fan_in("all", {.merge = tr::merge::in_order}) | tr::ignore("end"))
                       .topology();

    CHECK(t.to_text()
          == "n [from] --1024--> work [fan_out x4, least_loaded] --1024--> all [fan_in, in_order] "
             "--> end [ignore]\n");
    CHECK(t.item_bound() == 2048);
    // Supervisor, source, distributor and four workers, merger, sink.
    CHECK(t.actor_count() == 1 + 1 + 5 + 1 + 1);
  }

  TEST_CASE("its workers may run a call, which keeps its own policies and on_error") {
    virtual_system sys;
    std::vector<int> out;
    const auto odd_fails = [](int x) -> tr::result<int> {
      if (x % 2 == 1)
        return tr::fail(tr::errc::stage_failed, "odd");
      return 10 * x;
    };
    const auto asked = tr::call("ask", odd_fails, tr::call_options{.on_error = tr::on_error::skip},
                                tr::retry{.attempts = 2, .backoff = {1ms, 1ms}});
    const auto timed = tr::call(
        "timed", [](int x) { return x + 1; }, tr::timeout{1s});

    const auto end = run_graph(
        sys, tr::from("n", numbers(20))
                 | tr::fan_out("calls", asked, {.workers = 3, .to = tr::dispatch::least_loaded})
                 | tr::fan_in("all", {.merge = tr::merge::in_order})
                 | tr::fan_out("more", timed, {.workers = 2}) | tr::fan_in("end of it")
                 | tr::collect("out", out));

    CHECK(!end.error());
    CHECK(end.stage("calls").failed == 10);
    std::vector<int> expected;
    for (int i = 0; i < 10; ++i)
      expected.push_back(20 * i + 1);
    CHECK(sorted(out) == expected);
  }

  TEST_CASE("of a part of a flow its workers run one stage only, with one on_error") {
    const auto n = tr::from("n", numbers(1));
    const auto two = tr::map("a", same) | tr::map("b", same);
    const auto own = tr::map("a", same);

    CHECK(refusal([&] { (void)(n | tr::fan_out("w", two) | tr::fan_in("all")); })
          == "fan_out \"w\": function = several stages, needs a function or one stage");
    CHECK(refusal([&] {
            (void)(n | tr::fan_out("w", own, {.on_error = tr::on_error::skip}) | tr::fan_in("all"));
          })
          == "fan_out \"w\": on_error = given twice, needs to be left to the stage \"a\" that its "
             "workers run");
  }
}
