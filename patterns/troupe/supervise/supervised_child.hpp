#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/detail/thread_name.hpp>
#include <troupe/supervise/child_recipe.hpp>

namespace troupe::detail {

/// To a supervisor: the child is up. Sent with normal priority, so that it comes before the news of
/// the child's end.
struct child_up_msg {
  using internal_message = void;
  std::uint64_t child = 0;
  std::uint64_t run = 0;
};

/// Whom a child tells that it is up.
struct child_up {
  caf::actor supervisor;
  child_up_msg msg;
};

/// A child given by its behavior. A function that throws, or quits with a failure, has not
/// started: then the supervisor hears of its end only.
class supervised_child final : public threaded_actor {
public:
  supervised_child(caf::actor_config& cfg, std::string name, behavior_function start, child_up up)
      : threaded_actor(cfg), name_(std::move(name)), start_(std::move(start)), up_(std::move(up)) {
    set_exception_handler(
        [](caf::scheduled_actor*, std::exception_ptr& thrown) { return to_exit_reason(thrown); });
  }

  const char* name() const override { return name_.c_str(); }
  void on_exit() override { start_ = nullptr; }

private:
  caf::behavior make_behavior() override {
    if (has_own_thread())
      name_this_thread("tr:" + name_);
    const auto up = std::exchange(up_, {}); // holds the supervisor, which holds this
    auto b = start_(this);
    if (!fail_state())
      detail::send(this, up.supervisor, up.msg);
    return b;
  }

  std::string name_;
  behavior_function start_; ///< its state lives as long as the actor
  child_up up_;
};

} // namespace troupe::detail
