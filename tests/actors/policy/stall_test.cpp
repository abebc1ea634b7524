#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <troupe/phase.hpp>
#include <troupe/policy/stall.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using tr::phase;

namespace {

constexpr tr::time_point now{1h};

tr::actor_sample doing(phase p, tr::duration for_how_long) {
  return {.doing = p, .since = now - for_how_long, .first_item = 7, .last_item = 7};
}

/// A graph at an instant, built stage by stage.
class graph {
public:
  /// A stage behind those of these names, whose actors do this.
  graph& add(std::string name, const std::vector<std::string>& behind,
             std::vector<tr::actor_sample> actors, std::string_view what = "stage") {
    tr::stage_sample s;
    s.name = std::move(name);
    s.what = what;
    s.passes_on = what == "fan_in";
    s.actors = std::move(actors);
    for (const auto& b : behind)
      s.inputs.push_back({.from = index_of(b), .capacity = 1024});
    sample_.at = now;
    sample_.stages.push_back(std::move(s));
    return *this;
  }
  tr::stage_sample& last() { return sample_.stages.back(); }
  tr::stall stall() const { return tr::stall_in(sample_); }
  std::string text() const { return to_string(stall()); }
  /// Names of the roots, in order.
  std::string roots() const {
    std::string all;
    for (const auto& r : stall().roots)
      all += (all.empty() ? "" : " ") + r.stage;
    return all;
  }

private:
  std::size_t index_of(const std::string& name) const {
    for (std::size_t i = 0; i < sample_.stages.size(); ++i)
      if (sample_.stages[i].name == name)
        return i;
    FAIL("no stage " << name);
    return 0;
  }

  tr::graph_sample sample_;
};

} // namespace

