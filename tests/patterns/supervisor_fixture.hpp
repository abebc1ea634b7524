#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>

#include "../support.hpp"
#include <troupe/supervisor.hpp>

namespace supervisor_fixture {

namespace tr = troupe;
using namespace support;

/// What children have to say; outlives them.
class journal {
public:
  void note(const std::string& what) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(what);
  }
  /// All since the last call, in one line.
  std::string line() {
    const std::lock_guard lock{mutex_};
    std::string all;
    for (const auto& l : std::exchange(lines_, {}))
      all += (all.empty() ? "" : ", ") + l;
    return all;
  }

private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A child that notes its start and its end, and does what the strings it is sent say.
inline auto noted(journal& j, std::string name) {
  return [&j, name = std::move(name)](caf::event_based_actor* self) -> caf::behavior {
    j.note("+" + name);
    self->attach_functor([&j, name](const caf::error&) { j.note("-" + name); });
    return {[self](const std::string& what) {
      if (what == "crash")
        throw std::runtime_error{"crash"};
      if (what == "quit")
        self->quit();
      if (what == "stay") // does not end when asked to
        self->set_exit_handler([](caf::scheduled_actor*, caf::exit_msg&) {});
    }};
  };
}

inline std::string names(const tr::supervisor& sup, const std::string& branch = {}) {
  std::string all;
  for (const auto& c : sup.children(branch))
    all += (all.empty() ? "" : ", ") + c.name + " " + std::string{to_string(c.state)};
  return all;
}

/// A supervisor in virtual time.
struct bench {
  explicit bench(tr::supervisor_options options = {}) {
    const auto hook = options.on_event;
    options.on_event = [this, hook](const tr::supervisor_event& e) {
      events.push_back(std::string{to_string(e.what)} + (e.child.empty() ? "" : " " + e.child));
      if (hook)
        hook(e);
    };
    sup = tr::supervisor{sys, "orders", std::move(options)};
  }
  bench& with(std::initializer_list<const char*> children, tr::child_options options = {}) {
    for (const auto* name : children)
      CHECK(sup.add(name, noted(said, name), options));
    said.line();
    events.clear();
    return *this;
  }
  void tell(const std::string& child, const char* what) {
    tr::detail::anon_send(sup.child(child), std::string{what});
    run();
  }
  void crash(const std::string& child) { tell(child, "crash"); }
  void kill(const std::string& child) {
    tr::detail::anon_kill(sup.child(child));
    run();
  }
  void run() { tr::detail::virtual_time::run_jobs(sys); }
  void pass(tr::duration d) { tr::detail::virtual_time::run_for(sys, d); }

  journal said;
  std::vector<std::string> events;
  virtual_system sys;
  tr::supervisor sup;
};

} // namespace supervisor_fixture
