#include <doctest/doctest.h>

#include <exception>
#include <vector>

#include "../alert_fixture.hpp"
#include "../durations.hpp"
#include "tiny_server.hpp"
#include <troupe/web_hook.hpp>

using namespace durations;

TEST_SUITE("alerts durations") {
  TEST_CASE("a web hook's timeout takes the ends of its range, or refuses them by name") {
    check_all({{"web_hook timeout", "timeout = ", takes::above_zero, [](time_span d) {
                  const support::tiny_server server{{"HTTP/1.1 204 No Content\r\n\r\n"}};
                  const auto hook = troupe::web_hook(server.url(), {.attempts = 1, .timeout = d});
                  bool told = true;
                  try {
                    hook->on_alert(support::slow_pricing());
                  } catch (const std::exception&) {
                    told = false;
                  }
                  holds(told == !at_once(d));
                }}});
  }
}
