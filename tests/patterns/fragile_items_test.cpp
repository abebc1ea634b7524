#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

/// An item that throws when one of them is copied or moved for the n-th time, and once only.
struct fragile {
  static inline int moves_left = 0;
  static inline int alive = 0;
  int value = 0;

  explicit fragile(int v) : value(v) { ++alive; }
  fragile(const fragile& other) : value(other.value) { touched(); }
  fragile(fragile&& other) : value(other.value) { touched(); } // NOLINT: that is the point
  fragile& operator=(const fragile&) = default;
  fragile& operator=(fragile&&) = default;
  ~fragile() { --alive; }

private:
  static void touched() {
    if (--moves_left == 0)
      throw std::runtime_error{"broken"};
    ++alive;
  }
};

tr::flow<void> flow_of(const tr::stage_options& options, int& arrived) {
  return tr::produce<int>("n",
                          [n = 0]() mutable { return n < 60 ? std::optional{n++} : std::nullopt; })
         | tr::map(
             "make", [](int x) { return fragile{x}; }, options)
         | tr::stage(
             "take", [](fragile f) { return f; }, options)
         | tr::filter(
             "see", [](const fragile& f) { return f.value % 2 == 0; }, options)
         | tr::flat_map(
             "two",
             [](const fragile& f) {
               return std::vector{f, f};
             },
             options)
         | tr::batch("batch", {.size = 7})
         | tr::sink("end", [&](const std::vector<fragile>& v) { arrived += int(v.size()); },
                    {.buffer = options.buffer});
}

// Runs the flow once for each place where an item may break; how many runs that took.
int break_everywhere(const tr::stage_options& options) {
  for (int at = 1;; ++at) {
    CAPTURE(at);
    virtual_system sys;
    int arrived = 0;
    fragile::moves_left = at;

    const auto end = run_to_end(
        sys, flow_of(options, arrived),
        {.dead_letters = [](const tr::dead_letter&) {}, .dead_letters_for = tr::loss::all});

    CHECK(fragile::alive == 0);
    if (fragile::moves_left > 0) {
      CHECK(end.clean());
      CHECK(arrived == 60);
      return at;
    }
    CHECK(!end.clean());
    if (end.error())
      CHECK(end.error()->message().find("broken") != std::string::npos);
  }
}

} // namespace

TEST_SUITE("fragile items") {
  TEST_CASE("one that throws wherever it is copied or moved is counted, and no process ends") {
    const auto never = tr::restart_intensity::never();
    const auto forever = tr::restart_intensity::unlimited();

    CHECK(break_everywhere({}) > 300);
    CHECK(break_everywhere({.on_error = tr::on_error::skip, .intensity = never}) > 300);
    CHECK(break_everywhere({.on_error = tr::on_error::dead_letter, .intensity = forever}) > 300);
    CHECK(break_everywhere({.parallel = 3,
                            .buffer = 5,
                            .on_error = tr::on_error::dead_letter,
                            .intensity = forever})
          > 300);
  }
}
