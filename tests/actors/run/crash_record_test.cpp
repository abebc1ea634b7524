#include <doctest/doctest.h>

#include <chrono>

#include <troupe/run/crash_record.hpp>

using namespace std::chrono_literals;
using troupe::detail::crash_record;

TEST_SUITE("crash_record") {
  TEST_CASE("two crashes within a minute are borne, the third one ends the stage with its reason") {
    crash_record record{{2, 1min}};
    const troupe::error why{troupe::errc::stage_failed, "s", "too large"};
    const troupe::time_point start{};
    CHECK(record.restarts());
    CHECK_FALSE(record.note(why, start));
    CHECK_FALSE(record.note(why, start + 10s));

    const auto gave_up = record.note(why, start + 20s);
    REQUIRE(gave_up);
    CHECK(gave_up->message().find("too large") != std::string::npos);
  }

  TEST_CASE("crashes that lie far enough apart are borne for ever") {
    crash_record record{{1, 1s}};
    const troupe::error why{troupe::errc::stage_failed, "s", "now and then"};
    troupe::time_point now{};
    for (int i = 0; i < 100; ++i)
      CHECK_FALSE(record.note(why, now += 2s));
  }

  TEST_CASE("a function that is never made anew has nothing to note") {
    CHECK_FALSE(crash_record{troupe::restart_intensity::never()}.restarts());
    CHECK(troupe::detail::is_never(troupe::restart_intensity::never()));
    CHECK_FALSE(troupe::detail::is_never(troupe::restart_intensity::unlimited()));
  }
}
