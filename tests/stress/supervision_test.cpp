#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;
using tr::strategy;

namespace {

unsigned seed_of_kills() {
  const auto* const given = std::getenv("TROUPE_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

caf::behavior idle(caf::event_based_actor*) {
  return {[](int) {}};
}

constexpr auto period = 5s;
constexpr std::size_t restarts = 3;

/// What OTP's rules say about a tree: which actors are replaced by a kill. Written anew, so that it
/// agrees with the supervisors by the rules only.
struct node {
  std::string path;
  strategy how = strategy::one_for_one;
  std::size_t most = restarts;
  node* parent = nullptr;
  std::vector<std::unique_ptr<node>> children = {};
  std::deque<tr::time_point> recent = {};
  bool replaced = false;

  node& add(std::string name, strategy s = strategy::one_for_one) {
    auto& c = *children.emplace_back(std::make_unique<node>());
    c.path = path.empty() ? name : path + "/" + name;
    c.how = s;
    c.parent = this;
    return c;
  }

  void replace() {
    replaced = true;
    recent.clear();
    for (auto& c : children)
      c->replace();
  }

  /// A child of this was killed, or has given up.
  void lost(const node& child, tr::time_point now) {
    std::erase_if(recent, [&](tr::time_point at) { return now - at > period; });
    recent.push_back(now);
    if (recent.size() > most) {
      parent->lost(*this, now);
      return;
    }
    bool behind = false;
    for (auto& c : children) {
      behind = behind || c.get() == &child;
      if (c.get() == &child || how == strategy::one_for_all
          || (how == strategy::rest_for_one && behind))
        c->replace();
    }
  }

  void list(std::vector<node*>& all) {
    for (auto& c : children) {
      all.push_back(c.get());
      c->list(all);
    }
  }
};

constexpr strategy strategies[]
    = {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one};

/// 4 branches of 4 branches of 5 workers: 100 children, three levels of supervisors.
struct tree {
  explicit tree(bool limited = true) {
    root.most = std::size_t(-1);
    const auto intensity
        = limited ? tr::restart_intensity{restarts, period} : tr::restart_intensity::unlimited();
    tr::supervisor_spec all{{.intensity = tr::restart_intensity::unlimited()}};
    for (int i = 0; i < 4; ++i) {
      auto& branch = root.add("b" + std::to_string(i), strategies[i % 3]);
      tr::supervisor_spec b{{.strategy = branch.how, .intensity = intensity}};
      for (int j = 0; j < 4; ++j) {
        auto& twig = branch.add("t" + std::to_string(j), strategies[j % 3]);
        tr::supervisor_spec t{{.strategy = twig.how, .intensity = intensity}};
        for (int k = 0; k < 5; ++k) {
          twig.add("w" + std::to_string(k));
          t.add("w" + std::to_string(k), idle);
        }
        b.add("t" + std::to_string(j), t);
      }
      all.add("b" + std::to_string(i), b);
    }
    root.list(nodes);
    spec = std::move(all);
  }

  /// The actors of all children by path; those that do not run are null.
  std::map<std::string, caf::actor> actors(const tr::supervisor& sup) const {
    std::map<std::string, caf::actor> found;
    for (const auto* n : nodes)
      found.emplace(n->path, sup.child(n->path));
    return found;
  }

  node root{};
  std::vector<node*> nodes{};
  tr::supervisor_spec spec{{}};
};

bool is_whole(const std::map<std::string, caf::actor>& actors) {
  return std::all_of(actors.begin(), actors.end(), [](const auto& a) { return bool(a.second); });
}

/// What the stop of so many children costs, in us of this process's time per child, at best: the
/// time on the wall is also that of whoever else uses the machine.
double stop_per_child(std::size_t children) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    virtual_system sys;
    tr::supervisor sup{sys, "many"};
    for (std::size_t i = 0; i < children; ++i)
      REQUIRE(sup.add(std::to_string(i), idle));
    const auto began = std::clock();
    sup.stop();
    const auto ticks = static_cast<double>(std::clock() - began);
    CHECK(sys.actors() == 0);
    best = std::min(best, 1e6 * ticks / CLOCKS_PER_SEC / static_cast<double>(children));
  }
  return best;
}

} // namespace

