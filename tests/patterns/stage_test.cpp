#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/stage.hpp>

namespace tr = troupe;
using namespace support;

namespace {

// Work that takes a different number of steps for each item, so that parallel actors overtake.
int uneven(int x) {
  volatile int spin = (x * 7919) % 200;
  while (spin > 0)
    spin = spin - 1;
  return x;
}

struct pickle : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int refuse_tens(int x) {
  if (x % 10 == 0)
    throw pickle{"ends in zero"};
  return x;
}

// Item 5,000 fails once: its worker waits for a second before it tries again.
void hold_up(int x, bool& failed) {
  if (x == 5'000 && !std::exchange(failed, true))
    throw std::runtime_error{"once"};
}

tr::stage_options two_workers_that_retry() {
  return {.parallel = 2,
          .batch = 4,
          .on_error = tr::on_error::retry({.attempts = 2, .backoff = {1s, 1s}})};
}

} // namespace

TEST_SUITE("stage") {
  TEST_CASE("an empty optional filters the item") {
    virtual_system sys;
    std::vector<int> out;
    const auto odd = [](int x) { return x % 2 ? std::optional{x} : std::nullopt; };

    const auto end = run_to_end(sys, tr::from("n", numbers(100)) | tr::stage("odd", odd)
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(end.stage("odd").filtered == 50);
    CHECK(out.size() == 50);
  }

  TEST_CASE("the function may take its item by value, by reference, and with the run's context") {
    virtual_system sys;
    std::vector<std::string> out;
    const std::vector<std::string> words{"a", "b"};

    const auto end = run_to_end(
        sys, tr::from("words", words) | tr::stage("value", [](std::string s) { return s + "v"; })
                 | tr::stage("const", [](const std::string& s) { return s + "c"; })
                 | tr::stage("view", [](std::string_view s) { return std::string{s} + "w"; })
                 | tr::stage("generic", [](auto s) { return s + "g"; })
                 | tr::stage("context",
                             [](std::string s, tr::context& ctx) {
                               return s + (ctx.cancelled() ? "!" : "x");
                             })
                 | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector<std::string>{"avcwgx", "bvcwgx"});
  }

  TEST_CASE("in_order emits in input order, whatever the parallelism and the speed of the actors") {
    threaded_system sys;
    std::vector<int> out;
    for (const std::size_t parallel : {2, 3, 8}) {
      CAPTURE(parallel);
      out.clear();

      const auto end = run_to_end(sys, tr::from("n", numbers(20'000))
                                           | tr::stage("work", uneven, {.parallel = parallel})
                                           | tr::collect("out", out));

      CHECK(end.clean());
      CHECK(out == numbers(20'000));
    }
  }

  TEST_CASE("in_order keeps order when the stage filters and expands too") {
    threaded_system sys;
    std::vector<int> out;
    std::vector<int> expected;
    for (int x = 0; x < 3000; ++x)
      if (x % 3 != 0)
        for (int i = 0; i < x % 50; ++i)
          expected.push_back(x);

    const auto end = run_to_end(
        sys, tr::from("n", numbers(3000))
                 | tr::filter("some", [](int x) { return x % 3 != 0; }, {.parallel = 3})
                 | tr::flat_map(
                     "many", [](int x) { return std::vector<int>(std::size_t(x % 50), uneven(x)); },
                     {.parallel = 4, .buffer = 64})
                 | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == expected);
  }

  TEST_CASE("as_completed delivers each item once") {
    threaded_system sys;
    std::vector<int> out;

    const auto end = run_to_end(
        sys, tr::from("n", numbers(20'000))
                 | tr::stage("work", uneven, {.parallel = 4, .order = tr::emit::as_completed})
                 | tr::collect("out", out));

    CHECK(end.clean());
    std::sort(out.begin(), out.end());
    CHECK(out == numbers(20'000));
  }

  TEST_CASE("parallel stages follow each other") {
    threaded_system sys;
    std::vector<int> out;

    const auto end = run_to_end(
        sys, tr::produce<int>(
                 "n", [n = 0]() mutable { return n < 9000 ? std::optional{n++} : std::nullopt; })
                 | tr::stage("a", uneven, {.parallel = 3, .buffer = 7})
                 | tr::stage("b", uneven, {.parallel = 2, .buffer = 1})
                 | tr::stage("c", uneven, {.parallel = 5}) | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(9000));
  }

  TEST_CASE("no more than `parallel` items run at once") {
    threaded_system sys;
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    const auto work = [&](int x) {
      const int here = ++now;
      for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {
      }
      uneven(x);
      --now;
      return x;
    };

    run_to_end(sys, tr::from("n", numbers(2000))
                        | tr::stage("work", work, {.parallel = 3, .thread = tr::thread::own})
                        | tr::ignore("end"));

    CHECK(most <= 3);
    CHECK(most >= 1);
  }

  TEST_CASE("small buffers of every size deliver all items in order") {
    virtual_system sys;
    for (const int buffer : {1, 2, 3, 4, 5, 7, 8, 100, 1000}) {
      CAPTURE(buffer);
      std::vector<int> out;

      const auto end = run_to_end(
          sys, tr::from("n", numbers(500)) | tr::stage("a", uneven, {.buffer = buffer})
                   | tr::stage("b", uneven, {.parallel = 3, .buffer = buffer})
                   | tr::sink("out", [&](int x) { out.push_back(x); }, {.buffer = buffer}));

      CHECK(end.clean());
      CHECK(out == numbers(500));
    }
  }

  TEST_CASE("a fixed batch size is handed over as asked") {
    virtual_system sys;
    std::vector<int> out;

    const auto end = run_to_end(sys, tr::from("n", numbers(100))
                                         | tr::stage("a", uneven, {.buffer = 10, .batch = 3})
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(100));
  }
}

TEST_SUITE("on_error") {
  TEST_CASE("stop fails the run with stage, item index and reason, and emits nothing further") {
    virtual_system sys;
    for (const std::size_t parallel : {1, 4}) {
      CAPTURE(parallel);
      std::vector<int> out;
      const auto trap = [](int x) {
        if (x == 777)
          throw pickle{"not this one"};
        return x;
      };

      const auto end = run_to_end(sys, tr::from("n", numbers(5000))
                                           | tr::stage("trap", trap, {.parallel = parallel})
                                           | tr::collect("out", out));

      CHECK(!end.clean());
      REQUIRE(end.error());
      CHECK(end.error()->code() == tr::errc::stage_failed);
      CHECK(end.error()->stage() == "trap");
      CHECK(end.error()->message() == "item 777: not this one");
      CHECK(end.stage("trap").failed == 1);
      CHECK(std::all_of(out.begin(), out.end(), [](int x) { return x < 777; }));
      CHECK(std::is_sorted(out.begin(), out.end()));
    }
  }

  TEST_CASE("a returned error is treated like a thrown one") {
    virtual_system sys;
    const auto check = [](int x) -> tr::result<int> {
      if (x == 5)
        return tr::fail(tr::errc::timed_out, "five");
      return x;
    };

    const auto end = run_to_end(sys, tr::from("n", numbers(10)) | tr::stage("check", check)
                                         | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->code() == tr::errc::timed_out);
    CHECK(end.error()->message() == "item 5: five");
  }

  TEST_CASE("something that is not a std::exception does not end the process") {
    virtual_system sys;

    const auto end = run_to_end(sys, tr::from("n", numbers(3)) | tr::map("bad", [](int x) -> int {
                                       throw x;
                                     }) | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "bad");
  }

  TEST_CASE("skip counts the item as failed and keeps the order of the rest") {
    virtual_system sys;
    for (const std::size_t parallel : {1, 3}) {
      CAPTURE(parallel);
      std::vector<int> out;

      const auto end
          = run_to_end(sys, tr::from("n", numbers(1000))
                                | tr::stage("picky", refuse_tens,
                                            {.parallel = parallel, .on_error = tr::on_error::skip})
                                | tr::collect("out", out));

      CHECK(!end.error());
      CHECK(!end.clean());
      CHECK(end.stage("picky").failed == 100);
      CHECK(end.stage("picky").delivered == 900);
      CHECK(out.size() == 900);
      CHECK(std::is_sorted(out.begin(), out.end()));
    }
  }

  TEST_CASE("dead_letter hands over stage, reason, attempts, text and item") {
    virtual_system sys;
    std::vector<tr::dead_letter> letters;

    const auto end
        = run_to_end(sys,
                     tr::from("n", numbers(100))
                         | tr::stage("picky", refuse_tens, {.on_error = tr::on_error::dead_letter})
                         | tr::ignore("end"),
                     {.dead_letters = [&](const tr::dead_letter& d) { letters.push_back(d); }});

    CHECK(end.stage("picky").failed == 10);
    REQUIRE(letters.size() == 10);
    CHECK(letters[3].stage == "picky");
    CHECK(letters[3].reason.message() == "item 30: ends in zero");
    CHECK(letters[3].attempts == 1);
    CHECK(letters[3].text == "30");
    CHECK(std::any_cast<int>(letters[3].item) == 30);
  }

  TEST_CASE("a dead letter of a move-only item holds it, or nothing if the function consumed it") {
    virtual_system sys;
    std::vector<tr::dead_letter> letters;
    const auto make = [n = 0]() mutable -> std::optional<std::unique_ptr<int>> {
      return n < 3 ? std::optional{std::make_unique<int>(n++)} : std::nullopt;
    };
    const tr::run_options options{.dead_letters
                                  = [&](const tr::dead_letter& d) { letters.push_back(d); }};
    const tr::stage_options bury{.on_error = tr::on_error::dead_letter};

    run_to_end(sys,
               tr::produce<std::unique_ptr<int>>("n", make)
                   | tr::stage(
                       "look", [](const std::unique_ptr<int>& p) -> int { throw *p; }, bury)
                   | tr::ignore("end"),
               options);
    run_to_end(sys,
               tr::produce<std::unique_ptr<int>>("n", make)
                   | tr::stage(
                       "eat", [](std::unique_ptr<int> p) -> int { throw *p; }, bury)
                   | tr::ignore("end"),
               options);

    REQUIRE(letters.size() == 6);
    CHECK(*std::any_cast<std::shared_ptr<std::unique_ptr<int>>>(letters[2].item)->get() == 2);
    CHECK(!letters[5].item.has_value());
  }

  TEST_CASE("retry tries again after the backoff, and the rest waits its turn") {
    virtual_system sys;
    std::vector<int> out;
    const auto flaky = [failures = 2](int x) mutable {
      if (x == 4 && failures-- > 0)
        throw pickle{"not yet"};
      return x;
    };
    const auto again
        = tr::on_error::retry({.attempts = 3, .backoff = {1s, 10s}, .jitter = tr::jitter::none});

    const auto end = run_to_end(sys, tr::from("n", numbers(10))
                                         | tr::stage("flaky", flaky, {.on_error = again})
                                         | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == numbers(10));
    CHECK(end.elapsed() >= 3s); // 1 s, then 2 s
    CHECK(end.elapsed() < 4s);
  }

  TEST_CASE("retry gives up after its attempts and does what comes then") {
    virtual_system sys;
    int calls = 0;
    std::vector<tr::dead_letter> letters;
    const auto hopeless = [&](int x) -> int {
      if (x != 1)
        return x;
      ++calls;
      throw pickle{"never"};
    };
    const auto again
        = tr::on_error::retry({.attempts = 4, .backoff = {1ms, 1s}}, tr::on_error::dead_letter);

    const auto end
        = run_to_end(sys,
                     tr::from("n", numbers(3))
                         | tr::stage("hopeless", hopeless, {.on_error = again}) | tr::ignore("end"),
                     {.dead_letters = [&](const tr::dead_letter& d) { letters.push_back(d); }});

    CHECK(calls == 4);
    CHECK(end.stage("hopeless").failed == 1);
    CHECK(end.stage("hopeless").delivered == 2);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].attempts == 4);
  }

  TEST_CASE("each item has its own attempts") {
    virtual_system sys;
    std::vector<int> calls(5);
    const auto twice = [&](int x) {
      if (++calls[std::size_t(x)] < 2)
        throw pickle{"first time"};
      return x;
    };
    const auto again = tr::on_error::retry({.attempts = 2, .backoff = {1ms, 1s}});

    const auto end
        = run_to_end(sys, tr::from("n", numbers(5)) | tr::stage("twice", twice, {.on_error = again})
                              | tr::ignore("end"));

    CHECK(end.clean());
    CHECK(calls == std::vector{2, 2, 2, 2, 2});
  }

  TEST_CASE("an item that the function consumed is not retried") {
    virtual_system sys;
    int calls = 0;
    const auto eat = [&](std::unique_ptr<int>) -> int {
      ++calls;
      throw pickle{"gone"};
    };
    const auto make = [n = 0]() mutable -> std::optional<std::unique_ptr<int>> {
      return n++ < 1 ? std::optional{std::make_unique<int>(n)} : std::nullopt;
    };
    const auto again = tr::on_error::retry({.attempts = 5}, tr::on_error::skip);

    const auto end
        = run_to_end(sys, tr::produce<std::unique_ptr<int>>("n", make)
                              | tr::stage("eat", eat, {.on_error = again}) | tr::ignore("end"));

    CHECK(calls == 1);
    CHECK(end.stage("eat").failed == 1);
  }

  TEST_CASE("a source that throws fails the run and says at which item") {
    virtual_system sys;
    const auto make = [n = 0]() mutable -> std::optional<int> {
      if (n == 7)
        throw pickle{"dry"};
      return n++;
    };

    const auto end = run_to_end(sys, tr::produce<int>("well", make) | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "well");
    CHECK(end.error()->message() == "making item 7: dry");
  }

  TEST_CASE("a sink that throws fails the run") {
    virtual_system sys;

    const auto end = run_to_end(sys, tr::from("n", numbers(10)) | tr::sink("picky", [](int x) {
                                       if (x == 3)
                                         throw pickle{"three"};
                                     }));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "picky");
    CHECK(end.stage("picky").delivered == 3);
    CHECK(end.stage("picky").failed == 1);
    CHECK(end.stage("picky").abandoned == end.stage("n").emitted - 4);
  }
  TEST_CASE("while a worker is held up, the other goes on as far as the buffer holds results") {
    virtual_system sys;
    int calls = 0;
    bool failed = false;
    const auto once_wrong = [&](int x) {
      ++calls;
      hold_up(x, failed);
      return x;
    };
    std::vector<int> out;
    auto r = tr::start(sys, tr::from("n", numbers(10'000))
                                | tr::map("work", once_wrong, two_workers_that_retry())
                                | tr::collect("out", out));

    r.wait_for(500ms);
    CHECK(calls > 5'000 + 400); // of the 512 that are this worker's share of the edge
    CHECK(out.size() == 5'000);

    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(10'000));
  }
  TEST_CASE("while a worker is held up, the other filters only so much: what says so is bounded") {
    virtual_system sys;
    int calls = 0;
    bool failed = false;
    const auto refuse_rest = [&](int x) -> std::optional<int> {
      ++calls;
      hold_up(x, failed);
      return x > 5'000 ? std::nullopt : std::optional{x};
    };
    std::vector<int> out;
    auto r = tr::start(sys, tr::from("n", numbers(100'000))
                                | tr::map("work", refuse_rest, two_workers_that_retry())
                                | tr::collect("out", out));

    r.wait_for(500ms);
    CHECK(calls <= 5'001 + 4 * (512 + 4)); // a batch of 4 in for each of 512 out, and what waits

    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(5'001));
  }
}
