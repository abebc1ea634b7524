#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <troupe/policy/supervision_machine.hpp>

// A supervision_machine with children that the test plays: each start succeeds and each child that
// is asked to end does so, at once, unless the test holds it. What happens is read as a line.
namespace supervision_fixture {

namespace tr = troupe;
using namespace std::chrono_literals;
using machine = tr::supervision_machine;
using order = machine::order::kind;

class world {
public:
  explicit world(const tr::supervisor_options& options = {}) : m(options) {}

  /// Adds children that are running when this returns, and forgets how they came up.
  world& with(std::initializer_list<const char*> names, tr::child_options options = {}) {
    for (const auto* name : names)
      add(name, options);
    seen.clear();
    return *this;
  }
  void add(const std::string& name, tr::child_options options = {}) {
    m.add(++requests, name, options, tr::child_kind::worker, now);
    run();
  }
  void terminate(const std::string& name) {
    m.terminate(++requests, name, now);
    run();
  }
  void restart(const std::string& name) {
    m.restart_child(++requests, name, now);
    run();
  }
  void remove(const std::string& name) {
    m.remove(++requests, name, now);
    run();
  }
  void stop() {
    m.stop(now);
    run();
  }
  /// Ends by itself.
  void exits(const std::string& name, machine::exit how, const std::string& why = "why") {
    const auto& c = child(name);
    m.exited(*m.find(name), c.run, how, why, now);
    run();
  }
  void crashes(const std::string& name) { exits(name, machine::exit::failure, "crash"); }
  void ends(const std::string& name) { exits(name, machine::exit::normal, "done"); }
  /// What was held by `holds_start` or `holds_end` comes about.
  void comes_up(const std::string& name) {
    m.started(*m.find(name), child(name).run, now);
    run();
  }

  void passes(tr::duration d) {
    const auto end = now + d;
    while (m.due() && *m.due() <= end) {
      now = std::max(now, *m.due());
      m.tick(now);
      run();
    }
    now = end;
  }

  /// What was ordered and answered since the last call, in one line.
  std::string line() {
    std::string all;
    for (const auto& s : std::exchange(seen, {}))
      all += (all.empty() ? "" : ", ") + s;
    return all;
  }
  std::string states() const {
    std::string all;
    for (const auto& [i, c] : m.children())
      all += (all.empty() ? "" : ", ") + c.name + " " + std::string{to_string(c.state)};
    return all;
  }
  const machine::child& child(const std::string& name) const {
    return m.children().at(*m.find(name));
  }

  machine m;
  tr::time_point now{1h};
  std::set<std::string> fails_to_start{};
  std::set<std::string> declines{};
  std::set<std::string> holds_start{};
  std::set<std::string> holds_end{}; ///< does not end when asked to
  std::set<std::string> unkillable{};
  std::vector<std::string> events{};
  std::vector<std::string> seen{};
  std::uint64_t requests = 0;

private:
  void run() {
    for (auto orders = m.take_orders(); !orders.empty(); orders = m.take_orders())
      for (const auto& o : orders)
        perform(o);
  }

  void perform(const machine::order& o) {
    const auto found = m.children().find(o.child);
    const auto name = found == m.children().end() ? std::string{} : found->second.name;
    switch (o.what) {
    case order::start:
      seen.push_back("start " + name);
      start(o, name);
      break;
    case order::ask_to_end:
      seen.push_back("ask " + name);
      if (!holds_end.contains(name))
        m.exited(o.child, o.number, machine::exit::normal, "asked to", now);
      break;
    case order::kill:
      seen.push_back("kill " + name);
      if (!unkillable.contains(name))
        m.exited(o.child, o.number, machine::exit::failure, "killed", now);
      break;
    case order::answer:
      if (o.refusal != tr::errc::none)
        seen.push_back(std::string{to_string(o.refusal)});
      break;
    case order::ready:
      seen.emplace_back("ready");
      break;
    case order::end:
      seen.emplace_back("end");
      break;
    case order::tell:
      events.push_back(std::string{to_string(o.event)} + (name.empty() ? "" : " " + name));
      break;
    case order::forget:
      break;
    }
  }

  void start(const machine::order& o, const std::string& name) {
    if (fails_to_start.contains(name))
      m.exited(o.child, o.number, machine::exit::failure, "no disk", now);
    else if (declines.contains(name))
      m.declined(o.child, o.number, now);
    else if (!holds_start.contains(name))
      m.started(o.child, o.number, now);
  }
};

} // namespace supervision_fixture
