#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/report.hpp>

namespace tr = troupe;

TEST_SUITE("report") {
  TEST_CASE("is clean when all was delivered or filtered, and not otherwise") {
    const auto with = [](tr::counters c, std::optional<tr::error> e = {}) {
      return tr::report{{{"stage", c}}, std::move(e), {}};
    };

    CHECK(with({.received = 3, .delivered = 2, .filtered = 1}).clean());
    CHECK(!with({.failed = 1}).clean());
    CHECK(!with({.abandoned = 1}).clean());
    CHECK(!with({.in_flight = 1}).clean());
    CHECK(!with({.dropped = 1}).clean());
    CHECK(!with({.shed = 1}).clean());
    CHECK(!with({}, tr::error{tr::errc::cancelled}).clean());
  }

  TEST_CASE("finds a stage by name and prints a line for each, with what went wrong") {
    const tr::report r{{{"a", {.received = 2, .emitted = 2, .delivered = 2}},
                        {"b", {.received = 2, .delivered = 1, .failed = 1}}},
                       tr::error{tr::errc::stage_failed, "b", "item 1: bad"},
                       {}};
    std::ostringstream text;
    text << r;

    CHECK(r.stage("b").failed == 1);
    CHECK_THROWS_AS((void)r.stage("c"), std::invalid_argument);
    CHECK(text.str()
          == "a: received 2, emitted 2, delivered 2\n"
             "b: received 2, emitted 0, delivered 1, failed 1\n"
             "error: stage \"b\": item 1: bad (stage_failed)\n");
  }
}

TEST_SUITE("options") {
  TEST_CASE("a count takes any integer and keeps its sign for the check that refuses it") {
    CHECK(tr::count{-1}.value() == -1);
    CHECK(tr::count{7u}.value() == 7);
    CHECK(tr::count{std::numeric_limits<unsigned long long>::max()}.value()
          == std::numeric_limits<long long>::max());
    CHECK(std::size_t{tr::count{5}} == 5);
  }

  TEST_CASE("a batch size is automatic or a number") {
    CHECK(tr::batch_size{tr::automatic}.is_automatic());
    CHECK(!tr::batch_size{0}.is_automatic());
    CHECK(tr::batch_size{16}.items().value() == 16);
  }

  TEST_CASE("an error policy keeps the item where it may be needed again") {
    CHECK(!tr::on_error::stop.keeps_item());
    CHECK(!tr::on_error::skip.keeps_item());
    CHECK(tr::on_error::dead_letter.keeps_item());
    const auto again = tr::on_error::retry({.attempts = 2}, tr::on_error::skip);
    CHECK(again.keeps_item());
    CHECK(again.chosen() == tr::on_error::action::skip);
    CHECK(again.retries()->attempts == 2);
  }
}
