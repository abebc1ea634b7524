#include <troupe/web_hook.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "../alert_fixture.hpp"
#include "../monitor/monitor_fixture.hpp"
#include "tiny_server.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using support::slow_pricing;
using support::tiny_server;
using troupe::web_hook;
using troupe::web_hook_options;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string broken = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

std::string answer(const std::string& status, const std::string& header = "X: y") {
  return "HTTP/1.1 " + status + "\r\n" + header + "\r\nContent-Length: 0\r\n\r\n";
}

/// Three attempts, without waiting in between.
web_hook_options quick(troupe::count attempts = 3) {
  return {.attempts = attempts, .timeout = 1min, .backoff = {0ms, 0ms}};
}

/// What it threw.
std::string failure(troupe::alert_listener& hook) {
  try {
    hook.on_alert(slow_pricing());
    return "none";
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::string failure(const std::string& url, web_hook_options options) {
  return failure(*web_hook(url, std::move(options)));
}

json body_of(const std::string& request) {
  return json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

template <class Done>
void wait_until(Done done) {
  while (!done())
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("web hook") {

  TEST_CASE("an alert is posted as JSON, once") {
    const tiny_server server{{ok}};
    const auto hook = web_hook(server.url("/alerts?to=me"), quick());
    CHECK(hook->name() == "web hook 127.0.0.1:" + server.port());
    CHECK(failure(*hook) == "none");

    REQUIRE(server.requests().size() == 1);
    const auto request = server.requests()[0];
    CHECK(request.starts_with("POST /alerts?to=me HTTP/1.1\r\n"));
    CHECK(request.find("\r\nHost: 127.0.0.1:" + server.port() + "\r\n") != std::string::npos);
    CHECK(request.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
    CHECK(body_of(request)["version"] == "4");
    CHECK(body_of(request)["alerts"][0]["labels"]["stage"] == "pricing");
  }

  TEST_CASE("every 2xx is success, with content or without") {
    for (const auto* status : {"200 OK", "202 Accepted", "204 No Content"}) {
      const tiny_server server{{answer(status)}};
      CHECK(failure(server.url(), quick(1)) == "none");
    }
    const tiny_server server{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nthank you"}};
    CHECK(failure(server.url(), quick(1)) == "none");
  }

  TEST_CASE("after a 500 the same is posted again") {
    const tiny_server server{{broken, ok}};
    CHECK(failure(server.url(), quick()) == "none");
    REQUIRE(server.requests().size() == 2);
    CHECK(server.requests()[0] == server.requests()[1]);
  }

  TEST_CASE("a server that stays broken is asked as often as it may be") {
    const tiny_server server{{broken, broken, broken}};
    CHECK(failure(server.url(), quick())
          == "127.0.0.1:" + server.port() + " answered 500 Internal Server Error (attempt 3)");
    CHECK(server.requests().size() == 3);
  }

  TEST_CASE("what would be said again is not asked again, and a redirect is not followed") {
    for (const auto* status : {"400 Bad Request", "404 Not Found", "410 Gone"}) {
      const tiny_server server{{answer(status), ok}};
      CHECK(failure(server.url(), quick())
            == "127.0.0.1:" + server.port() + " answered " + status + " (attempt 1)");
    }
    const tiny_server target{{ok}};
    const tiny_server server{{answer("302 Found", "Location: " + target.url()), ok}};
    CHECK(failure(server.url(), quick()).ends_with(" answered 302 Found (attempt 1)"));
    CHECK(server.requests().size() == 1);
    CHECK(target.requests().empty());
  }

  TEST_CASE("who is too slow or was asked too often is asked again") {
    for (const auto* status : {"408 Request Timeout", "429 Too Many Requests"}) {
      const tiny_server server{{answer(status), ok}};
      CHECK(failure(server.url(), quick()) == "none");
      CHECK(server.requests().size() == 2);
    }
  }

  TEST_CASE("a server that wants to be left alone for longer than backoff.max is left alone") {
    const tiny_server server{{answer("503 Service Unavailable", "Retry-After: 3600"), ok}};
    CHECK(failure(server.url(), quick()).ends_with("503 Service Unavailable (attempt 1)"));
  }

  TEST_CASE("nobody there is a failure of each attempt") {
    std::string port;
    {
      const tiny_server gone{{}};
      port = gone.port();
    }
    CHECK(failure("http://127.0.0.1:" + port, quick(2))
          == "cannot connect to 127.0.0.1:" + port + ": Connection refused (attempt 2)");
  }

  TEST_CASE("a server that never answers costs the timeout, of each attempt") {
    const tiny_server silent{{}};
    auto options = quick(2);
    options.timeout = 10ms;
    CHECK(failure(silent.url(), options)
          == "could not get an answer from 127.0.0.1:" + silent.port()
                 + " within 10 ms (attempt 2)");
  }

  TEST_CASE("an answer that is none, or is cut short, is a failure") {
    const tiny_server babbling{{"220 mail.example.org ready\r\n\r\n"}};
    CHECK(failure(babbling.url(), quick(1)).starts_with("cannot get an answer from"));
    const tiny_server brief{{"HTTP/1.1 200 OK\r\nContent-"}};
    CHECK(failure(brief.url(), quick(1)).starts_with("cannot get an answer from"));
  }

  TEST_CASE("names and IPv6 are addresses as well") {
    const tiny_server server{{ok}};
    CHECK(failure("http://localhost:" + server.port(), quick(1)) == "none");
    CHECK(failure("http://a..b", quick(1)).starts_with("cannot look up a..b: ")); // asks nobody
    try {
      const tiny_server six{{ok}, tiny_server::at::ipv6};
      CHECK(failure("http://[::1]:" + six.port(), quick(1)) == "none");
      CHECK(six.requests().at(0).find("\r\nHost: [::1]:" + six.port()) != std::string::npos);
    } catch (const std::runtime_error& e) {
      MESSAGE("IPv6 was not tried: " << e.what());
    }
  }

  TEST_CASE("a call that is under way can be given up") {
    std::string said;
    SUBCASE("while it waits for an answer") {
      const tiny_server silent{{""}};
      auto options = quick();
      options.timeout = troupe::duration::max();
      const auto hook = web_hook(silent.url(), options);
      std::thread caller{[&] { said = failure(*hook); }};
      wait_until([&] { return silent.requests().size() == 1; });
      hook->give_up();
      caller.join();
      CHECK(said.starts_with("the context was cancelled, after: gave up: could not "));
    }
    SUBCASE("between two attempts") {
      const tiny_server server{{answer("503 Wait", "Retry-After: 3600")}};
      auto options = quick();
      options.backoff = {1h, 2h};
      const auto hook = web_hook(server.url(), options);
      std::thread caller{[&] { said = failure(*hook); }};
      wait_until([&] { return server.taken() == 1; });
      hook->give_up();
      caller.join();
      CHECK(said.starts_with("the context was cancelled, after: 127.0.0.1:" + server.port()
                             + " answered 503 Wait"));
    }
  }

  TEST_CASE("a monitor goes on while its hook hangs, and does not wait for it in the end") {
    const tiny_server silent{{""}};
    const tiny_server sound{{ok, ok}};
    auto patient = quick();
    patient.timeout = troupe::duration::max();
    caf::actor_system_config cfg;
    caf::actor_system sys{cfg};
    const auto run = std::make_shared<monitor_tests::fake_run>(sys);
    run->depth(101);
    run->over = true; // an alert is raised, and resolved
    {
      troupe::monitor watch{
          sys,
          {.sample_every = 1ms,
           .alert_when = {troupe::mailbox_depth("book") > 100},
           .listeners = {web_hook(silent.url(), patient), web_hook(sound.url(), quick())},
           .drain_limit = 1ms}};
      watch.watch(run);
      wait_until(
          [&] { return silent.requests().size() == 1 && watch.listener_stats()[1].told == 2; });
      CHECK(watch.history().size() == 2);
      CHECK(watch.listener_stats()[0].waiting == 2);
    }
    CHECK(body_of(sound.requests().at(0))["status"] == "firing");
    CHECK(body_of(sound.requests().at(1))["status"] == "resolved");
  }

} // TEST_SUITE
