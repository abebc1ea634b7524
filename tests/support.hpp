#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/troupe.hpp>

namespace support {

using namespace std::chrono_literals;

/// An actor system in virtual time: nothing happens but what a test makes happen.
class virtual_system {
public:
  virtual_system() {
    troupe::detail::set_policy(config_, "testing");
    system_.emplace(config_);
  }

  operator caf::actor_system&() { return *system_; }
  caf::actor_system& operator*() { return *system_; }
  std::size_t actors() { return system_->registry().running(); }

private:
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
};

/// Real threads, for what virtual time cannot show.
class threaded_system {
public:
  operator caf::actor_system&() { return system_; }
  caf::actor_system& operator*() { return system_; }
  std::size_t actors() { return system_.registry().running(); }

private:
  troupe::config config_;
  caf::actor_system system_{config_};
};

/// What every ended run promises: each stage accounts for every item, nothing is in flight, and
/// each edge of a linear flow carried on one side what came out on the other.
inline const troupe::report& accounted(const troupe::report& r) {
  std::optional<std::uint64_t> emitted;
  for (const auto& stage : r.stages()) {
    const auto& c = stage.second;
    CAPTURE(stage.first);
    CHECK(c.received
          == c.delivered + c.filtered + c.dropped + c.shed + c.failed + c.abandoned + c.in_flight);
    CHECK(c.in_flight == 0);
    if (emitted)
      CHECK(c.received == *emitted);
    emitted = c.emitted;
  }
  return r;
}

/// Runs a flow to its end and checks its accounts and that no actor is left.
template <class System>
troupe::report run_to_end(System& sys, const troupe::flow<void>& f,
                          troupe::run_options options = {}) {
  const auto before = sys.actors();
  auto r = troupe::start(sys, f, std::move(options));
  auto end = r.wait();
  CHECK(sys.actors() == before);
  return accounted(end);
}

/// The same while other runs live in the system.
template <class System>
troupe::report run_to_end_besides(System& sys, const troupe::flow<void>& f) {
  auto r = troupe::start(sys, f);
  auto end = r.wait();
  return accounted(end);
}

/// What the exception said.
template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was refused";
}

/// Whether the run can go on without this actor: it is one of several workers of a stage.
inline bool can_spare(const troupe::run& r, const caf::actor& actor,
                      const std::vector<std::string>& stages) {
  for (const auto& stage : stages) {
    const auto workers = troupe::detail::actors_of(r, stage);
    if (workers.size() > 1 && std::find(workers.begin(), workers.end(), actor) != workers.end())
      return true;
  }
  return false;
}

/// What a context of this system's clock is made from.
inline troupe::context on_clock(virtual_system& sys) {
  return troupe::context::background([&sys] { return troupe::detail::now(*sys); });
}

inline std::vector<int> numbers(int n) {
  std::vector<int> v;
  for (int i = 0; i < n; ++i)
    v.push_back(i);
  return v;
}

/// A range that owns its one element, which cannot be copied.
inline std::vector<std::unique_ptr<int>> boxed(int x) {
  std::vector<std::unique_ptr<int>> v;
  v.push_back(std::make_unique<int>(x));
  return v;
}

/// 0, 1, 2, … without end.
inline auto endless() {
  return [n = 0]() mutable { return std::optional{n++}; };
}

/// Looks again and again, until `f` holds; false if it never does. For what threads do.
inline bool eventually(const std::function<bool()>& f) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!f()) {
    if (std::chrono::steady_clock::now() > limit)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace support
