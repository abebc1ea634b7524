#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>

namespace tr = troupe;
using namespace support;

namespace {

const auto same = [](int x) { return x; };
const auto minus = [](int x) { return -x; };

tr::fan_in_options in_order() { return {.merge = tr::merge::in_order}; }

/// x, -x for each x.
std::vector<int> both(int n) {
  std::vector<int> v;
  for (int x = 0; x < n; ++x) {
    v.push_back(x);
    v.push_back(-x);
  }
  return v;
}

} // namespace

TEST_SUITE("broadcast") {
  TEST_CASE("every branch gets every item, in order") {
    virtual_system sys;
    std::vector<int> a;
    std::vector<int> b;
    std::vector<int> c;

    const auto end = run_graph(
        sys,
        tr::from("n", numbers(3000))
            | tr::broadcast("all", tr::collect("a", a), tr::map("same", same) | tr::collect("b", b),
                            tr::map("narrow", same, {.buffer = 3}) | tr::collect("c", c)));

    CHECK(end.clean());
    CHECK(a == numbers(3000));
    CHECK(b == numbers(3000));
    CHECK(c == numbers(3000));
    CHECK(end.stage("all").received == 3000);
    CHECK(end.stage("all").delivered == 3000);
    CHECK(end.stage("all").emitted == 9000);
  }

  TEST_CASE("branches that meet in order give each item's results next to each other") {
    virtual_system sys;
    std::vector<int> out;

    const auto end
        = run_graph(sys, tr::from("n", numbers(1000))
                             | tr::broadcast("both", tr::map("plus", same, {.buffer = 5}),
                                             tr::map("minus", minus))
                             | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == both(1000));
  }

  TEST_CASE("parallel and uneven stages inside of the branches change nothing about that order") {
    virtual_system sys;
    std::vector<int> out;
    const auto slow = slow_once([](int x) { return x % 7 == 3; });
    // The order of the stage itself does not matter: the fan_in needs it.
    const tr::stage_options options{
        .parallel = 3, .order = tr::emit::as_completed, .buffer = 12, .on_error = after(1s)};

    const auto end = run_graph(
        sys, tr::from("n", numbers(300))
                 | tr::broadcast("both", tr::stage("plus", slow, options) | tr::map("p", same),
                                 tr::stage("slow", slow, {.parallel = 2, .on_error = after(2s)})
                                     | tr::map("minus", minus))
                 | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == both(300));
  }

  // Whose order is restored had been looked for beyond the fan_in.
  TEST_CASE(
      "regression: behind the fan_in a stage hands on its results as they are ready, if told to") {
    virtual_system sys;
    std::vector<int> out;
    const tr::stage_options options{
        .parallel = 3, .order = tr::emit::as_completed, .on_error = after(1s)};

    const auto end
        = run_graph(sys, tr::from("n", numbers(100)) | tr::broadcast("one", tr::map("same", same))
                             | tr::fan_in("all", in_order())
                             | tr::stage("work", slow_once([](int x) { return x == 3; }), options)
                             | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(sorted(out) == numbers(100));
    CHECK(out.back() != 99);
  }

  TEST_CASE("branches may filter and multiply in front of in_order") {
    virtual_system sys;
    std::vector<int> out;
    const auto thrice = [](int x) { return std::vector<int>(3, x); };
    std::vector<int> expected;
    for (int x = 0; x < 200; ++x) {
      if (x % 2)
        expected.push_back(x);
      expected.insert(expected.end(), 3, x);
    }

    const auto end = run_graph(
        sys, tr::from("n", numbers(200))
                 | tr::broadcast("both", tr::filter("odd", [](int x) { return x % 2 == 1; }),
                                 tr::flat_map("thrice", thrice, {.parallel = 2, .buffer = 4}))
                 | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == expected);
  }

  TEST_CASE("a tee: closed branches end beside the one that goes on") {
    virtual_system sys;
    std::vector<int> copy;
    std::vector<int> out;

    const auto end
        = run_graph(sys, tr::from("n", numbers(500))
                             | tr::broadcast("tee", tr::collect("copy", copy), tr::map("go", same))
                             | tr::fan_in("all") | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(copy == numbers(500));
    CHECK(out == numbers(500));
  }

  // The items of the closed branch were numbered like those of the others, and the join waited for
  // their results.
  TEST_CASE("regression: a closed branch beside branches that meet in order") {
    virtual_system sys;
    std::vector<int> copy;
    std::vector<int> out;

    const auto end
        = run_graph(sys, tr::from("n", numbers(500))
                             | tr::broadcast("tee", tr::map("plus", same),
                                             tr::collect("copy", copy), tr::map("minus", minus))
                             | tr::fan_in("all", in_order()) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(copy == numbers(500));
    CHECK(out == both(500));
  }

  TEST_CASE("the slowest branch sets the pace") {
    virtual_system sys;
    std::vector<int> fast;
    const auto slow = slow_once([](int x) { return x == 100; });
    const auto flow = tr::produce<int>("n", endless())
                      | tr::broadcast("both", tr::collect("fast", fast),
                                      tr::stage("slow", slow, {.buffer = 10, .on_error = after(1h)})
                                          | tr::ignore("end"));

    auto r = tr::start(sys, flow);
    CHECK(!r.wait_for(1s));

    CHECK(fast.size() <= 100 + 10);
    CHECK(r.metrics("n").counters.emitted <= 100 + flow.topology().item_bound());
    accounted_graph(r.stop(), flow.topology());
  }

  TEST_CASE("a branch that needs no more does not count any longer") {
    virtual_system sys;
    std::vector<int> few;
    std::vector<int> all;

    const auto end = run_graph(
        sys,
        tr::from("n", numbers(5000), {.buffer = 16})
            | tr::broadcast("both", tr::take("few", 3, {.buffer = 1}) | tr::collect("few out", few),
                            tr::collect("all out", all)));

    CHECK(end.clean());
    CHECK(few == numbers(3));
    CHECK(all == numbers(5000));
    CHECK(end.stage("few").received < 100);
  }

  TEST_CASE("when no branch needs more, the sources end") {
    virtual_system sys;
    std::vector<int> a;
    std::vector<int> b;

    const auto end
        = run_graph(sys, tr::produce<int>("n", endless())
                             | tr::broadcast("both", tr::take("3", 3) | tr::collect("a", a),
                                             tr::take("40", 40) | tr::collect("b", b)));

    CHECK(end.clean());
    CHECK(a == numbers(3));
    CHECK(b == numbers(40));
  }

  TEST_CASE("junctions inside of branches") {
    virtual_system sys;
    std::vector<int> out;
    std::vector<int> deep;
    const auto inner = tr::broadcast("inner", tr::map("plus", same), tr::map("minus", minus))
                       | tr::fan_in("inner all", in_order());
    const auto workers = tr::fan_out("work", same, {.workers = 3}) | tr::fan_in("work all");
    const auto closed = tr::broadcast("closed", tr::collect("deep", deep), tr::ignore("rest"));

    const auto end = run_graph(sys, tr::from("n", numbers(100))
                                        | tr::broadcast("outer", inner, workers, closed)
                                        | tr::fan_in("all") | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(deep == numbers(100));
    auto expected = both(100);
    for (const int x : numbers(100))
      expected.push_back(x);
    CHECK(sorted(out) == sorted(expected));
  }

  TEST_CASE("an item that fails in a branch fails the run, or is skipped in that branch only") {
    const auto picky = [](int x) {
      if (x == 42)
        throw std::runtime_error{"not this one"};
      return x;
    };
    const auto flow = [&](const tr::on_error& e, std::vector<int>& out) {
      return tr::from("n", numbers(100))
             | tr::broadcast("both", tr::stage("picky", picky, {.on_error = e}),
                             tr::map("minus", minus))
             | tr::fan_in("all", in_order()) | tr::collect("out", out);
    };
    virtual_system sys;
    std::vector<int> out;

    const auto skipped = run_graph(sys, flow(tr::on_error::skip, out));
    CHECK(!skipped.error());
    auto expected = both(100);
    expected.erase(std::find(expected.begin(), expected.end(), 42));
    CHECK(out == expected);

    out.clear();
    const auto stopped = run_graph(sys, flow(tr::on_error::stop, out));
    REQUIRE(stopped.error());
    CHECK(stopped.error()->stage() == "picky");
    CHECK(stopped.error()->message() == "item 42: not this one");
    CHECK(std::equal(out.begin(), out.end(), expected.begin()));
  }

  TEST_CASE("whichever actor is ended from outside, the run fails and the accounts are in order") {
    const auto flow = tr::produce<int>("n", endless())
                      | tr::broadcast("both", tr::map("plus", same), tr::map("minus", minus),
                                      tr::ignore("rest"))
                      | tr::fan_in("all", in_order()) | tr::ignore("end");
    for (std::size_t victim = 0; victim < flow.topology().actor_count(); ++victim) {
      for (const std::size_t steps : {0, 7, 50, 333}) {
        CAPTURE(victim);
        CAPTURE(steps);
        virtual_system sys;
        auto r = tr::start(sys, flow);
        run_steps(sys, steps);
        tr::detail::anon_kill(tr::detail::actors_of(r)[victim]);
        const auto end = accounted_graph(r.wait(), flow.topology());

        REQUIRE(end.error());
        CHECK(end.error()->code() == tr::errc::worker_died);
        CHECK(sys.actors() == 0);
      }
    }
  }

  TEST_CASE("a name must be there, and must not be taken") {
    CHECK(refusal([] { tr::from("n", numbers(1)) | tr::broadcast("n", tr::ignore("a")); })
          == "broadcast \"n\": name = \"n\", needs a name that no other stage of the flow has");
    CHECK(refusal([] {
            tr::from("n", numbers(1)) | tr::broadcast("both", tr::ignore("a"), tr::ignore("a"));
          })
          == "ignore \"a\": name = \"a\", needs a name that no other stage of the flow has");
    CHECK(refusal([] {
            tr::from("n", numbers(1)) | tr::broadcast("", tr::ignore("a"), tr::ignore("b"));
          })
          == "broadcast \"\": name = \"\", needs at least one character");
  }

  TEST_CASE("its topology shows each branch") {
    const auto t
        = (tr::from("n", numbers(1))
           | tr::broadcast("both", tr::map("plus", same, {.parallel = 2}), tr::ignore("rest"))
           | tr::fan_in("all", in_order()) | tr::ignore("end"))
              .topology();

    CHECK(t.to_text()
          == "n [from] --1024--> both [broadcast]\n"
             "both --1024--> rest [ignore]\n"
             "both --1024--> plus [map x2, in_order] --1024--> all [fan_in, in_order] --> end "
             "[ignore]\n");
    // Supervisor, source, broadcast, sink, two workers with distributor and merger, fan_in, sink.
    CHECK(t.actor_count() == 1 + 1 + 1 + 1 + 4 + 1 + 1);
  }
}
