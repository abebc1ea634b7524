#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "monitor_fixture.hpp"
#include <troupe/call.hpp>
#include <troupe/service.hpp>
#include <troupe/sources.hpp>

using namespace std::chrono_literals;
using monitor_tests::fixture;
using troupe::breaker;
using troupe::breaker_state;
using troupe::monitor;

namespace {

const troupe::circuit_breaker opens_at_once{
    .window = troupe::last_calls(1), .minimum_calls = 1, .trials = 1, .cooldown = 2s};

} // namespace

TEST_SUITE("monitor breaker") {
  TEST_CASE_FIXTURE(fixture,
                    "an open breaker raises an alert once, which resolves when it closes") {
    monitor watch{sys, options({breaker("pricing") == breaker_state::open})};
    bool down = true;
    auto svc = troupe::serve(sys,
                             troupe::call(
                                 "pricing",
                                 [&down](int x) -> troupe::result<int> {
                                   if (down)
                                     return troupe::fail(troupe::errc::stage_failed, "down");
                                   return x;
                                 },
                                 opens_at_once),
                             {.watch = &watch});
    pass(1s);
    CHECK(said.empty());

    CHECK_FALSE(svc.ask(1).get());
    pass(1s);
    REQUIRE(said.size() == 1);
    CHECK(said[0].find(R"(breaker("pricing"))") != std::string::npos);
    CHECK(said[0].find("open") != std::string::npos);
    pass(500ms);
    CHECK(said.size() == 1); // once

    pass(500ms);
    down = false;
    CHECK(svc.ask(1).get() == 1); // the cooldown is over, and the trial succeeds
    pass(1s);
    REQUIRE(said.size() == 2);
    CHECK(said[1].starts_with("resolved"));
  }
}