TEST_SUITE("stall") {
  TEST_CASE("whoever is held back waits for the stage behind, and that one is in its function") {
    graph g;
    g.add("numbers", {}, {doing(phase::held_back, 4s)})
        .add("receipts", {"numbers"}, {doing(phase::held_back, 4200ms)})
        .add("ledger", {"receipts"}, {doing(phase::working, 4200ms)})
        .add("mail", {"ledger"}, {doing(phase::idle, 4200ms)});

    CHECK(g.roots() == "ledger");
    CHECK(g.stall().roots.front().waiting == 3);
    CHECK(g.text()
          == "numbers waits for receipts: its buffer of 1,024 is full for 4.0 s; "
             "receipts waits for ledger: its buffer of 1,024 is full for 4.2 s; "
             "mail waits for ledger: nothing has come for 4.2 s; "
             "ledger is in its function for 4.2 s, item 7");
  }

  TEST_CASE("where all is idle behind a source that has nothing, the source is the root") {
    graph g;
    g.add("prices", {}, {doing(phase::idle, 90s)})
        .add("store", {"prices"}, {doing(phase::idle, 90s)});

    CHECK(g.roots() == "prices");
    CHECK(g.stall().roots.front().intended());
    CHECK(g.text()
          == "store waits for prices: nothing has come for 1.5 min; "
             "prices has had nothing to give for 1.5 min");
  }

  TEST_CASE("nothing waits in a graph that has ended, or where each has something to do") {
    graph over;
    over.add("a", {}, {doing(phase::ended, 1s)}).add("b", {"a"}, {doing(phase::ended, 1s)});
    CHECK(over.text() == "nothing waits");

    graph busy;
    busy.add("a", {}, {doing(phase::working, 1s)}).add("b", {"a"}, {doing(phase::working, 1s)});
    CHECK(busy.text() == "nothing waits");
    CHECK(graph{}.text() == "nothing waits");
  }

  TEST_CASE("the cause is what the root does") {
    const auto root_of = [](tr::actor_sample a, std::string_view what = "stage") {
      graph g;
      g.add("a", {}, {doing(phase::held_back, 1s)}).add("b", {"a"}, {std::move(a)}, what);
      const auto s = g.stall();
      REQUIRE(s.roots.size() == 1);
      CHECK(s.roots[0].stage == "b");
      return s.roots[0];
    };
    auto retries = doing(phase::retrying, 2s);
    retries.until = now + 3s;
    auto paces = doing(phase::pacing, 2s);
    paces.until = now + 20ms;

    CHECK(root_of(doing(phase::working, 2s)).cause == tr::stall_cause::in_function);
    CHECK(root_of(doing(phase::working, 2s), "outbox").cause == tr::stall_cause::unread);
    CHECK(root_of(doing(phase::working, 2s), "service").cause == tr::stall_cause::asks);
    CHECK(root_of(retries).cause == tr::stall_cause::retrying);
    CHECK(root_of(retries).more == tr::duration{3s});
    CHECK(root_of(paces).cause == tr::stall_cause::rate);
    CHECK(root_of(paces).intended());
    CHECK(root_of(doing(phase::paused, 2s)).cause == tr::stall_cause::paused);
    CHECK(root_of(doing(phase::paused, 2s)).intended());
    CHECK(!root_of(doing(phase::working, 2s)).intended());
  }

  TEST_CASE("each phase and each cause has a name of its own") {
    std::set<std::string> names;
    for (int p = 0; p <= static_cast<int>(phase::ended); ++p)
      names.emplace(to_string(static_cast<phase>(p)));
    CHECK(names.size() == 7);
    CHECK(names.count("unknown") == 0);
    names.clear();
    for (int c = 0; c <= static_cast<int>(tr::stall_cause::silent_source); ++c)
      names.emplace(to_string(static_cast<tr::stall_cause>(c)));
    CHECK(names.size() == 8);
    CHECK(names.count("unknown") == 0);
  }

  TEST_CASE("an open breaker is the cause, not the attempt that it keeps waiting") {
    graph g;
    g.add("a", {}, {doing(phase::held_back, 1s)}).add("b", {"a"}, {doing(phase::retrying, 2s)});
    g.last().breaker = tr::breaker_state::open;
    g.last().breaker_until = now + 5s;

    CHECK(g.stall().roots.at(0).cause == tr::stall_cause::breaker_open);
    CHECK(g.text()
          == "a waits for b: its buffer of 1,024 is full for 1.0 s; "
             "b is kept from calling by its circuit breaker, 5.0 s more");
  }

  TEST_CASE("a split waits for the branch that is full, not for those that have nothing to do") {
    graph g;
    g.add("in", {}, {doing(phase::held_back, 1s)})
        .add("copy", {"in"}, {doing(phase::held_back, 1s)}, "broadcast")
        .add("left", {"copy"}, {doing(phase::working, 1s)})
        .add("right", {"copy"}, {doing(phase::idle, 1s)});

    CHECK(g.roots() == "left");
    CHECK(g.stall().roots.front().waiting == 3); // right has nothing to do until left goes on
  }

  TEST_CASE("a zip waits for the input that it lacks") {
    graph g;
    g.add("in", {}, {doing(phase::held_back, 1s)})
        .add("copy", {"in"}, {doing(phase::held_back, 1s)}, "broadcast")
        .add("left", {"copy"}, {doing(phase::working, 1s)})
        .add("right", {"copy"}, {doing(phase::held_back, 1s)})
        .add("pair", {"left", "right"}, {doing(phase::idle, 1s)}, "zip")
        .add("out", {"pair"}, {doing(phase::idle, 1s)});

    CHECK(g.roots() == "left");
  }

  TEST_CASE("a join that holds nothing is looked through") {
    graph g;
    g.add("a", {}, {doing(phase::held_back, 1s)})
        .add("b", {}, {doing(phase::idle, 1s)})
        .add("all", {"a", "b"}, {doing(phase::idle, 0s)}, "fan_in")
        .add("out", {"all"}, {doing(phase::working, 1s)});

    CHECK(g.roots() == "out");
    CHECK(g.stall().waits.at(0).whom == "out");
  }

  TEST_CASE("workers that wait for their turn behind one in its function name that one") {
    graph g;
    g.add("in", {}, {doing(phase::held_back, 1s)})
        .add("work", {"in"},
             {doing(phase::held_back, 1s), doing(phase::working, 2s), doing(phase::held_back, 1s)})
        .add("out", {"work"}, {doing(phase::idle, 1s)});

    CHECK(g.roots() == "work");
    CHECK(g.stall().roots.front().lasts == 2s);
  }

  TEST_CASE("workers that have no room name who is behind, though one of them is at work") {
    graph g;
    g.add("in", {}, {doing(phase::held_back, 1s)})
        .add("work", {"in"}, {doing(phase::held_back, 1s), doing(phase::working, 2s)})
        .add("out", {"work"}, {doing(phase::working, 1s)});

    CHECK(g.roots() == "out");
  }

  TEST_CASE("what nobody wants comes before what is intended") {
    graph g;
    g.add("quiet", {}, {doing(phase::idle, 100s)})
        .add("loud", {}, {doing(phase::working, 1s)})
        .add("all", {"quiet", "loud"}, {doing(phase::idle, 0s)}, "fan_in")
        .add("out", {"all"}, {doing(phase::idle, 1s)});

    CHECK(g.roots() == "loud quiet");
  }

  TEST_CASE("a batch that is not timed item by item tells which items it may be") {
    graph g;
    g.add("a", {}, {doing(phase::held_back, 1s)})
        .add("b", {"a"},
             {{.doing = phase::working, .since = now - 70us, .first_item = 0, .last_item = 1023}});

    CHECK(g.text()
          == "a waits for b: its buffer of 1,024 is full for 1.0 s; "
             "b is in its function for 70 us, one of items 0 to 1,023");
  }
}
