// Whatever the graph, and wherever it is held up: the stage that holds it up is named, and no other.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "../graph_support.hpp"
#include "../stress/stress_time.hpp"
#include "graph_model.hpp"
#include <troupe/policy/stall.hpp>

namespace tr = troupe;
using namespace support;

namespace {

bool over(const tr::stage_sample& s) {
  for (const auto& a : s.actors)
    if (a.doing != tr::phase::ended)
      return false;
  return true;
}

/// What is wrong with what a sample says of a graph in which only this stage is held up.
std::string misjudged(const tr::graph_sample& sample, const std::string& held) {
  const auto s = tr::stall_in(sample);
  bool others = false; // that might wait for it
  for (const auto& stage : sample.stages)
    others = others || (stage.name != held && !stage.passes_on && !over(stage));
  if (s.roots.empty())
    return others ? "nobody is named" : "";
  return s.roots.size() == 1 && s.roots[0].stage == held ? "" : to_string(s);
}

/// Pauses the first stage from this one on that can be.
std::string pause_one(tr::run& r, std::size_t first) {
  const auto& nodes = r.topology().nodes();
  for (std::size_t i = 0;; ++i)
    try {
      const auto& name = nodes[(first + i) % nodes.size()].name;
      r.pause(name);
      return name;
    } catch (const std::invalid_argument&) { // a split or a join
    }
}

/// All steps of a plan that a graph is made of, with the names of their stages.
std::vector<std::pair<std::string, model::step*>> steps_of(model::plan& p) {
  using j = model::junction;
  std::vector<std::pair<std::string, model::step*>> all;
  for (std::size_t i = 0; i < p.parts.size(); ++i) {
    auto& part = p.parts[i];
    const auto name = "part " + std::to_string(i);
    if (part.kind == j::none || part.kind == j::fan_out)
      all.emplace_back(name, &part.own);
    if (part.kind != j::broadcast && part.kind != j::partition)
      continue;
    const std::size_t open = part.tee ? 2 : 3;
    for (std::size_t b = 0; b < open; ++b)
      for (std::size_t k = 0; k < 2; ++k)
        all.emplace_back(name + "." + std::to_string(b) + "." + std::to_string(k),
                         &part.branches[b][k]);
  }
  return all;
}

/// Holds all who come until it is opened.
class gate {
public:
  void pass() {
    entered_.store(true);
    open_.wait(false);
  }
  void open() {
    open_.store(true);
    open_.notify_all();
  }
  bool entered() const { return entered_.load(); }

private:
  std::atomic<bool> entered_{false};
  std::atomic<bool> open_{false};
};

} // namespace

TEST_SUITE("stalls of random graphs") {
  TEST_CASE("a stage that is paused is the root, wherever it stands") {
    CHECK(rc::check([] {
      const auto g = model::build(*model::any_plan());
      const auto which = *rc::gen::inRange<std::size_t>(0, 100);
      const auto steps = *rc::gen::inRange<std::size_t>(0, 200);
      virtual_system sys;
      std::vector<int> out;
      auto r = tr::start(sys, g.flow | tr::collect("out", out));
      RC_LOG(r.topology().to_text());
      run_steps(sys, steps);
      const auto paused = pause_one(r, which);
      tr::detail::virtual_time::run_for(sys, std::chrono::seconds{5});

      const auto sample = tr::detail::state_of(r)->sample();
      RC_LOG(paused + " is paused: " + to_string(tr::stall_in(sample)));
      RC_ASSERT(misjudged(sample, paused) == "");
      r.stop();
    }));
  }

  TEST_CASE("a stage that hangs in its function is the root, wherever it stands") {
    threaded_system sys;
    const int rounds = full_stress() ? 450 : 20;
    for (int i = 0; i < rounds; ++i) {
      CAPTURE(i);
      auto plan = model::any_plan()(rc::Random(static_cast<std::uint64_t>(i)), 50).value();
      const auto steps = steps_of(plan);
      if (steps.empty())
        continue;
      const auto& chosen = steps[static_cast<std::size_t>(i) % steps.size()];
      const auto& name = chosen.first;
      const auto hang = std::make_shared<gate>();
      chosen.second->before = [hang] { hang->pass(); };
      const auto g = model::build(plan);
      std::vector<int> out;
      auto r = tr::start(*sys, g.flow | tr::collect("out", out));

      std::string wrong = "not looked at";
      const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
      while (!r.done() && std::chrono::steady_clock::now() < limit) {
        wrong
            = hang->entered() ? misjudged(tr::detail::state_of(r)->sample(), name) : "not entered";
        if (wrong.empty())
          break;
        std::this_thread::yield();
      }
      if (hang->entered())
        CHECK_MESSAGE(wrong == "", name << " hangs in " << r.topology().to_text());
      hang->open();
      CHECK(!r.wait().error());
    }
  }
}
