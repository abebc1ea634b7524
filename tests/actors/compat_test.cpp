#include <troupe/caf/compat.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/caf/virtual_time.hpp>
#include <troupe/config.hpp>

using namespace std::chrono_literals;
namespace detail = troupe::detail;

namespace {

struct work {
  using internal_message = void;
};

template <class T>
struct boxed {
  using internal_message = void;
  std::shared_ptr<T> value;
};

/// Never runs out of messages.
class busy_body : public detail::actor_base {
public:
  using actor_base::actor_base;

protected:
  caf::message_handler handlers() override {
    detail::send(this, this, work{});
    return {[this](work) { detail::send(this, this, work{}); }};
  }
};

/// Notes the times of its ticks, one every 10 s, and throws at the fourth.
class ticker : public detail::actor_base {
public:
  ticker(caf::actor_config& cfg, std::vector<troupe::time_point>* ticks)
      : actor_base(cfg), ticks_(ticks) {}

protected:
  caf::message_handler handlers() override {
    detail::send_after(this, 10s, work{});
    return {[this](work) {
      ticks_->push_back(detail::now(system()));
      if (ticks_->size() == 4)
        throw std::runtime_error("tired");
      detail::send_after(this, 10s, work{});
    }};
  }

private:
  std::vector<troupe::time_point>* ticks_;
};

class watcher : public detail::actor_base {
public:
  watcher(caf::actor_config& cfg, caf::actor whom, std::vector<std::string>* reasons)
      : actor_base(cfg), whom_(std::move(whom)), reasons_(reasons) {}

protected:
  caf::message_handler handlers() override {
    for (int i = 0; i < 2; ++i)
      watch_actor(whom_, [this](const caf::error& e) { reasons_->push_back(caf::to_string(e)); });
    return {[](work) {}};
  }

private:
  caf::actor whom_;
  std::vector<std::string>* reasons_;
};

class recorder : public detail::actor_base {
public:
  recorder(caf::actor_config& cfg, std::vector<int>* seen) : actor_base(cfg), seen_(seen) {}

protected:
  caf::message_handler handlers() override {
    return {[this](const boxed<int>& m) { seen_->push_back(*m.value); }};
  }

private:
  std::vector<int>* seen_;
};

troupe::config with_policy(const std::string& name) {
  troupe::config cfg;
  detail::set_policy(cfg, name);
  return cfg;
}

boxed<int> box(int i) { return {std::make_shared<int>(i)}; }

} // namespace

TEST_SUITE("compat") {

  TEST_CASE("run_for lets each thing happen at its own virtual time") {
    auto cfg = with_policy("testing");
    caf::actor_system sys{cfg};
    std::vector<troupe::time_point> ticks;
    const auto start = detail::now(sys);
    auto a = detail::spawn<ticker>(sys, &ticks);

    detail::virtual_time::run_for(sys, 35s);

    CHECK(ticks == std::vector{start + 10s, start + 20s, start + 30s});
    CHECK(detail::now(sys) == start + 35s);
    CHECK(detail::virtual_time::next_timeout(sys) == start + 40s);
    detail::anon_exit(a);
    detail::virtual_time::run_jobs(sys);
  }

  TEST_CASE("an exception ends the actor, and each watch is told once") {
    auto cfg = with_policy("testing");
    caf::actor_system sys{cfg};
    std::vector<troupe::time_point> ticks;
    std::vector<std::string> reasons;
    auto a = detail::spawn<ticker>(sys, &ticks);
    auto w = detail::spawn<watcher>(sys, a, &reasons);
    int gone = 0;
    detail::on_actor_gone(a, [&gone] { ++gone; });

    detail::virtual_time::run_for(sys, 39s);
    CHECK(gone == 0);
    detail::virtual_time::run_jobs(sys);
    detail::virtual_time::trigger_next_timeout(sys);
    detail::virtual_time::run_jobs(sys);

    CHECK(gone == 1);
    REQUIRE(reasons.size() == 2);
    CHECK(reasons[0].find("tired") != std::string::npos);
    CHECK_FALSE(detail::virtual_time::trigger_next_timeout(sys));
    detail::anon_exit(w);
    detail::virtual_time::run_jobs(sys);
  }

  TEST_CASE("a kill and an urgent message overtake what waits; an exit does not") {
    auto cfg = with_policy("testing");
    caf::actor_system sys{cfg};
    std::vector<int> seen;
    auto a = detail::spawn<recorder>(sys, &seen);
    detail::virtual_time::run_jobs(sys);
    detail::anon_send(a, box(1));

    SUBCASE("kill") {
      detail::anon_kill(a);
      detail::virtual_time::run_jobs(sys);
      CHECK(seen.empty());
    }
    SUBCASE("exit") {
      detail::anon_exit(a);
      detail::virtual_time::run_jobs(sys);
      CHECK(seen == std::vector{1});
    }
    SUBCASE("urgent") {
      detail::anon_send_urgent(a, box(2));
      detail::virtual_time::run_jobs(sys);
      CHECK(seen == std::vector{2, 1});
      detail::anon_exit(a);
      detail::virtual_time::run_jobs(sys);
    }
  }

  TEST_CASE("an actor that keeps sending to itself takes turns with the others in virtual time") {
    auto cfg = with_policy("testing");
    caf::actor_system sys{cfg};
    std::vector<int> seen;
    auto busy = detail::spawn<busy_body>(sys);
    auto a = detail::spawn<recorder>(sys, &seen);
    detail::on_actor_gone(a, [busy] { detail::anon_kill(busy); });

    detail::anon_send(a, box(1));
    detail::anon_exit(a);
    detail::virtual_time::run_jobs(sys); // returns only if the kill was ever sent

    CHECK(seen == std::vector{1});
  }

  TEST_CASE("virtual time is refused on a scheduler that runs in real time") {
    troupe::config cfg;
    caf::actor_system sys{cfg};

    CHECK_THROWS_WITH_AS(detail::virtual_time::run_jobs(sys),
                         "virtual time needs the scheduler policy \"testing\"", std::logic_error);
  }

} // TEST_SUITE