TEST_SUITE("stress") {
  TEST_CASE("1,000 kills in a tree of 100: after each it is whole, and those were replaced whom "
            "strategies and intensities say") {
    const auto seed = seed_of_kills();
    MESSAGE("TROUPE_SEED=" << seed);
    std::mt19937 rng{seed};
    virtual_system sys;
    tree t;
    REQUIRE(t.nodes.size() == 100);
    std::size_t gave_up = 0;
    {
      tr::supervisor sup{sys, "root", t.spec};
      for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        auto& victim = *t.nodes[std::uniform_int_distribution<std::size_t>{0, 99}(rng)];
        CAPTURE(victim.path);
        tr::detail::virtual_time::run_for(
            sys, std::chrono::milliseconds{std::uniform_int_distribution{0, 500}(rng)});
        const auto before = t.actors(sup);
        for (auto* n : t.nodes)
          n->replaced = false;

        tr::detail::anon_kill(before.at(victim.path));
        tr::detail::virtual_time::run_jobs(sys);
        victim.parent->lost(victim, tr::detail::now(sys));

        const auto after = t.actors(sup);
        for (const auto* n : t.nodes) {
          CAPTURE(n->path);
          REQUIRE(after.at(n->path));
          REQUIRE((after.at(n->path) != before.at(n->path)) == n->replaced);
        }
        REQUIRE(sys.actors() == 1 + 100); // no orphan
        gave_up += victim.parent->replaced ? 1 : 0;
      }
    }
    CHECK(sys.actors() == 0);
    CHECK(gave_up > 0); // else the schedule has not tried the intensities
  }

  TEST_CASE(
      "1,000 kills with real threads: the tree is whole again after each, and leaves nothing") {
    const auto seed = seed_of_kills();
    MESSAGE("TROUPE_SEED=" << seed);
    std::mt19937 rng{seed};
    threaded_system sys;
    const tree t{false};
    {
      const tr::supervisor sup{sys, "root", t.spec};
      for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        const auto& victim = *t.nodes[std::uniform_int_distribution<std::size_t>{0, 99}(rng)];
        const auto killed = sup.child(victim.path);
        tr::detail::anon_kill(killed);
        for (auto actors = t.actors(sup);
             !is_whole(actors) || actors.at(victim.path) == killed || sys.actors() != 1 + 100;
             actors = t.actors(sup))
          std::this_thread::yield();
      }
    }
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("200 stops in the middle of kills leave nothing") {
    const auto seed = seed_of_kills();
    MESSAGE("TROUPE_SEED=" << seed);
    std::mt19937 rng{seed};
    threaded_system sys;
    const tree t{false};
    for (int round = 0; round < 200; ++round) {
      CAPTURE(round);
      {
        tr::supervisor sup{sys, "root", t.spec};
        for (int i = 0; i < 10; ++i)
          if (const auto victim
              = sup.child(t.nodes[std::uniform_int_distribution<std::size_t>{0, 99}(rng)]->path))
            tr::detail::anon_kill(victim);
        if (round % 2 == 0)
          sup.stop();
      }
      // Of a branch that was killed the children are still on their way out.
      while (sys.actors() != 0)
        std::this_thread::yield();
    }
  }

  TEST_CASE("the stop of 10,000 children costs at most linearly more than that of 1,000") {
    const auto few = stop_per_child(1000);
    const auto many = stop_per_child(10'000);
    MESSAGE("us per child: " << few << " of 1,000, " << many << " of 10,000");
    // Caches and the logarithm of lookups are worth less than that; a walk over all would cost 10.
    CHECK(many < 2.5 * few);
  }

  TEST_CASE("10,000 children are stopped by real threads") {
    threaded_system sys;
    tr::supervisor sup{sys, "many"};
    for (int i = 0; i < 10'000; ++i)
      REQUIRE(sup.add(std::to_string(i), idle));
    CHECK(sys.actors() == 10'001);

    sup.stop();

    CHECK(sys.actors() == 0);
  }
}
