// cache_api: many callers of a slow service, a cache with a time to live in front of it.
//
//   caller 0 --+
//   caller 1 --+--> cache: 8 cities, 200 ms --- one load a city ---> slow service, 20 ms a call
//      ...     |      hit: at once           <--------------------
//   caller 7 --+      being loaded: wait for that load
//
// What is asked for often is there; what is too old is loaded again, once, however many ask for it
// at that moment; what nobody asked for of late makes room.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <troupe/cache.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

constexpr int callers = 8;

struct weather {
  int degrees;
};

using weather_cache = tr::cache<std::string, weather>;

/// A service somewhere else: it takes its time, and counts its calls, since each costs money.
class slow_service {
public:
  tr::result<weather> ask(const std::string& city) {
    ++calls_;
    std::this_thread::sleep_for(20ms);
    if (city == "Atlantis")
      return tr::fail(tr::errc::stage_failed, "there is no such city");
    return weather{static_cast<int>(city.size()) * 3};
  }
  int calls() const { return calls_; }

private:
  std::atomic<int> calls_{0};
};

template <class F>
void at_the_same_time(F call) {
  std::latch ready{callers};
  std::vector<std::thread> all;
  all.reserve(callers);
  for (int i = 0; i < callers; ++i)
    all.emplace_back([&, i] {
      ready.arrive_and_wait();
      call(i);
    });
  for (auto& t : all)
    t.join();
}

/// Nobody has asked for this city before, and now all do.
void stampede(slow_service& service, weather_cache& cache, const std::string& city) {
  const int before = service.calls();
  std::atomic<int> answers{0};
  at_the_same_time([&](int) {
    if (cache.get_or_load(city, [&](const std::string& c) { return service.ask(c); }))
      ++answers;
  });
  std::cout << callers << " callers ask for " << city << " at once: " << answers << " answers, "
            << callers - answers << " errors, calls of the service: " << service.calls() - before
            << '\n';
}

/// So long of questions, some cities far more often than others.
void busy(slow_service& service, weather_cache& cache, std::chrono::milliseconds time) {
  const std::array<std::string, 12> cities{"Oslo",    "Rome",   "Lima",  "Cairo",
                                           "Tokyo",   "Paris",  "Quito", "Dublin",
                                           "Nairobi", "Lisbon", "Hanoi", "Turku"};
  const auto end = std::chrono::steady_clock::now() + time;
  at_the_same_time([&](int me) {
    std::minstd_rand rng{static_cast<unsigned>(me + 1)};
    std::geometric_distribution<std::size_t> rank{0.4};
    while (std::chrono::steady_clock::now() < end) {
      const auto& city = cities.at(std::min(rank(rng), cities.size() - 1));
      (void)cache.get_or_load(city, [&](const std::string& c) { return service.ask(c); });
      std::this_thread::sleep_for(1ms); // what a caller does besides
    }
  });
}

void print(const tr::cache_stats& s) {
  const auto asked = s.hits + s.misses;
  std::cout << "asked " << asked << " times: " << s.hits << " hits (" << std::fixed
            << std::setprecision(1)
            << 100.0 * static_cast<double>(s.hits) / static_cast<double>(asked) << " %), "
            << s.misses << " misses\n"
            << "loads " << s.loads << "; " << s.misses - s.loads
            << " callers waited for the load of another\n"
            << "given up: " << s.expirations << " too old, " << s.evictions << " for want of room\n"
            << "saved " << asked - s.loads << " of " << asked << " calls, "
            << static_cast<double>(asked - s.loads) * 0.02 << " s of waiting\n";
}

} // namespace

int main() {
  slow_service service;
  weather_cache cache{{.capacity = 8, .ttl = 200ms}};

  stampede(service, cache, "Oslo");
  stampede(service, cache, "Atlantis"); // an error goes to all who waited, and is not kept
  std::cout << '\n';
  for (int quarter = 1; quarter <= 4; ++quarter) {
    busy(service, cache, 250ms);
    const auto s = cache.stats();
    std::cout << "after " << quarter * 250 << " ms: " << s.hits + s.misses << " questions, "
              << s.loads << " loads" << std::endl;
  }
  std::cout << '\n';
  print(cache.stats());

  const auto s = cache.stats();
  return static_cast<int>(s.loads) == service.calls() && cache.size() <= 8 ? 0 : 1;
}
