#include <troupe/policy/advisor.hpp>

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "flow_simulation.hpp"

using namespace troupe;

namespace {

double between(std::minstd_rand& rng, double low, double high) {
  return std::uniform_real_distribution<double>{low, high}(rng);
}
double scattered(std::minstd_rand& rng, double low, double high) {
  return std::exp(between(rng, std::log(low), std::log(high)));
}

/// A flow, and what its numbers say of it.
struct puzzle {
  simulated::flow flow;
  std::size_t slowest = 0; ///< station; the first stage is 1
  double load = 0;         ///< of that: 2 is twice as much as it can do
};

// Work that a worker of each stage would have in a second at the source's full rate.
std::vector<double> loads(const simulated::flow& f) {
  std::vector<double> all;
  double rate = 1 / f.interval;
  for (const auto& s : f.stages) {
    all.push_back(rate * s.cost / static_cast<double>(s.workers));
    rate *= s.selectivity;
  }
  return all;
}

std::optional<puzzle> try_puzzle(std::minstd_rand& rng) {
  puzzle p;
  const auto stages = 3 + rng() % 6;
  double gain = 1;
  for (std::size_t i = 0; i < stages; ++i) {
    p.flow.stages.push_back({.cost = scattered(rng, 1e-6, 50e-3),
                             .selectivity = scattered(rng, 0.1, 4),
                             .workers = 1 + rng() % 3,
                             .buffer = 8 + rng() % 57});
    if (gain < 0.1 || gain > 5)
      return std::nullopt; // too few items to see, or too many to wait for
    gain *= p.flow.stages.back().selectivity;
  }
  auto all = loads(p.flow);
  const auto most = std::max_element(all.begin(), all.end());
  p.slowest = static_cast<std::size_t>(most - all.begin()) + 1;
  p.load = scattered(rng, 0.3, 30);
  p.flow.interval *= *most / p.load;
  std::sort(all.begin(), all.end());
  // Which of two is the slower must be more than a matter of luck, and so must whether one is.
  if (all[stages - 2] > 0.95 * all.back() || (p.load > 0.9 && p.load < 1.1))
    return std::nullopt;
  return p;
}

puzzle next_puzzle(std::minstd_rand& rng) {
  for (;;)
    if (auto p = try_puzzle(rng))
      return *p;
}

std::vector<stage_form> forms_of(const puzzle& p) {
  std::vector<stage_form> forms{{.name = "source"}};
  for (std::size_t i = 1; i <= p.flow.stages.size(); ++i)
    forms.push_back(
        {.name = "s" + std::to_string(i), .inputs = {i - 1}, .resized = resizing::parallel});
  return forms;
}

/// A simulation with an advisor beside it.
class trial {
public:
  trial(const puzzle& p, unsigned seed, bool shows_phases)
      : sim_(p.flow, seed, shows_phases), advisor_(forms_of(p), {.most_workers = 500}) {}

  /// What it would change, after it has seen the flow for a while.
  advice look() {
    auto since = sim_.now();
    sim_.run(150, 30'000); // fills and empties buffers
    const auto span = sim_.now() - since;
    const auto made = sim_.made();
    since = sim_.now();
    std::vector<graph_sample> seen{sim_.sample()};
    for (int i = 0; i < 8; ++i) {
      sim_.run_for(span / 8); // not after so many events: there are most when nobody has to wait
      seen.push_back(sim_.sample());
    }
    rate_ = static_cast<double>(sim_.made() - made) / (sim_.now() - since);
    return advisor_.advise(seen);
  }
  void apply(const advice& a) {
    for (const auto& rec : a.recommendations)
      sim_.set_workers(std::stoul(rec.stage.substr(1)), rec.settings.value().parallel.value());
  }
  double rate() const noexcept { return rate_; }

private:
  simulated::simulation sim_;
  advisor advisor_;
  double rate_ = 0;
};

} // namespace

TEST_SUITE("advisor") {
  TEST_CASE("names the slowest stage of 200 random pipelines, and in at most three steps its "
            "numbers of workers let the source give all it can; then it has nothing to change") {
    std::minstd_rand rng{13};
    int none = 0;
    for (unsigned n = 0; n < 200; ++n) {
      const auto p = next_puzzle(rng);
      CAPTURE(n);
      CAPTURE(p.load);
      CAPTURE(p.slowest);
      trial t{p, n + 1, n % 2 == 0};
      auto a = t.look();
      CAPTURE(to_string(a));
      if (p.load < 1) {
        ++none;
        CHECK(a.limit.cause == limit_cause::source);
        CHECK(to_string(a) == "nothing to change");
        continue;
      }
      CHECK(a.limit.stage == "s" + std::to_string(p.slowest));
      REQUIRE(!a.recommendations.empty());
      CHECK(a.recommendations.front().stage == a.limit.stage);
      for (int steps = 1; steps <= 3 && !a.recommendations.empty(); ++steps) {
        t.apply(a);
        a = t.look();
      }
      CHECK(to_string(a) == "nothing to change");
      CHECK(t.rate() >= 0.95 / p.flow.interval);
      CHECK(to_string(t.look()) == "nothing to change"); // nor later
    }
    CHECK(none > 20);
  }
}
