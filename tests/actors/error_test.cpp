#include <troupe/error.hpp>
#include <troupe/result.hpp>

#include <array>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::errc;
using troupe::error;

TEST_SUITE("error") {
  TEST_CASE("every code has the name it has in code") {
    struct row {
      errc code;
      std::string name;
    };
    const std::array rows{
        row{errc::none, "none"},
        row{errc::breaker_open, "breaker_open"},
        row{errc::timed_out, "timed_out"},
        row{errc::pool_full, "pool_full"},
        row{errc::rate_limited, "rate_limited"},
        row{errc::cancelled, "cancelled"},
        row{errc::deadline_exceeded, "deadline_exceeded"},
        row{errc::stage_failed, "stage_failed"},
        row{errc::retries_exhausted, "retries_exhausted"},
        row{errc::worker_died, "worker_died"},
        row{errc::closed, "closed"},
        row{errc::quorum_unreachable, "quorum_unreachable"},
        row{errc::overflow, "overflow"},
        row{errc::remote_lost, "remote_lost"},
    };

    for (const auto& [code, name] : rows)
      CHECK(troupe::to_string(code) == name);
  }

  TEST_CASE("a code that does not exist is unknown, not a crash") {
    CHECK(troupe::to_string(static_cast<errc>(1000)) == "unknown");
    CHECK(troupe::to_string(static_cast<errc>(-1)) == "unknown");
  }

  TEST_CASE("a default error says that nothing happened") {
    const error e;

    CHECK(e.code() == errc::none);
    CHECK(e.stage().empty());
    CHECK(e.message().empty());
    CHECK(e.retry_after() == 0s);
    CHECK(e.attempts() == 0);
  }

  TEST_CASE("the text leaves out what is not known") {
    CHECK(to_string(error{errc::stage_failed, "parse", "item 17: not a number"})
          == "stage \"parse\": item 17: not a number (stage_failed)");
    CHECK(to_string(error{errc::closed, "in"}) == "stage \"in\": (closed)");
    CHECK(to_string(error{errc::timed_out, {}, "after 200 ms"}) == "after 200 ms (timed_out)");
    CHECK(to_string(error{}) == "(none)");
  }

  TEST_CASE("streams the same text") {
    const error e{errc::pool_full, "resize", "100 of 100 queued"};
    std::ostringstream out;

    out << e;

    CHECK(out.str() == to_string(e));
  }

  TEST_CASE("each with_ changes its own field and keeps the others") {
    const error e = error{errc::rate_limited, "a", "10 per second"}
                        .with_stage("b")
                        .with_retry_after(30ms)
                        .with_attempts(2);

    CHECK(e.code() == errc::rate_limited);
    CHECK(e.stage() == "b");
    CHECK(e.message() == "10 per second");
    CHECK(e.retry_after() == 30ms);
    CHECK(e.attempts() == 2);
  }

  TEST_CASE("errors are equal exactly when all fields are") {
    const error e{errc::closed, "a", "m"};

    CHECK(e == error{errc::closed, "a", "m"});
    CHECK_FALSE(e == error{errc::overflow, "a", "m"});
    CHECK_FALSE(e == error{errc::closed, "b", "m"});
    CHECK_FALSE(e == error{errc::closed, "a", "n"});
    CHECK_FALSE(e == error{e}.with_retry_after(1ns));
    CHECK_FALSE(e == error{e}.with_attempts(1));
  }

  TEST_CASE("a failed result carries code and message, a good one its value") {
    const auto parse = [](bool good) -> troupe::result<int> {
      if (good)
        return 7;
      return troupe::fail(errc::stage_failed, "not a number");
    };

    CHECK(parse(true).value() == 7);
    REQUIRE_FALSE(parse(false).has_value());
    CHECK(parse(false).error() == error{errc::stage_failed, {}, "not a number"});
  }
}
