#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/detail/gathering.hpp>
#include <troupe/gather_options.hpp>

namespace tr = troupe;
using namespace support;

namespace {

using gathering = tr::detail::gathering<int, int>;
using answers = tr::result<std::vector<tr::result<int>>>;

/// Answers at once.
tr::detail::ask_function<int, int> adds(int n) {
  return [n](const int& x, const tr::context&, auto done) { done(x + n); };
}
/// Never answers, and drops what it was asked.
tr::detail::ask_function<int, int> dead() {
  return [](const int&, const tr::context&, auto) {};
}

} // namespace

TEST_SUITE("gathering") {
  TEST_CASE("scatter-gather: one slow service never delays past the limit") {
    virtual_system sys;
    gathering ask{sys, "search", {.within = 50ms}, {adds(1), dead(), adds(3)}};
    std::optional<answers> got;

    ask(10, tr::context{}, [&](answers a) { got = std::move(a); });
    tr::detail::virtual_time::run_for(sys, 50ms - 1ns);
    CHECK_FALSE(got);
    tr::detail::virtual_time::run_for(sys, 1ns);

    REQUIRE(got);
    CHECK((*got)->at(0) == 11);
    CHECK((*got)->at(1).error().code() == tr::errc::timed_out);
    CHECK((*got)->at(2) == 13);
  }

  TEST_CASE("a request more than in_flight is refused, until one is answered") {
    virtual_system sys;
    gathering ask{sys, "search", {.within = 50ms, .in_flight = 2}, {dead()}};
    std::vector<answers> got;
    const auto request
        = [&] { ask(1, tr::context{}, [&](answers a) { got.push_back(std::move(a)); }); };

    request();
    request();
    CHECK(got.empty());
    request();
    REQUIRE(got.size() == 1);
    CHECK(to_string(got[0].error())
          == "stage \"search\": 2 requests are not answered yet, which is in_flight (pool_full)");

    tr::detail::virtual_time::run_for(sys, 50ms);
    CHECK(got.size() == 3);
    CHECK(ask.in_flight() == 0);
    request();
    CHECK(got.size() == 3);
    CHECK(ask.in_flight() == 1);
    tr::detail::virtual_time::run_for(sys, 50ms);
  }

  TEST_CASE("its end answers what is open, and leaves no actor") {
    virtual_system sys;
    std::optional<answers> got;
    {
      gathering ask{sys, "search", {}, {dead()}};
      ask(1, tr::context{}, [&](answers a) { got = std::move(a); });
      tr::detail::virtual_time::run_jobs(sys);
    }
    tr::detail::virtual_time::run_jobs(sys);

    REQUIRE(got);
    CHECK(got->error().code() == tr::errc::closed);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("answers many threads, each its own") {
    threaded_system sys;
    gathering ask{sys, "search", {.gather = tr::gather::quorum(2)}, {adds(1), adds(2), adds(3)}};
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);

    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) {
          std::promise<answers> promise;
          ask(1000 * t + i, tr::context{}, [&](answers a) { promise.set_value(std::move(a)); });
          const auto a = promise.get_future().get();
          int good = 0;
          for (std::size_t s = 0; a && s < 3; ++s)
            if (a->at(s))
              good += a->at(s) == 1000 * t + i + static_cast<int>(s) + 1 ? 1 : 100;
          wrong[static_cast<std::size_t>(t)] += good == 2 ? 0 : 1;
        }
      });
    for (auto& t : threads)
      t.join();

    CHECK(wrong == std::vector<int>(4, 0));
  }

  TEST_CASE("options out of range are refused, with name, option, value and range") {
    const auto refused = [](const tr::gather_options& o, std::size_t services = 3,
                            const std::string& name = "search") {
      return refusal([&] { tr::validate(o, name, services); });
    };
    CHECK(refused({.gather = tr::gather::quorum(4)})
          == "scatter_gather \"search\": gather::quorum = 4, needs 1 to the number of services, 3");
    CHECK(refused({.gather = tr::gather::best(0)})
          == "scatter_gather \"search\": gather::best = 0, needs 1 to the number of services, 3");
    CHECK(refused({}, 0) == "scatter_gather \"search\": services = 0, needs at least 1");
    CHECK(refused({.within = -1ms})
          == "scatter_gather \"search\": within = -1 ms, needs 0 ms to a year");
    CHECK(refused({.within = tr::duration::max()}) != "nothing was refused");
    CHECK(refused({.workers = 0}) == "scatter_gather \"search\": workers = 0, needs 1 to 10000");
    CHECK(refused({.in_flight = 0})
          == "scatter_gather \"search\": in_flight = 0, needs 1 to 1000000000");
    CHECK(refused({}, 3, "") == "scatter_gather \"\": name = \"\", needs at least one character");
    CHECK(refused({.gather = tr::gather::quorum(3), .within = 50ms}) == "nothing was refused");
  }
}
