#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/flow.hpp>

namespace tr = troupe;
using namespace support;

TEST_SUITE("flow") {
  TEST_CASE("hands every item from source to sink, in order") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::from("numbers", numbers(5000)) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(5000));
    CHECK(end.stage("numbers").received == 5000);
    CHECK(end.stage("numbers").emitted == 5000);
    CHECK(end.stage("out").delivered == 5000);
  }

  TEST_CASE("is a value: two runs of it are independent") {
    virtual_system sys;
    std::vector<int> out;
    const auto f = tr::from("numbers", numbers(10)) | tr::collect("out", out);

    CHECK(run_to_end(sys, f).clean());
    CHECK(run_to_end(sys, f).clean());

    CHECK(out.size() == 20);
    CHECK(std::vector<int>(out.begin() + 10, out.end()) == numbers(10));
  }

  TEST_CASE("state inside a stage's function is made anew for each run") {
    virtual_system sys;
    std::vector<int> out;
    const auto f = tr::from("numbers", numbers(3))
                   | tr::map("sum", [sum = 0](int x) mutable { return sum += x; })
                   | tr::collect("out", out);

    run_to_end(sys, f);
    run_to_end(sys, f);

    CHECK(out == std::vector{0, 1, 3, 0, 1, 3});
  }

  TEST_CASE("a flow can be extended in more than one way") {
    virtual_system sys;
    const auto source = tr::from("numbers", numbers(4));
    std::vector<int> doubled;
    std::vector<std::string> printed;

    run_to_end(sys, source | tr::map("double", [](int x) { return 2 * x; })
                        | tr::collect("out", doubled));
    run_to_end(sys, source | tr::map("print", [](int x) { return std::to_string(x); })
                        | tr::collect("out", printed));

    CHECK(doubled == std::vector{0, 2, 4, 6});
    CHECK(printed == std::vector<std::string>{"0", "1", "2", "3"});
  }

  TEST_CASE("a part without a source can be attached later") {
    virtual_system sys;
    std::vector<int> out;
    const auto part = tr::map("double", [](int x) { return 2 * x; })
                      | tr::filter("small", [](int x) { return x < 10; });

    run_to_end(sys, tr::from("numbers", numbers(100)) | part | tr::collect("out", out));

    CHECK(out == std::vector{0, 2, 4, 6, 8});
  }

  TEST_CASE("a variable of type flow<T> can be assigned again and again") {
    virtual_system sys;
    std::vector<int> out;
    tr::flow<int> f = tr::from("numbers", numbers(3));

    for (int i = 0; i < 20; ++i)
      f = f | tr::map("add" + std::to_string(i), [](int x) { return x + 1; });
    run_to_end(sys, f | tr::collect("out", out));

    CHECK(out == std::vector{20, 21, 22});
  }

  TEST_CASE("items that can only be moved travel through every kind of stage") {
    virtual_system sys;
    int sum = 0;
    const auto make = [n = 0]() mutable -> std::optional<std::unique_ptr<int>> {
      if (n == 100)
        return std::nullopt;
      return std::make_unique<int>(n++);
    };

    const auto end = run_to_end(
        sys, tr::produce<std::unique_ptr<int>>("make", make)
                 | tr::map("add",
                           [](std::unique_ptr<int> p) {
                             ++*p;
                             return p;
                           },
                           {.parallel = 3})
                 | tr::filter("even", [](const std::unique_ptr<int>& p) { return *p % 2 == 0; })
                 | tr::tap("look", [](const std::unique_ptr<int>&) {}) | tr::take("some", 40)
                 | tr::sink("sum", [&](std::unique_ptr<int> p) { sum += *p; }));

    CHECK(end.clean());
    CHECK(sum == 2 * (40 * 41 / 2));
  }

  TEST_CASE("a range of items that can only be moved is sent once, and a second run says so") {
    virtual_system sys;
    std::vector<std::unique_ptr<int>> items;
    items.push_back(std::make_unique<int>(1));
    const auto f = tr::from("items", std::move(items)) | tr::ignore("end");

    CHECK(run_to_end(sys, f).clean());
    const auto second = run_to_end(sys, f);

    REQUIRE(second.error());
    CHECK(second.error()->stage() == "items");
    CHECK(second.error()->message().find("has been started before") != std::string::npos);
  }

  TEST_CASE("a thousand stages start, deliver and end") {
    virtual_system sys;
    std::vector<int> out;
    tr::flow<int> f = tr::from("numbers", numbers(10));
    for (int i = 0; i < 1000; ++i)
      f = f | tr::map("add" + std::to_string(i), [](int x) { return x + 1; });

    const auto end = run_to_end(sys, f | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.front() == 1000);
    CHECK(out.size() == 10);
  }

  TEST_CASE("many flows share one system") {
    virtual_system sys;
    std::vector<std::vector<int>> out(50);
    std::vector<tr::run> runs;

    for (auto& into : out)
      runs.push_back(tr::start(sys, tr::from("numbers", numbers(100)) | tr::collect("out", into)));
    for (auto& r : runs)
      CHECK(accounted(r.wait()).clean());

    for (const auto& into : out)
      CHECK(into == numbers(100));
  }

  TEST_CASE("an empty source ends the flow at once") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::from("none", std::vector<int>{})
                                         | tr::map("same", [](int x) { return x; }, {.parallel = 4})
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out.empty());
  }

  TEST_CASE("wrong configuration names stage, option, value and what is valid") {
    const auto source = tr::from("n", numbers(1));
    const auto id = [](int x) { return x; };

    CHECK(refusal([&] { source | tr::stage("parse", id, {.parallel = 0}); })
          == "stage \"parse\": parallel = 0, needs at least 1");
    CHECK(refusal([&] { source | tr::map("parse", id, {.parallel = -3}); })
          == "map \"parse\": parallel = -3, needs at least 1");
    CHECK(refusal([&] { source | tr::stage("parse", id, {.buffer = 0}); })
          == "stage \"parse\": buffer = 0, needs at least 1");
    CHECK(refusal([&] { source | tr::stage("parse", id, {.buffer = 8, .batch = 9}); })
          == "stage \"parse\": batch = 9, needs at most buffer (8)");
    CHECK(refusal([&] { source | tr::stage("parse", id, {.batch = 0}); })
          == "stage \"parse\": batch = 0, needs at least 1");
    CHECK(refusal([&] { source | tr::stage("n", id); })
          == "stage \"n\": name = \"n\", needs a name that no other stage of the flow has");
    CHECK(refusal([&] { source | tr::stage("", id); })
          == "stage \"\": name = \"\", needs at least one character");
    CHECK(refusal([&] { source | tr::sink("s", [](int) {}, {.consumers = 0}); })
          == "sink \"s\": consumers = 0, needs at least 1");
    CHECK(refusal([&] { tr::produce<int>("p", endless(), {.producers = 0}); })
          == "produce \"p\": producers = 0, needs at least 1");
    CHECK(refusal([&] { source | tr::batch("b", {}); })
          == "batch \"b\": size = 0, needs at least 1, unless within is given");
    CHECK(refusal([&] { tr::inbox<int>("i", {.capacity = 0}); })
          == "inbox \"i\": capacity = 0, needs at least 1");
    CHECK(refusal([&] { tr::ticks("t", 0ms); }) == "ticks \"t\": period = 0 ns, needs more than 0");
    CHECK(refusal([&] { source | tr::distinct("d", {.remember = 0}); })
          == "distinct \"d\": remember = 0, needs at least 1");
    CHECK(refusal([&] { tr::on_error::retry({.attempts = 0}); }).find("attempts = 0")
          != std::string::npos);
  }

  TEST_CASE("regression: to compose a long flow takes a time that is in proportion to its length"
            * doctest::test_suite("long")) {
    // Each stage used to compare its name with all names before it: these took minutes.
    constexpr int stages = 10'000;
    const auto began = std::chrono::steady_clock::now();
    auto f = tr::from("n", std::vector{1});
    for (int i = 0; i < stages; ++i)
      f = f | tr::tap("t" + std::to_string(i), [](int) {});
    auto g = tr::from("m", std::vector{1});
    for (int i = 0; i < stages / 10; ++i) {
      const auto name = std::to_string(i);
      g = g | tr::broadcast("b" + name, tr::ignore("i" + name), tr::tap("g" + name, [](int) {}))
          | tr::fan_in("f" + name);
      g = tr::fan_in("m" + name, {}, tr::from("s" + name, std::vector{1}), g);
    }
    const auto all = tr::fan_in("all", {}, f, g, g) | tr::ignore("end");

    CHECK(all.topology().nodes().size() == 1 + stages + 2 * (1 + 6 * stages / 10) + 2);
    CHECK(std::chrono::steady_clock::now() - began < 10s);
    CHECK(refusal([&] { (void)(f | tr::tap("t7", [](int) {})); }).find("t7") != std::string::npos);
    CHECK(refusal([&] { (void)tr::fan_in("x", {}, f, tr::from("t99", numbers(1))); })
          == "from \"t99\": name = \"t99\", needs a name that no other stage of the flow has");
  }

  TEST_CASE("an empty flow is refused at the start") {
    virtual_system sys;

    CHECK(refusal([&] { (void)tr::start(sys, tr::flow<void>{}); })
          == "start: the flow is empty; begin it with a source");
  }
}
