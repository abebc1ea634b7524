#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "supervisor_fixture.hpp"
#include <troupe/supervisor.hpp>

using namespace supervisor_fixture;

TEST_SUITE("supervisor") {
  TEST_CASE("works with real threads as in virtual time") {
    threaded_system sys;
    journal said;
    std::promise<void> restarted;
    {
      tr::supervisor sup{
          sys,
          "orders",
          {.strategy = tr::strategy::one_for_all, .on_event = [&](const tr::supervisor_event& e) {
             if (e.what == tr::supervisor_event::kind::restarted && e.child == "b")
               restarted.set_value();
           }}};
      CHECK(sup.add("a", noted(said, "a")));
      CHECK(sup.add("b", noted(said, "b")));

      tr::detail::anon_send(sup.child("a"), std::string{"crash"});
      restarted.get_future().wait();

      CHECK(said.line() == "+a, +b, -a, -b, +a, +b");
      CHECK_FALSE(sup.wait_for(1ms));
      sup.stop();
      CHECK(sys.actors() == 0);
      CHECK_FALSE(sup.wait());
    }
    CHECK(said.line() == "-b, -a");
  }

  TEST_CASE("a child with a thread of its own may block without holding up the others") {
    threaded_system sys;
    tr::supervisor sup{sys, "orders"};
    std::promise<void> open;
    std::promise<std::thread::id> blocked_in;
    const auto gate = open.get_future().share();
    REQUIRE(sup.add("blocking",
                    [&, gate](caf::event_based_actor*) -> caf::behavior {
                      return {[&, gate](int) {
                        blocked_in.set_value(std::this_thread::get_id());
                        gate.wait();
                      }};
                    },
                    {.thread = tr::thread::own}));
    tr::detail::anon_send(sup.child("blocking"), 1);
    const auto thread = blocked_in.get_future().get();
    // As many as there are threads of the scheduler would not be served if it were on one of them.
    for (int i = 0; i < 8; ++i)
      REQUIRE(sup.add("worker " + std::to_string(i),
                      [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; }));
    CHECK(thread != std::this_thread::get_id());

    open.set_value();
    sup.stop();
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("requests from many threads are each answered once") {
    threaded_system sys;
    tr::supervisor sup{sys, "orders"};
    std::atomic<int> added{0};
    std::atomic<int> refused{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
          for (int i = 0; i < 50; ++i)
            ++(sup.add(std::to_string(i),
                       [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; })
                   ? added
                   : refused);
        });
    }
    CHECK(added == 50);
    CHECK(refused == 150);
    CHECK(sup.counts().active == 50);
  }

  TEST_CASE("a stop from another thread answers those who wait for a child to start") {
    threaded_system sys;
    tr::supervisor sup{sys, "orders"};
    std::promise<void> open;
    std::promise<void> entered;
    const auto gate = open.get_future().share();
    std::thread adder{[&] {
      const auto answer = sup.add("slow", [&, gate](caf::event_based_actor*) -> caf::behavior {
        entered.set_value();
        gate.wait();
        return {[](int) {}};
      });
      CHECK(answer.error().code() == tr::errc::closed);
    }};
    entered.get_future().wait();
    std::thread stopper{[&] { sup.stop(); }};
    adder.join(); // its answer does not wait for the child
    open.set_value();
    stopper.join();
    CHECK_FALSE(sup.error());
    CHECK(sys.actors() == 0);
  }
}
