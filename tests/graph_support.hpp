#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor_cast.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "support.hpp"

namespace support {

/// The parts of a graph that exchange items among themselves only: the outputs of `from` are the
/// inputs of `to`. In a linear flow each edge is one; at a junction several edges are.
struct exchange {
  std::vector<std::size_t> from;
  std::vector<std::size_t> to;
};

inline std::vector<exchange> exchanges(const troupe::topology& t) {
  const auto n = t.nodes().size();
  std::vector<std::size_t> group; // of each node's outputs, then of each node's inputs
  for (std::size_t i = 0; i < 2 * n; ++i)
    group.push_back(i);
  for (const auto& e : t.edges())
    std::replace(group.begin(), group.end(), group[n + e.to], group[e.from]);
  std::vector<exchange> found(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    found[group[i]].from.push_back(i);
    found[group[n + i]].to.push_back(i);
  }
  return found;
}

/// What is wrong with the accounts of an ended run; empty if nothing is: each stage accounts for
/// every item, none is in flight, and what went into the edges came out of them.
inline std::string imbalance(const troupe::report& r, const troupe::topology& t) {
  const auto& stages = r.stages();
  for (const auto& [name, c] : stages)
    if (!c.balanced() || c.in_flight != 0)
      return "the account of " + name;
  for (const auto& x : exchanges(t)) {
    if (x.from.empty() || x.to.empty())
      continue;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::string names;
    for (const auto i : x.from) {
      sent += stages[i].second.emitted;
      names += stages[i].first + " ";
    }
    names += "->";
    for (const auto i : x.to) {
      received += stages[i].second.received;
      names += " " + stages[i].first;
    }
    if (sent != received)
      return names + ": sent " + std::to_string(sent) + ", received " + std::to_string(received);
  }
  return {};
}

inline const troupe::report& accounted_graph(const troupe::report& r, const troupe::topology& t) {
  CHECK(imbalance(r, t) == "");
  return r;
}

/// Runs a flow with junctions to its end and checks its accounts and that no actor is left.
template <class System>
troupe::report run_graph(System& sys, const troupe::flow<void>& f,
                         troupe::run_options options = {}) {
  const auto before = sys.actors();
  auto r = troupe::start(sys, f, std::move(options));
  auto end = r.wait();
  CHECK(sys.actors() == before);
  return accounted_graph(end, f.topology());
}

/// Lets a run in virtual time do so many messages of work.
inline void run_steps(virtual_system& sys, std::size_t steps) {
  dynamic_cast<caf::scheduler::test_coordinator&>((*sys).scheduler()).run(steps);
}

/// Everybody but `slow` does what there is to do; what it was sent waits in its mailbox.
inline void run_without(virtual_system& sys, const caf::actor& slow) {
  auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>((*sys).scheduler());
  auto* const held = dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(slow));
  bool waits = false;
  while (!scheduler.jobs.empty()) {
    if (scheduler.jobs.front() == held) {
      scheduler.jobs.pop_front();
      waits = true;
    } else {
      scheduler.try_run_once();
    }
  }
  if (waits)
    scheduler.jobs.push_back(held);
}

/// Which worker handled which item, in the order of handling: each copy of the function, and so
/// each worker, gets a number when it handles its first item.
template <class T>
class work_log {
public:
  struct entry {
    std::size_t worker;
    T item;
    bool operator==(const entry&) const = default;
  };

  /// A function for a stage or fan_out that notes what it gets, and hands it on.
  auto noting() {
    return [this, me = std::size_t{0}](const T& item) mutable {
      if (me == 0)
        me = ++workers_;
      entries_.push_back({me - 1, item});
      return item;
    };
  }

  std::size_t workers() const { return workers_; }
  const std::vector<entry>& entries() const { return entries_; }
  std::vector<T> of(std::size_t worker) const {
    std::vector<T> items;
    for (const auto& e : entries_)
      if (e.worker == worker)
        items.push_back(e.item);
    return items;
  }

private:
  std::size_t workers_ = 0;
  std::vector<entry> entries_;
};

/// A stage function of which the chosen items take their time, in virtual time: they fail once and
/// are retried after `slowness()`. Each item is slow once in each copy of the function.
template <class Slow>
auto slow_once(Slow is_slow) {
  return [is_slow, last = -1](int x) mutable {
    if (is_slow(x) && std::exchange(last, x) != x)
      throw std::runtime_error{"not yet"};
    return x;
  };
}
inline troupe::on_error after(troupe::duration d) {
  return troupe::on_error::retry(
      {.attempts = 2, .backoff = {d, d}, .jitter = troupe::jitter::none});
}

/// The strategies of a fan_out that pass a busy worker by.
inline std::vector<troupe::dispatch> dispatch_by_load() {
  return {troupe::dispatch::least_loaded, troupe::dispatch::power_of_two,
          troupe::dispatch::on_demand};
}

/// All of them, for three workers or, but for `weighted`, another number of them.
inline std::vector<troupe::dispatch> every_dispatch() {
  auto all = dispatch_by_load();
  all.push_back(troupe::dispatch::round_robin);
  all.push_back(troupe::dispatch::weighted({3, 2, 1}));
  all.push_back(troupe::dispatch::by_key([](int x) { return x % 100; }));
  return all;
}

inline std::vector<int> sorted(std::vector<int> v) {
  std::sort(v.begin(), v.end());
  return v;
}

} // namespace support
