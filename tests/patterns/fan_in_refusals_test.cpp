#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/broadcast.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/merge.hpp>

namespace tr = troupe;
using namespace support;

namespace {

tr::flow<int> input(int number, int count) {
  return tr::from("in" + std::to_string(number), numbers(count));
}

struct card {
  int rank = 0;
  bool operator==(const card&) const = default;
};

} // namespace

TEST_SUITE("fan_in") {
  TEST_CASE("bad configuration is refused with stage, option, value and range") {
    const auto same = [](int x) { return x; };
    const auto build = [](tr::fan_in_options o) {
      return refusal([&] { tr::fan_in("all", o, input(0, 1), input(1, 1)); });
    };

    CHECK(build({.buffer = 0}) == "fan_in \"all\": buffer = 0, needs at least 1");
    CHECK(build({.merge = tr::merge::weighted({1, 2, 3})})
          == "fan_in \"all\": weights = 3 numbers, needs one for each of the 2");
    CHECK(build({.merge = tr::merge::weighted({1, -2})})
          == "fan_in \"all\": weights = -2, needs 1 to 1000000");
    CHECK(
        build({.merge = tr::merge::sorted([](double a, double b) { return a < b; })})
        == "fan_in \"all\": merge = sorted by a comparison of another type, needs a comparison of "
           "the item type of the flow");
    CHECK(build({.merge = tr::merge::in_order})
          == "fan_in \"all\": merge = in_order, needs the lanes of one fan_out, broadcast or "
             "partition: independent flows have no order between them");
    CHECK(refusal([&] {
            input(0, 1) | tr::fan_out("work", same, {.workers = 2})
                | tr::fan_in("all", {.merge = tr::merge::weighted({1})});
          })
          == "fan_in \"all\": weights = 1 numbers, needs one for each of the 2");
    CHECK(refusal([] {
            const auto cards = tr::from("cards", std::vector<card>{});
            tr::fan_in("all", {.merge = tr::merge::sorted(std::less<>{})}, cards, cards);
          })
          == "fan_in \"all\": merge = sorted by the items' own order, needs items that can be "
             "compared by <; or give a comparison");
    CHECK(refusal([&] {
            const auto split = tr::partition(
                "split", [](int x) { return x % 2; },
                tr::batch("rows", {.size = 2})
                    | tr::flat_map("open", [](std::vector<int> v) { return v; }),
                tr::map("same", same));
            input(0, 1) | split | tr::fan_in("all", {.merge = tr::merge::in_order});
          })
          == "fan_in \"all\": merge = in_order, needs branches whose stages answer item by item: "
             "\"rows\" (batch) does not");
    CHECK(refusal([] { tr::fan_in("in0", {}, input(0, 1), input(1, 1)); })
          == "fan_in \"in0\": name = \"in0\", needs a name that no other stage of the flow has");
  }

  TEST_CASE("its topology shows each edge into it") {
    const auto once = tr::from("n", numbers(1));
    const auto t = (tr::fan_in("all", {.merge = tr::merge::priority, .buffer = 100}, once, once)
                    | tr::ignore("end"))
                       .topology();

    CHECK(t.to_text()
          == "n [from] --100--> all [fan_in, priority]\n"
             "n#2 [from] --100--> all\n"
             "all --4--> end [ignore]\n");
    CHECK(t.item_bound() == 100 + 100 + 4);
  }
}
