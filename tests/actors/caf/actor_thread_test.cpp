#include <doctest/doctest.h>

#include <future>
#include <stdexcept>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>

#include "../../support.hpp"

using namespace support;
namespace detail = troupe::detail;

TEST_SUITE("actor_thread") {
  TEST_CASE("this thread is an actor's while one runs on it, however deep") {
    virtual_system sys;
    CHECK_FALSE(detail::in_actor(sys));
    {
      const detail::actor_thread outer;
      {
        const detail::actor_thread inner;
        CHECK(detail::in_actor(sys));
      }
      CHECK(detail::in_actor(sys));
    }
    CHECK_FALSE(detail::in_actor(sys));
  }

  TEST_CASE("a thread of the scheduler is an actor's, whoever's actor it runs") {
    threaded_system sys;
    std::promise<bool> inside;
    (*sys).spawn([&](caf::event_based_actor*) { inside.set_value(detail::in_actor(sys)); });
    CHECK(inside.get_future().get());
    CHECK_FALSE(detail::in_actor(sys));
  }

  TEST_CASE("waiting is refused in an actor, with what to do instead, and nowhere else") {
    virtual_system sys;
    detail::refuse_to_wait(sys, "run::wait", "use on_end");
    const detail::actor_thread here;
    CHECK_THROWS_WITH_AS(detail::refuse_to_wait(sys, "run::wait", "use on_end"),
                         "run::wait waits, and is called inside an actor, on whose thread what it "
                         "waits for may have to run; use on_end",
                         std::logic_error);
  }
}
