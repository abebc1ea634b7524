#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include <troupe/policy/supervision_machine.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;
using machine = tr::supervision_machine;

namespace {

constexpr tr::strategy strategies[]
    = {tr::strategy::one_for_one, tr::strategy::one_for_all, tr::strategy::rest_for_one};

/// Children that come up, fail to, crash and end whenever they like, once they are asked to.
class moody_world {
public:
  explicit moody_world(unsigned seed)
      : rng_(seed), m({.strategy = strategies[seed % 3],
                       .intensity = {3, 5s},
                       .backoff = {.min = seed % 2 == 0 ? 0s : 1s, .max = 2s}}) {
    for (int i = 0; i < up_to(3); ++i)
      m.add_first(name(i), options(), tr::child_kind::worker);
    m.begin(now_);
    obey();
  }

  bool ended() const { return ended_; }
  std::size_t alive() const { return alive_.size(); }
  std::size_t unanswered() const { return asked_ - answered_; }

  /// Somebody asks for something.
  void ask() {
    const auto which = name(up_to(5));
    switch (up_to(3)) {
    case 0:
      m.add(++asked_, which, options(), tr::child_kind::worker, now_);
      break;
    case 1:
      m.terminate(++asked_, which, now_);
      break;
    case 2:
      m.restart_child(++asked_, which, now_);
      break;
    default:
      m.remove(++asked_, which, now_);
    }
    obey();
  }

  void stop() {
    m.stop(now_);
    obey();
  }

  /// Something happens to a child, or time passes.
  void happen() {
    if (alive_.empty() || up_to(3) == 0) {
      now_ += std::chrono::milliseconds{up_to(2'000)};
      m.tick(now_);
    } else {
      happen_to(std::next(alive_.begin(), up_to(static_cast<int>(alive_.size()) - 1)));
    }
    obey();
  }

private:
  struct child {
    std::uint64_t run = 0;
    bool up = false;
  };
  using children = std::map<machine::id, child>;

  void happen_to(children::iterator at) {
    const auto [i, c] = *at;
    const auto dice = up_to(9);
    if (!c.up && dice < 6) {
      at->second.up = true;
      m.started(i, c.run, now_);
      return;
    }
    alive_.erase(at);
    m.exited(i, c.run, dice < 9 ? machine::exit::failure : machine::exit::normal, "why", now_);
  }

  void obey() {
    using kind = machine::order::kind;
    for (auto orders = m.take_orders(); !orders.empty(); orders = m.take_orders())
      for (const auto& o : orders) {
        CHECK(!ended_); // nothing after the end
        if (o.what == kind::start && up_to(9) == 0)
          m.declined(o.child, o.number, now_);
        else if (o.what == kind::start)
          CHECK(alive_.emplace(o.child, child{o.number}).second); // never twice at once
        else if (o.what == kind::answer)
          ++answered_;
        else if (o.what == kind::end)
          ended_ = true;
      }
  }

  static std::string name(int i) { return std::string(1, static_cast<char>('a' + i)); }
  int up_to(int n) { return std::uniform_int_distribution{0, n}(rng_); }
  tr::child_options options() {
    constexpr tr::restart kinds[]
        = {tr::restart::permanent, tr::restart::transient, tr::restart::temporary};
    return {.restart = kinds[up_to(2)]};
  }

  std::mt19937 rng_;
  machine m;
  tr::time_point now_{1h};
  children alive_;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
  bool ended_ = false;
};

} // namespace

TEST_SUITE("supervision_machine") {
  TEST_CASE(
      "whatever happens before and meanwhile, stop ends it: nobody is left, all are answered") {
    int stopped = 0;
    for (unsigned seed = 1; seed <= 5'000; ++seed) {
      CAPTURE(seed);
      moody_world w{seed};
      for (unsigned i = 0; i < seed % 50 && !w.ended(); ++i)
        i % 4 == 0 ? w.ask() : w.happen();
      if (!w.ended()) {
        ++stopped;
        w.stop();
      }
      for (int i = 0; i < 1'000 && !w.ended(); ++i)
        w.happen();

      REQUIRE(w.ended());
      REQUIRE(w.alive() == 0);
      REQUIRE(w.unanswered() == 0);
    }
    CHECK(stopped > 1'000); // the others gave up by themselves
  }
}
