#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "restart_fixture.hpp"

using namespace support;

TEST_SUITE("restart in place") {
  TEST_CASE("without an intensity a function that throws keeps its state") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(
        sys, tr::from("n", numbers(20))
                 | tr::stage("count", seen_since_birth{}, {.on_error = tr::on_error::skip})
                 | tr::collect("out", out));

    CHECK(out.back() == 19); // 0 to 18, of which 9 threw
    CHECK(end.stage("count").restarts == 0);
    CHECK(end.stage("count").failed == 2);
  }

  TEST_CASE("with an intensity its state is made anew behind the item at fault") {
    virtual_system sys;
    std::vector<int> out;

    const auto end
        = run_to_end(sys, tr::from("n", numbers(20))
                              | tr::stage("count", seen_since_birth{},
                                          {.on_error = tr::on_error::skip, .intensity = {5, 1min}})
                              | tr::collect("out", out));

    CHECK(out == std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(end.stage("count").restarts == 2);
    CHECK(end.stage("count").failed == 2);
    CHECK(!end.error());
  }

  TEST_CASE("its queue survives: only the item that crashed it fails, and order is kept") {
    virtual_system sys;
    for (const int parallel : {1, 3, 8})
      for (const int buffer : {1, 7, 1024}) {
        CAPTURE(parallel);
        CAPTURE(buffer);
        std::vector<int> out;
        std::vector<int> lost;

        const auto end = run_to_end(sys,
                                    tr::from("n", numbers(1000))
                                        | tr::stage("crash", crash_on_nines,
                                                    {.parallel = parallel,
                                                     .buffer = buffer,
                                                     .on_error = tr::on_error::dead_letter,
                                                     .intensity = forever})
                                        | tr::collect("out", out),
                                    {.dead_letters = [&](const tr::dead_letter& d) {
                                      lost.push_back(std::any_cast<int>(d.item));
                                    }});

        CHECK(!end.error());
        CHECK(out == without_nines(1000));
        CHECK(lost.size() == 100);
        CHECK(end.stage("crash").failed == 100);
        CHECK(end.stage("crash").restarts == 100);
        CHECK(end.stage("crash").abandoned == 0);
      }
  }

  TEST_CASE("the actor stays the same, and so do its neighbours") {
    virtual_system sys;
    auto [in, n] = tr::inbox<int>("n");
    std::vector<int> out;
    auto r = tr::start(sys, n
                                | tr::stage("crash", crash_on_nines,
                                            {.on_error = tr::on_error::skip, .intensity = forever})
                                | tr::collect("out", out));
    tr::detail::virtual_time::run_jobs(sys);
    const auto before = tr::detail::actors_of(r);

    for (const int x : {1, 9, 2})
      in.offer(x);
    tr::detail::virtual_time::run_jobs(sys);

    CHECK(out == std::vector{1, 2});
    CHECK(tr::detail::actors_of(r) == before);
    CHECK(sys.actors() == before.size());
    CHECK(r.metrics("crash").counters.restarts == 1);
    in.close();
    accounted(r.wait());
  }

  TEST_CASE("an error that the function returns is no crash") {
    virtual_system sys;
    std::vector<int> out;
    const auto careful = [seen = 0](int x) mutable -> tr::result<int> {
      ++seen;
      if (x == 5)
        return tr::fail(tr::errc::stage_failed, "five");
      return seen;
    };

    const auto end
        = run_to_end(sys, tr::from("n", numbers(10))
                              | tr::stage("careful", careful,
                                          {.on_error = tr::on_error::skip, .intensity = {0, 1s}})
                              | tr::collect("out", out));

    CHECK(out == std::vector{1, 2, 3, 4, 5, 7, 8, 9, 10});
    CHECK(end.stage("careful").restarts == 0);
    CHECK(!end.error());
  }

  TEST_CASE("a retry is made on the new state") {
    virtual_system sys;
    std::vector<int> out;
    // Worn out by its fourth item.
    const auto worn = [seen = 0](int x) mutable {
      if (++seen == 4)
        throw std::runtime_error{"worn"};
      return x;
    };
    const auto again = tr::on_error::retry(
        {.attempts = 2, .backoff = {1s, 1s}, .jitter = tr::jitter::none}, tr::on_error::stop);

    const auto end
        = run_to_end(sys, tr::from("n", numbers(10))
                              | tr::stage("worn", worn, {.on_error = again, .intensity = forever})
                              | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(10));
    CHECK(end.stage("worn").restarts == 3); // at 3, 6 and 9
    CHECK(end.elapsed() >= 3s);
  }

  TEST_CASE("an item that crashes it in every attempt goes where retry says then") {
    virtual_system sys;
    std::vector<tr::dead_letter> letters;
    const auto again
        = tr::on_error::retry({.attempts = 3, .backoff = {1ms, 1s}}, tr::on_error::dead_letter);

    const auto end = run_to_end(
        sys,
        tr::from("n", numbers(20))
            | tr::stage("crash", crash_on_nines, {.on_error = again, .intensity = forever})
            | tr::ignore("end"),
        {.dead_letters = [&](const tr::dead_letter& d) { letters.push_back(d); }});

    REQUIRE(letters.size() == 2);
    CHECK(letters[0].attempts == 3);
    CHECK(letters[0].reason.message() == "item 9: nine");
    CHECK(letters[0].text == "9");
    CHECK(end.stage("crash").restarts == 6);
    CHECK(end.stage("crash").failed == 2);
  }

  TEST_CASE("no retry helps beyond the intensity") {
    virtual_system sys;
    int calls = 0;
    const auto hopeless = [&](int) -> int {
      ++calls;
      throw std::runtime_error{"never"};
    };
    const auto again
        = tr::on_error::retry({.attempts = 10, .backoff = {1ms, 1s}}, tr::on_error::skip);

    const auto end = run_to_end(
        sys, tr::from("n", numbers(20))
                 | tr::stage("hopeless", hopeless, {.on_error = again, .intensity = {2, 1min}})
                 | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "hopeless");
    CHECK(calls == 3);
    CHECK(end.stage("hopeless").failed == 1);
    CHECK(end.stage("hopeless").restarts == 2);
  }

  TEST_CASE("under stop the item that crashed it fails the run") {
    virtual_system sys;

    const auto end = run_to_end(
        sys, tr::from("n", numbers(20)) | tr::stage("crash", crash_on_nines, {.intensity = forever})
                 | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->message() == "item 9: nine");
    CHECK(end.stage("crash").failed == 1);
    CHECK(end.stage("crash").delivered == 9);
  }

  TEST_CASE(
      "one crash more than the intensity allows fails the run with stage, intensity and reason") {
    virtual_system sys;
    std::vector<tr::dead_letter> letters;
    std::vector<int> out;

    const auto end
        = run_to_end(sys,
                     tr::from("n", numbers(100))
                         | tr::stage("crash", crash_on_nines,
                                     {.on_error = tr::on_error::dead_letter, .intensity = {3, 5s}})
                         | tr::collect("out", out),
                     {.dead_letters = [&](const tr::dead_letter& d) { letters.push_back(d); }});

    REQUIRE(end.error());
    CHECK(tr::to_string(*end.error())
          == "stage \"crash\": crashed more often than its intensity of 3 restarts in 5 s "
             "allows; the last reason: item 39: nine (stage_failed)");
    CHECK(end.stage("crash").restarts == 3);
    CHECK(end.stage("crash").failed == 4);
    CHECK(letters.size() == 4);
    CHECK(end.stage("crash").delivered == 36);
  }

  TEST_CASE("an intensity of no restarts fails the run at the first crash, also under skip") {
    virtual_system sys;

    const auto end
        = run_to_end(sys, tr::from("n", numbers(100))
                              | tr::stage("crash", crash_on_nines,
                                          {.on_error = tr::on_error::skip, .intensity = {0, 1s}})
                              | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "crash");
    CHECK(end.stage("crash").failed == 1);
    CHECK(end.stage("crash").restarts == 0);
  }

  TEST_CASE("crashes count within the period only, its end included") {
    virtual_system sys;
    const auto crash = [](std::uint64_t) -> int { throw std::runtime_error{"tick"}; };
    const auto crashes_until = [&](tr::restart_intensity allowed) {
      auto r = tr::start(
          sys, tr::ticks("tick", 2s)
                   | tr::stage("crash", crash,
                               {.on_error = tr::on_error::skip, .intensity = std::move(allowed)})
                   | tr::ignore("end"));
      r.wait_for(61s);
      const auto failed = r.metrics("crash").counters.failed;
      accounted(r.stop());
      return failed;
    };

    CHECK(crashes_until({1, 1999ms}) == 30); // every 2 s
    CHECK(crashes_until({1, 2s}) == 2);
    CHECK(crashes_until({2, 3s}) == 30);
  }

  TEST_CASE("the crashes of all parallel actors count together") {
    virtual_system sys;
    const auto fails = [&](int parallel, int allowed) {
      const auto end = run_to_end(sys, tr::from("n", numbers(100))
                                           | tr::stage("crash", crash_on_nines,
                                                       {.parallel = parallel,
                                                        .batch = 5,
                                                        .on_error = tr::on_error::skip,
                                                        .intensity = {allowed, 1min}})
                                           | tr::ignore("end"));
      return end.error().has_value();
    };

    for (const int parallel : {1, 2, 5}) {
      CAPTURE(parallel);
      CHECK(fails(parallel, 9));
      CHECK(!fails(parallel, 10));
    }
  }

  TEST_CASE("a sink, a fan_out and a pool as a stage have it too") {
    virtual_system sys;
    std::vector<int> out;
    const tr::on_error skip = tr::on_error::skip;

    const auto dealt = run_graph(
        sys, tr::from("n", numbers(1000))
                 | tr::fan_out("crash", crash_on_nines,
                               {.workers = 3, .on_error = skip, .intensity = forever})
                 | tr::fan_in("in", {.merge = tr::merge::in_order}) | tr::collect("out", out));
    const auto pooled = run_to_end(
        sys, tr::from("n", numbers(1000))
                 | tr::worker_pool("crash", crash_on_nines,
                                   {.workers = {3}, .on_error = skip, .intensity = forever})
                 | tr::ignore("end"));
    const auto ended
        = run_to_end(sys, tr::from("n", numbers(1000))
                              | tr::sink("crash", [](int x) { crash_on_nines(x); },
                                         {.consumers = 2, .on_error = skip, .intensity = forever}));

    CHECK(out == without_nines(1000));
    for (const auto& end : {dealt, pooled, ended}) {
      CHECK(!end.error());
      CHECK(end.stage("crash").restarts == 100);
      CHECK(end.stage("crash").failed == 100);
      CHECK(end.stage("crash").delivered == 900);
    }
  }
}
