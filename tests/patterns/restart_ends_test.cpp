#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "restart_fixture.hpp"

using namespace support;

TEST_SUITE("restart in place") {
  TEST_CASE("a function that cannot be made anew counts as a further crash") {
    virtual_system sys;
    const auto copies = std::make_shared<int>(1'000);
    auto [in, n] = tr::inbox<int>("n");
    auto r
        = tr::start(sys, n
                             | tr::stage("crash", copied_so_often{copies},
                                         {.on_error = tr::on_error::skip, .intensity = {5, 1min}})
                             | tr::ignore("end"));
    tr::detail::virtual_time::run_jobs(sys);
    *copies = 2; // the first two crashes are mended
    for (const int x : numbers(100))
      in.offer(x);

    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(tr::to_string(*end.error())
          == "stage \"crash\": crashed more often than its intensity of 5 restarts in 60 s "
             "allows; the last reason: its function could not be made anew: no further copy "
             "(stage_failed)");
    CHECK(end.stage("crash").restarts == 2);
    CHECK(end.stage("crash").failed == 3);
  }

  TEST_CASE("a function that can never be made anew is not tried for ever") {
    virtual_system sys;
    const auto copies = std::make_shared<int>(1'000);
    auto [in, n] = tr::inbox<int>("n");
    auto r = tr::start(sys, n
                                | tr::stage("crash", copied_so_often{copies},
                                            {.on_error = tr::on_error::skip, .intensity = forever})
                                | tr::ignore("end"));
    tr::detail::virtual_time::run_jobs(sys);
    *copies = 0;
    for (const int x : numbers(100))
      in.offer(x);

    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->message() == "its function could not be made anew: no further copy");
    CHECK(*copies == -16);
    CHECK(end.stage("crash").failed == 1);
    CHECK(end.stage("crash").restarts == 0);
  }

  TEST_CASE("what the lost state held is abandoned there and then, and counted") {
    virtual_system sys;
    std::vector<int> out;
    const tr::stage_options o{.on_error = tr::on_error::skip, .intensity = forever};
    auto [in, n] = tr::inbox<int>("n");
    auto r = tr::start(sys, tr::detail::extend<int>(
                                n, tr::detail::with_kernel(
                                       tr::detail::stage_node("sum", "stage", o), sum_of_three{}))
                                | tr::collect("out", out));
    for (const int x : {1, 2, 3, 10, 20, 9, 4, 5, 6, 9})
      in.offer(x);
    tr::detail::virtual_time::run_jobs(sys);
    const auto now = r.metrics("sum").counters;
    in.offer(7);
    in.close();

    const auto end = accounted(r.wait());

    CHECK(out == std::vector{6, 15});
    CHECK(now.abandoned == 2); // 10 and 20
    CHECK(now.in_flight == 0);
    CHECK(end.stage("sum").delivered == 6);
    CHECK(end.stage("sum").failed == 2);
    CHECK(end.stage("sum").abandoned == 3); // and 7, which nobody asked for
  }

  TEST_CASE("an actor that is killed from outside loses its queue, counted as abandoned") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(
        sys, tr::from("n", numbers(1000))
                 | tr::stage("crash", crash_on_nines,
                             {.buffer = 100, .on_error = tr::on_error::skip, .intensity = forever})
                 | tr::collect("out", out));
    r.pause("crash");
    run_steps(sys, 200);
    const auto waiting = r.metrics("crash").mailbox_depth + r.metrics("crash").counters.in_flight;
    REQUIRE(waiting > 0);

    tr::detail::anon_kill(tr::detail::actors_of(r, "crash").front());
    const auto end = accounted(r.wait());

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::worker_died);
    CHECK(end.error()->stage() == "crash");
    CHECK(end.stage("crash").abandoned == waiting);
    CHECK(end.stage("crash").restarts == 0);
  }

  TEST_CASE("one of several workers that is killed has its queue taken over, crashes and all") {
    for (std::size_t steps = 0; steps < 120; steps += 7) {
      CAPTURE(steps);
      virtual_system sys;
      std::vector<int> out;
      auto r = tr::start(sys, tr::from("n", numbers(500))
                                  | tr::stage("crash", crash_on_nines,
                                              {.parallel = 4,
                                               .buffer = 16,
                                               .on_error = tr::on_error::skip,
                                               .intensity = forever})
                                  | tr::collect("out", out));
      run_steps(sys, steps);
      tr::detail::anon_kill(tr::detail::actors_of(r, "crash")[steps % 4]);

      const auto end = accounted(r.wait());

      CHECK(!end.error());
      CHECK(out == without_nines(500));
      CHECK(end.stage("crash").failed == 50);
    }
  }

  TEST_CASE("each run begins with the state of the blueprint") {
    virtual_system sys;
    std::vector<int> out;
    const auto flow = tr::from("n", numbers(3))
                      | tr::stage("count", seen_since_birth{}, {.intensity = forever})
                      | tr::collect("out", out);

    run_to_end(sys, flow);
    run_to_end(sys, flow);

    CHECK(out == std::vector{1, 2, 3, 1, 2, 3});
  }

  TEST_CASE("an intensity out of range is refused where it is written") {
    CHECK(refusal([] {
            tr::stage("x", crash_on_nines, {.intensity = {-1, 1s}});
          })
          == "restart_intensity: restarts = -1, needs at least 0");
    CHECK(refusal([] {
            tr::stage("x", crash_on_nines, {.intensity = {1, 0s}});
          })
          == "restart_intensity: period = 0 ms, needs more than 0 ms");
  }
}
