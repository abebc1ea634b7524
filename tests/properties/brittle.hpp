#pragma once

#include <doctest/doctest.h>

#include <compare>
#include <cstddef>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "../graph_support.hpp"

namespace support {

/// A value that throws when one of them is copied, moved, hashed, compared or printed for the n-th
/// time, and once only. Used by one thread: in virtual time.
class brittle {
public:
  static inline int uses_left = 0;
  static inline int alive = 0;

  explicit brittle(int v) : value_(v) { ++alive; }
  brittle(const brittle& other) : value_(other.value_) {
    use();
    ++alive;
  }
  brittle(brittle&& other) : value_(other.value_) { // NOLINT: that is the point
    use();
    ++alive;
  }
  brittle& operator=(const brittle& other) {
    use();
    value_ = other.value_;
    return *this;
  }
  brittle& operator=(brittle&& other) { // NOLINT
    use();
    value_ = other.value_;
    return *this;
  }
  ~brittle() { --alive; }

  int value() const noexcept { return value_; }

  friend bool operator==(const brittle& a, const brittle& b) {
    use();
    return a.value_ == b.value_;
  }
  friend std::strong_ordering operator<=>(const brittle& a, const brittle& b) {
    use();
    return a.value_ <=> b.value_;
  }
  friend std::ostream& operator<<(std::ostream& out, const brittle& b) {
    use();
    return out << b.value_;
  }
  std::size_t hash() const {
    use();
    return static_cast<std::size_t>(value_);
  }

  static bool broken() noexcept { return uses_left <= 0; }

private:
  static void use() {
    if (--uses_left == 0)
      throw std::runtime_error{"broken"};
  }

  int value_;
};

/// Once for each use of a brittle value in `body` that may throw; what is left of them is nothing.
template <class Body>
void at_every_use(Body body) {
  for (int n = 1;; ++n) {
    REQUIRE(n < 2'000);
    CAPTURE(n);
    brittle::uses_left = n;
    body();
    REQUIRE(brittle::alive == 0);
    if (!brittle::broken())
      return;
  }
}

inline bool tells_of_it(const troupe::error& e) {
  return e.message().find("broken") != std::string::npos;
}

/// The run ends, clean or failed by a name, with its accounts in order. `make` composes the flow.
template <class Make>
void flow_bears(const std::string& what, Make make, troupe::run_options options = {}) {
  CAPTURE(what);
  at_every_use([&] {
    virtual_system sys;
    try {
      const troupe::flow<void> f = make();
      const auto t = f.topology();
      auto r = troupe::start(sys, f, options);
      const auto end = r.wait();
      CHECK(imbalance(end, t) == "");
      CHECK(sys.actors() == 0);
      if (end.error()) {
        CHECK(brittle::broken());
        CHECK(!end.error()->stage().empty());
        CHECK(tells_of_it(*end.error()));
      }
    } catch (const std::runtime_error& e) { // while it was composed or started
      CHECK(std::string{e.what()} == "broken");
      CHECK(sys.actors() == 0);
    }
  });
}

/// Each call is answered once, the service goes on, and nothing stays inside. `make` serves it.
template <class Make>
void service_bears(const std::string& what, Make make) {
  CAPTURE(what);
  at_every_use([&] {
    virtual_system sys;
    try {
      auto svc = make(*sys);
      constexpr int calls = 5;
      int good = 0;
      for (int i = 0; i < calls; ++i) {
        int answers = 0;
        try {
          svc.ask(brittle{i}, [&](const auto& r) {
            ++answers;
            good += r ? 1 : 0;
            if (!r)
              CHECK_MESSAGE(tells_of_it(r.error()), to_string(r.error()));
          });
        } catch (const std::runtime_error&) { // on its way into `ask`
          ++answers;
        }
        troupe::detail::virtual_time::run_for(*sys, 1min);
        CHECK(answers == 1);
      }
      CHECK(good >= calls - 1);
      const auto end = svc.drain(10s);
      CHECK(end.stages().back().second.balanced());
      CHECK(end.stages().back().second.in_flight == 0);
      for (const auto& [name, c] : end.stages())
        CHECK(c.abandoned == 0);
    } catch (const std::runtime_error& e) { // while it was served
      CHECK(std::string{e.what()} == "broken");
    }
  });
}

} // namespace support

template <>
struct std::hash<support::brittle> {
  std::size_t operator()(const support::brittle& b) const { return b.hash(); }
};
