// inbox_overflow: a burst of readings into a small inbox, under six rules for when it is full.
//
//   burst of 40 --push, offer--> inbox, 8 places --> sink, which has not begun yet
//                                  |
//                                  +--> what is lost, and why
//
// The flow is paused while the burst comes, so that the inbox fills up. What then happens to the
// rest is the rule's: nothing is ever lost unseen.

#include <iomanip>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

constexpr int burst = 40;
constexpr int places = 8;

struct figures {
  int refused = 0; // told to who brings them
  int dropped = 0; // told to `on_drop`
  std::vector<int> arrived;
};

figures run(caf::actor_system& sys, tr::overflow rule) {
  figures f;
  auto [in, readings] = tr::inbox<int>(
      "readings", {.capacity = places, .overflow = rule, .on_drop = [&](int) { ++f.dropped; }});
  tr::run r = tr::start(sys, readings | tr::collect("arrived", f.arrived, {.buffer = 1}));
  r.pause("arrived");
  for (int i = 0; i < burst; ++i)
    if (!in.push(i, 1ms)) // who cannot wait uses offer
      ++f.refused;
  r.resume("arrived");
  in.close();
  r.wait();
  return f;
}

std::string ends_of(const std::vector<int>& v) {
  return v.empty() ? "none" : std::to_string(v.front()) + " to " + std::to_string(v.back());
}

} // namespace

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  const std::vector<std::pair<std::string, tr::overflow>> rules{
      {"backpressure", tr::overflow::backpressure}, {"drop_oldest", tr::overflow::drop_oldest},
      {"drop_newest", tr::overflow::drop_newest},   {"drop_incoming", tr::overflow::drop_incoming},
      {"drop_all", tr::overflow::drop_all},         {"shed", tr::overflow::shed},
  };
  std::cout << "rule           arrived        refused  dropped   of " << burst << " readings\n";
  bool all_known = true;
  for (const auto& [name, rule] : rules) {
    const auto f = run(sys, rule);
    const auto arrived = static_cast<int>(f.arrived.size());
    std::cout << std::left << std::setw(15) << name << std::right << std::setw(2) << arrived << "  "
              << std::left << std::setw(11) << ends_of(f.arrived) << std::right << std::setw(7)
              << f.refused << std::setw(9) << f.dropped << '\n';
    all_known = all_known && arrived + f.refused + f.dropped == burst;
  }
  std::cout
      << "\nEach reading arrived, or somebody was told: backpressure and shed tell who brings it,\n"
         "the others keep some, and call on_drop for the rest.\n";
  return all_known ? 0 : 1;
}
