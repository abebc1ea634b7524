// producer_consumer: three bakers, a shelf with room for six loaves, two customers.
//
//   baker 0 --+                      +--> customer 0, quick
//   baker 1 --+--> shelf, 6 loaves --+
//   baker 2 --+                      +--> customer 1, slow
//             <------- demand -------+
//
// The bakers could fill a warehouse, but bake only for a free place on the shelf: that is all that
// bounds the memory. A loaf goes to whoever has the fewest, so the quick customer gets more.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <string>
#include <thread>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

struct loaf {
  int number;
};

template <std::size_t N>
using tally = std::array<std::atomic<int>, N>;

template <std::size_t N>
int print(const char* who, const char* did, const tally<N>& counts) {
  for (std::size_t i = 0; i < N; ++i)
    std::cout << who << ' ' << i << ' ' << did << ' ' << counts[i] << " loaves\n";
  return std::accumulate(counts.begin(), counts.end(), 0);
}

void print_shelf(const tr::stage_metrics& bakers, const tr::stage_metrics& customers,
                 std::size_t room) {
  // Of a moving shelf, the two counts that this is the difference of are not quite of one instant.
  const auto full = std::min<std::size_t>(customers.mailbox_depth, room);
  std::cout << "shelf [" << std::string(full, '#') << std::string(room - full, '.') << "] "
            << std::setw(3) << static_cast<int>(100 * customers.buffer_fill) << " %   baked "
            << std::setw(3) << bakers.counters.delivered << "   taken " << std::setw(3)
            << customers.counters.received << '\n';
}

} // namespace

int main() {
  constexpr int flour = 600;
  std::atomic<int> used{0};
  std::atomic<std::size_t> customers{0};
  tally<3> baked{};
  tally<2> eaten{};

  // Each producer has its own copy of this function, and is told which one it is.
  const auto bake = [&](std::size_t baker) -> std::optional<loaf> {
    const int number = used++;
    if (number >= flour)
      return std::nullopt; // this baker goes home; the flow ends with the last
    ++baked.at(baker);
    return loaf{number};
  };
  // Each consumer has its own copy, too; `thread::own`, because it blocks.
  const auto eat = [&, me = std::optional<std::size_t>{}](const loaf&) mutable {
    if (!me)
      me = customers++;
    std::this_thread::sleep_for(*me == 0 ? 1ms : 3ms);
    ++eaten.at(*me);
  };
  const auto flow = tr::produce<loaf>("bakers", bake, {.producers = 3, .buffer = 6})
                    | tr::sink("customers", eat, {.consumers = 2, .thread = tr::thread::own});
  const auto room = flow.topology().item_bound();
  std::cout << flow.topology() << "never more than " << room << " loaves in all\n\n";

  tr::config cfg;
  caf::actor_system sys{cfg};
  tr::run run = tr::start(sys, flow);
  while (!run.wait_for(100ms))
    print_shelf(run.metrics("bakers"), run.metrics("customers"), room);

  const tr::report end = run.wait();
  std::cout << '\n';
  const int made = print("baker", "made", baked);
  const int gone = print("customer", "took", eaten);
  std::cout << '\n'
            << end << "in " << std::chrono::round<std::chrono::milliseconds>(end.elapsed()).count()
            << " ms\n";
  return end.clean() && made == flour && gone == flour ? 0 : 1;
}
