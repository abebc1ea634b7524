#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/topology.hpp>

namespace tr = troupe;
using namespace support;

namespace {

tr::flow<void> sample() {
  return tr::from("n", numbers(1))
         | tr::map("work", [](int x) { return x; }, {.parallel = 4, .buffer = 100})
         | tr::batch("rows", {.size = 10, .hold = 50})
         | tr::sink("end", [](const std::vector<int>&) {}, {.consumers = 2, .buffer = 8});
}

} // namespace

TEST_SUITE("topology") {
  TEST_CASE("lists nodes and edges of a flow that does not run") {
    const auto t = sample().topology();

    REQUIRE(t.nodes().size() == 4);
    REQUIRE(t.edges().size() == 3);
    CHECK(t.nodes()[1].name == "work");
    CHECK(t.nodes()[1].workers == 4);
    CHECK(t.nodes()[1].actors == 6); // distributor and merger
    CHECK(t.nodes()[3].actors == 3); // distributor
    CHECK(t.actor_count() == 1 + 1 + 6 + 1 + 3);
  }

  TEST_CASE("the bound covers every edge and what stages keep") {
    const auto t = sample().topology();

    CHECK(t.edges()[0].bound <= 100);
    CHECK(t.edges()[1].bound <= 1024);
    CHECK(t.edges()[2].bound <= 8);
    CHECK(t.item_bound() == t.edges()[0].bound + t.edges()[1].bound + t.edges()[2].bound + 50);
  }

  TEST_CASE("a sink without a function has a bound of its own as well") {
    std::vector<int> out;
    const auto one = tr::from("n", numbers(1)) | tr::collect("all", out, {.buffer = 5});
    const auto two
        = tr::zip("pairs", tr::from("n", numbers(1)), tr::from("m", numbers(1)), {.buffer = 7})
          | tr::ignore("end", {.buffer = 3});

    CHECK(one.topology().item_bound() == 5);
    CHECK(two.topology().item_bound() == 7 + 7 + 3);
  }

  TEST_CASE("prints as text, Graphviz and JSON") {
    const auto t = (tr::from("n", numbers(1))
                    | tr::map("x\"2", [](int x) { return x; }, {.parallel = 2}) | tr::ignore("end"))
                       .topology();

    CHECK(t.to_text() == "n [from] --1024--> x\"2 [map x2, in_order] --1024--> end [ignore]\n");
    CHECK(t.to_dot().find("n0 -> n1 [label=\"1024\"]") != std::string::npos);
    CHECK(t.to_dot().find("x\\\"2") != std::string::npos);
    CHECK(t.to_json().find("{\"from\":\"n\",\"to\":\"x\\\"2\",\"bound\":1024}")
          != std::string::npos);
    CHECK(t.to_json().find("\"item_bound\":2048}") != std::string::npos);
  }

  TEST_CASE("an open flow and an empty one print too") {
    CHECK(tr::from("n", numbers(1)).topology().to_text() == "n [from]\n");
    CHECK(tr::flow<int>{}.topology().item_bound() == 0);
  }
}
