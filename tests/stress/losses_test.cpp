#include <doctest/doctest.h>

#include <any>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

constexpr int million = 1'000'000;

int throw_on_thousands(int x) {
  if (x % 1000 == 999)
    throw std::runtime_error{"a thousandth"};
  return x;
}

struct variant {
  const char* name;
  int parallel;
  tr::restart_intensity intensity;
};

} // namespace

TEST_SUITE("losses") {
  TEST_CASE("of a million items every 1,000th is buried, and 999,000 arrive in order") {
    const std::vector<variant> variants{
        {"throws", 1, tr::restart_intensity::never()},
        {"crashes", 1, tr::restart_intensity::unlimited()},
        {"throws in four", 4, tr::restart_intensity::never()},
        {"crashes in four", 4, tr::restart_intensity::unlimited()},
    };
    for (const auto& v : variants) {
      CAPTURE(v.name);
      threaded_system sys;
      std::vector<bool> buried(million);
      std::uint64_t letters = 0;
      bool as_promised = true;
      const auto bury = [&](const tr::dead_letter& d) {
        const int x = std::any_cast<int>(d.item);
        as_promised = as_promised && x % 1000 == 999 && !buried[std::size_t(x)] && d.stage == "work"
                      && d.text == std::to_string(x) && d.attempts == 1
                      && d.reason.message() == "item " + d.text + ": a thousandth";
        buried[std::size_t(x)] = true;
        ++letters;
      };
      std::uint64_t delivered = 0;
      bool in_order = true;
      const auto check = [&, last = -1](int x) mutable {
        in_order = in_order && x > last && x % 1000 != 999;
        last = x;
        ++delivered;
      };

      const auto end = run_to_end(
          sys,
          tr::produce<int>(
              "n", [n = 0]() mutable { return n < million ? std::optional{n++} : std::nullopt; })
              | tr::stage("work", throw_on_thousands,
                          {.parallel = v.parallel,
                           .on_error = tr::on_error::dead_letter,
                           .intensity = v.intensity})
              | tr::sink("check", check),
          {.dead_letters = bury});

      CHECK(!end.error());
      CHECK(letters == 1000);
      CHECK(as_promised);
      CHECK(delivered == 999'000);
      CHECK(in_order);
      CHECK(end.stage("work").failed == 1000);
      CHECK(end.stage("work").delivered == 999'000);
      const bool crashes = v.intensity.restarts() > 0;
      CHECK(end.stage("work").restarts == (crashes ? 1000 : 0));
    }
  }

  TEST_CASE("what several threads lose at an inbox is shown once each, one at a time, however the "
            "run ends") {
    for (int round = 0; round < 40; ++round) {
      CAPTURE(round);
      threaded_system sys;
      std::uint64_t shown = 0; // no atomic: letters come one at a time
      std::atomic<bool> over{false};
      const auto policy = round % 2 == 0 ? tr::overflow::drop_oldest : tr::overflow::shed;
      auto [in, n] = tr::inbox<int>("in", {.capacity = 8, .overflow = policy});
      auto r = tr::start(sys,
                         n
                             | tr::map("work", throw_on_thousands,
                                       {.parallel = 2,
                                        .on_error = tr::on_error::skip,
                                        .intensity = tr::restart_intensity::unlimited()})
                             | tr::ignore("end"),
                         {.dead_letters = [&](const tr::dead_letter&) { ++shown; },
                          .dead_letters_for = tr::loss::all});
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([to = in, &over]() mutable {
          for (int x = 0; !over; ++x)
            to.offer(x);
        });
      while (r.metrics("in").counters.received < 2000)
        std::this_thread::yield();

      const auto end = round % 4 < 2 ? r.stop() : r.drain();
      over = true;
      for (auto& t : threads)
        t.join();

      accounted(end);
      CHECK(shown == end.stage("in").dropped + end.stage("in").shed + end.stage("work").failed);
    }
  }
}
