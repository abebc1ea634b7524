// split_and_join: parcels that go two ways by weight, and each of which is also counted.
//
//               +--> log, which ends there
//   parcels ----+                 +--> by bike, light ones ---+
//   (broadcast) +----------------+   (partition)              +--> in their order --> delivered
//                                 +--> by van, heavy ones ----+
//
// `broadcast` gives every branch each item, `partition` gives each item to one branch. Behind both
// `fan_in` with `merge::in_order` puts the items together as they were, whichever way was quicker.

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

namespace {

struct parcel {
  int number;
  int grams;
  std::string way;
};

std::size_t by_weight(const parcel& p) { return p.grams < 2'000 ? 0 : 1; }

auto way(const std::string& name) {
  return [name](parcel p) {
    p.way = name;
    return p;
  };
}

} // namespace

int main() {
  std::vector<parcel> parcels;
  parcels.reserve(1'000);
  for (int i = 1; i <= 1'000; ++i)
    parcels.push_back({i, i * 7919 % 4'000, ""});
  long grams = 0;
  std::vector<parcel> delivered;
  const auto flow
      = tr::from("parcels", parcels)
        | tr::broadcast("copy", tr::sink("log", [&](const parcel& p) { grams += p.grams; }),
                        tr::map("weigh", [](parcel p) { return p; }))
        | tr::fan_in("weighed")
        | tr::partition("ways", by_weight, tr::map("bike", way("bike")), tr::map("van", way("van")))
        | tr::fan_in("arrived", {.merge = tr::merge::in_order})
        | tr::collect("delivered", delivered);

  tr::config cfg;
  caf::actor_system sys{cfg};
  std::cout << flow.topology();
  const tr::report end = tr::start(sys, flow).wait();
  std::cout << end << '\n';
  for (std::size_t i = 0; i < 6; ++i)
    std::cout << "  parcel " << delivered.at(i).number << ", " << delivered[i].grams << " g, by "
              << delivered[i].way << '\n';
  const bool in_order
      = std::is_sorted(delivered.begin(), delivered.end(),
                       [](const parcel& a, const parcel& b) { return a.number < b.number; });
  std::cout << "  ...\n"
            << delivered.size() << " parcels took two ways and arrived "
            << (in_order ? "in their order" : "OUT OF ORDER")
            << "; the log, which had a copy of\neach, counted " << grams / 1'000 << " kg.\n";
  return end.clean() && in_order && delivered.size() == parcels.size() ? 0 : 1;
}
