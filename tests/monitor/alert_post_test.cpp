#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <troupe/detail/alert_post.hpp>

using namespace std::chrono_literals;
using troupe::alert;
using troupe::detail::alert_post;

namespace {

constexpr troupe::time_point t0{1h};

/// Notes what it is told; throws at what is to fail.
struct recorder : troupe::alert_listener {
  std::string name() const override { return "recorder"; }
  void on_alert(const alert& a) override {
    if (a.stage == "bad")
      throw std::runtime_error{"no"};
    said.push_back(a.stage);
  }
  void give_up() noexcept override { ++given_up; }

  std::vector<std::string> said;
  int given_up = 0;
};

alert about(const std::string& stage) {
  alert a;
  a.stage = stage;
  return a;
}

struct bench {
  std::shared_ptr<recorder> listener = std::make_shared<recorder>();
  alert_post post{listener, 2};

  void tell_all(troupe::time_point now = t0) {
    while (const auto next = post.take(now))
      post.note(post.tell(*next));
  }
};

using strings = std::vector<std::string>;

} // namespace

TEST_SUITE("alert_post") {
  TEST_CASE("keeps the newest of those that wait, and counts the others as dropped") {
    bench b;
    for (const auto* stage : {"a", "b", "c"})
      b.post.put(about(stage));

    CHECK(b.post.stats().waiting == 2);
    CHECK(b.post.stats().dropped == 1);
    b.tell_all();
    CHECK(b.listener->said == strings{"b", "c"});
    CHECK(b.post.stats().told == 2);
  }

  TEST_CASE("the actor is woken once, and again when it has found nothing") {
    bench b;
    CHECK(b.post.put(about("a")));
    CHECK_FALSE(b.post.put(about("b")));
    b.tell_all();
    CHECK(b.post.put(about("c")));
  }

  TEST_CASE("a failure is counted, with what it said, and the next one is told") {
    bench b;
    b.post.put(about("bad"));
    b.post.put(about("good"));
    b.tell_all();

    CHECK(b.listener->said == strings{"good"});
    CHECK(b.post.stats().failed == 1);
    CHECK(b.post.stats().error == "no");
  }

  TEST_CASE("closed, it takes nothing more, and what waits is told until then") {
    bench in_time;
    in_time.post.put(about("a"));
    in_time.post.close(t0 + 1s);
    CHECK_FALSE(in_time.post.put(about("late")));
    CHECK_FALSE(in_time.post.over());
    in_time.tell_all(t0 + 999ms);
    CHECK(in_time.listener->said == strings{"a"});
    CHECK(in_time.post.over());

    bench too_late;
    too_late.post.put(about("a"));
    too_late.post.close(t0 + 1s);
    too_late.tell_all(t0 + 1s);
    CHECK(too_late.listener->said.empty());
    CHECK(too_late.post.stats().dropped == 1);
    CHECK(too_late.post.over());
  }

  TEST_CASE("only a call that is under way is asked to give up, and it is over behind that") {
    bench b;
    b.post.give_up();
    CHECK(b.listener->given_up == 0);

    b.post.put(about("a"));
    const auto next = b.post.take(t0);
    REQUIRE(next);
    b.post.cut();
    b.post.give_up();
    CHECK(b.listener->given_up == 1);
    CHECK_FALSE(b.post.over());
    b.post.note(b.post.tell(*next));
    CHECK(b.post.over());
  }
}
