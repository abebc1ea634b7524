#include <troupe/breaker_handle.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/detail/shared_breaker.hpp>

using namespace std::chrono_literals;
using troupe::breaker_event;
using troupe::breaker_handle;
using troupe::breaker_state;
using troupe::detail::shared_breaker;

namespace {

constexpr troupe::time_point t0{1h};

std::shared_ptr<shared_breaker> make_breaker() {
  return std::make_shared<shared_breaker>(
      troupe::circuit_breaker{.window = troupe::last_calls(1), .cooldown = 10s}, [] { return t0; });
}

} // namespace

TEST_SUITE("breaker_handle") {
  TEST_CASE("shows the breaker") {
    const auto b = make_breaker();
    const breaker_handle h{b};
    CHECK(h.state() == breaker_state::closed);

    b->record(*b->admit(), troupe::outcome::failure, 1ms);

    CHECK(h.state() == breaker_state::open);
    CHECK(h.retry_after() == 10s);
    CHECK(h.snapshot().failed == 1);
    CHECK(h.snapshot().failure_rate == 1.0);
  }

  TEST_CASE("sets the breaker by hand") {
    const breaker_handle h{make_breaker()};

    h.force_open();
    CHECK(h.state() == breaker_state::forced_open);
    h.disable();
    CHECK(h.state() == breaker_state::disabled);
    h.metrics_only();
    CHECK(h.state() == breaker_state::metrics_only);
    h.half_open();
    CHECK(h.state() == breaker_state::half_open);
    h.reset();
    CHECK(h.state() == breaker_state::closed);
  }

  TEST_CASE("copies are handles on the same breaker, and keep it") {
    auto b = make_breaker();
    breaker_handle h;
    {
      const breaker_handle first{std::move(b)};
      h = first;
      first.force_open();
    }

    CHECK(h.state() == breaker_state::forced_open);
  }

  TEST_CASE("tells listeners of events, and counts those that threw") {
    const breaker_handle h{make_breaker()};
    std::vector<breaker_event> heard;
    h.on_event([&](const breaker_event& e) { heard.push_back(e); });
    h.on_event([](const breaker_event&) { throw std::runtime_error{"no"}; });

    h.force_open();

    CHECK(heard
          == std::vector<breaker_event>{{troupe::breaker_event_kind::transition,
                                         breaker_state::closed, breaker_state::forced_open, t0}});
    CHECK(h.listener_failures() == 1);
    CHECK(h.dropped_events() == 0);
  }

  TEST_CASE("an empty handle says that there is no circuit_breaker") {
    const breaker_handle none;
    constexpr auto sentence = "breaker: this service has no circuit_breaker";

    CHECK_FALSE(none);
    CHECK(breaker_handle{make_breaker()});
    CHECK_THROWS_WITH_AS(none.state(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.retry_after(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.snapshot(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.force_open(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.disable(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.metrics_only(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.half_open(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.reset(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.on_event({}), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.listener_failures(), sentence, std::logic_error);
    CHECK_THROWS_WITH_AS(none.dropped_events(), sentence, std::logic_error);
  }
}
