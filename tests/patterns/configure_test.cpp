#include <doctest/doctest.h>

#include <future>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/settings.hpp>

namespace tr = troupe;
using namespace support;

namespace {

tr::flow<void> parallel_flow(std::vector<int>& out, int n) {
  return tr::from("n", numbers(n)) | tr::map("work", [](int x) { return x; }, {.parallel = 2})
         | tr::map("alone", [](int x) { return x; }) | tr::collect("out", out);
}

} // namespace

TEST_SUITE("configure") {
  TEST_CASE("a stage gets more workers, and fewer, while it runs") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, parallel_flow(out, 1000));
    r.pause("work");
    r.configure("work", {.parallel = 5});
    r.wait_for(1s);

    CHECK(r.metrics("work").workers == 5);
    CHECK(troupe::detail::actors_of(r, "work").size() == 5);
    r.configure("work", {.parallel = 1});
    r.wait_for(1s);
    CHECK(r.metrics("work").workers == 1);
    CHECK(troupe::detail::actors_of(r, "work").size() == 5); // four of them rest

    r.resume("work");
    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(1000));
    CHECK(sys.actors() == 0);
  }

  // It got workers that nobody told to end, and the run did not end either.
  TEST_CASE("regression: a stage whose work is done can be changed while what follows goes on") {
    for (const auto& to : {tr::dispatch::least_loaded, tr::dispatch::round_robin}) {
      CAPTURE(to.name());
      virtual_system sys;
      std::vector<int> out;
      auto r = tr::start(
          sys, tr::from("n", std::vector<int>{1, 2, 3})
                   | tr::fan_out("work", [](int x) { return x; }, {.workers = 2, .to = to})
                   | tr::fan_in("all", {.merge = tr::merge::round_robin})
                   | tr::collect("out", out));
      r.pause("out"); // what the fan_in has made waits there; the workers have nothing left
      tr::detail::virtual_time::run_jobs(sys);
      r.configure("work", {.workers = 6});
      tr::detail::virtual_time::run_jobs(sys);
      r.configure("work", {.workers = 1});
      tr::detail::virtual_time::run_jobs(sys);
      r.resume("out");

      const auto end = r.wait_for(1h);
      REQUIRE(end);
      CHECK(accounted(*end).clean());
      CHECK(out.size() == 3);
      CHECK(sys.actors() == 0);
    }
  }

  TEST_CASE("what a stage does not have is refused by name") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, parallel_flow(out, 1));
    const auto refused = [&](const char* stage, const tr::settings& s) {
      return refusal([&] { r.configure(stage, s); });
    };

    CHECK(
        refused("alone", {.parallel = 4})
        == "map \"alone\": parallel = 4, needs a stage composed with parallel or consumers > 1, a "
           "fan_out or a worker_pool");
    CHECK(refused("work", {.workers = tr::worker_range{4}})
          == "map \"work\": workers = 4, needs a stage composed with parallel or consumers > 1, a "
             "fan_out or a worker_pool");
    CHECK(refused("work", {.parallel = 0}) == "map \"work\": parallel = 0, needs 1 to 10000");
    CHECK(refused("work", {.parallel = 4, .workers = tr::worker_range{4}})
          == "map \"work\": workers = 4, needs not to be given together with parallel");
    CHECK(refused("m", {.parallel = 4})
          == "run: there is no stage \"m\"; stages are: n, work, alone, out");
  }

  TEST_CASE("adaptive worker pool: follows its load between its bounds: up while calls wait, down "
            "when they do not") {
    virtual_system sys;
    // A call takes 10 ms of virtual time: its first attempt fails, and the second comes then.
    struct slow {
      bool again = false;
      tr::result<int> operator()(const int& x) {
        again = !again;
        if (again)
          return tr::fail(tr::errc::stage_failed, "not yet");
        return x;
      }
    };
    const auto svc = tr::serve(
        sys,
        tr::worker_pool("pool", slow{},
                        {.workers = {.min = 1, .max = 8},
                         .queue = 1000,
                         .on_error = tr::on_error::retry(
                             {.attempts = 2, .backoff = {10ms, 10ms}, .jitter = tr::jitter::none}),
                         .wait_target = 50ms,
                         .cooldown = 100ms}));
    CHECK(svc.metrics().workers == 1);
    std::vector<std::future<tr::result<int>>> answers;
    for (int i = 0; i < 500; ++i)
      answers.push_back(svc.ask(i));
    std::size_t most = 0;
    for (auto& a : answers) {
      CHECK(a.get().has_value());
      most = std::max(most, svc.metrics().workers);
    }

    CHECK(most == 8);
    tr::detail::virtual_time::run_for(sys, 10s);
    CHECK(svc.metrics().workers == 1);
    svc.configure({.workers = 3});
    tr::detail::virtual_time::run_for(sys, 1s);
    CHECK(svc.metrics().workers == 3);
    svc.configure({.workers = {{.min = 2, .max = 4}}});
    tr::detail::virtual_time::run_for(sys, 10s);
    CHECK(svc.metrics().workers == 2);
  }

  TEST_CASE("a junction cannot be paused, and says so") {
    virtual_system sys;
    const auto all = tr::fan_in("all", {}, tr::from("n", numbers(1)), tr::from("m", numbers(1)));
    auto r = tr::start(sys, all | tr::ignore("end"));
    CHECK(refusal([&] { r.pause("all"); })
          == "run: fan_in \"all\" cannot be paused; pause a stage before or behind it");
  }

  TEST_CASE("one stuck item holds up nobody while a worker is idle") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("in");
    std::vector<int> out;
    // Quick items first, so that batches have grown; then one that takes an hour.
    const auto work = [tries = 0](const int& x) mutable -> tr::result<int> {
      if (x == 500 && tries++ == 0)
        return tr::fail(tr::errc::stage_failed, "an hour later");
      return x;
    };
    const auto an_hour
        = tr::on_error::retry({.attempts = 2, .backoff = {1h, 1h}, .jitter = tr::jitter::none});
    auto r = tr::start(
        sys,
        source
            | tr::fan_out("work", work,
                          {.workers = 2, .to = tr::dispatch::least_loaded, .on_error = an_hour})
            | tr::fan_in("all") | tr::collect("out", out));
    for (int x = 0; x < 500; ++x)
      CHECK(in.offer(x) == tr::offer_result::accepted);
    r.wait_for(1s);
    CHECK(in.offer(500) == tr::offer_result::accepted);
    r.wait_for(1s);
    for (int x = 501; x < 601; ++x) {
      CHECK(in.offer(x) == tr::offer_result::accepted);
      r.wait_for(1ms);
    }

    CHECK(out.size() == 600); // all but the one that waits
    in.close();
    CHECK(r.wait().clean());
    CHECK(out.size() == 601);
  }
}
