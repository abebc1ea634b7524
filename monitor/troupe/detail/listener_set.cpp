#include <troupe/detail/listener_set.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/detail/alert_post.hpp>
#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

namespace {

/// There is something to tell, or nothing more will be.
struct look_msg {
  using internal_message = void;
};

class listener_actor final : public actor_base {
public:
  listener_actor(caf::actor_config& cfg, std::shared_ptr<alert_post> post)
      : actor_base{cfg}, post_{std::move(post)} {}

  const char* name() const override { return "troupe.listener"; }

  // Whoever still has a handle of this actor must not keep the listener.
  void on_exit() override { post_.reset(); }

protected:
  caf::message_handler handlers() override {
    return {[this](const look_msg&) {
      while (const auto a = post_->take(clock().now()))
        post_->note(post_->tell(*a));
      if (post_->over())
        quit();
    }};
  }

private:
  std::shared_ptr<alert_post> post_;
};

caf::actor spawn_for(caf::actor_system& sys, const std::shared_ptr<alert_post>& post) {
  // Virtual time has one thread only.
  return is_testing(sys) ? spawn<listener_actor>(sys, post)
                         : spawn<listener_actor, caf::detached>(sys, post);
}

} // namespace

listener_set::listener_set(caf::actor_system& sys,
                           std::vector<std::shared_ptr<alert_listener>> listeners,
                           std::function<void(const alert&)> on_alert, std::size_t most)
    : sys_{sys} {
  try {
    for (auto& listener : listeners) {
      if (!listener)
        throw std::invalid_argument("monitor: listeners[" + std::to_string(members_.size())
                                    + "] = null, needs a listener");
      add(std::move(listener), most);
    }
    if (on_alert) {
      add(callback_listener(std::move(on_alert)), most);
      callback_ = members_.back().post;
    }
  } catch (...) {
    close(time_point::min());
    throw;
  }
}

listener_set::~listener_set() = default;

void listener_set::add(std::shared_ptr<alert_listener> listener, std::size_t most) {
  auto post = std::make_shared<alert_post>(std::move(listener), most);
  auto actor = spawn_for(sys_, post);
  members_.push_back({std::move(post), std::move(actor)});
}

void listener_set::tell(const alert& a) {
  for (const auto& m : members_)
    if (m.post->put(a))
      anon_send(m.actor, look_msg{});
}

void listener_set::close(time_point until) {
  for (const auto& m : members_) {
    m.post->close(until);
    anon_send(m.actor, look_msg{});
  }
}

void listener_set::wait_end(duration limit) {
  if (is_testing(sys_))
    virtual_time::run_jobs(sys_);
  // Not the system's clock, which stands still in virtual time.
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto until = later(now(), limit);
  for (const auto& m : members_)
    if (!m.post->wait_over(elapsed(now(), until)))
      m.post->cut();
  for (const auto& m : members_)
    m.post->give_up();
  for (const auto& m : members_) {
    m.post->wait_over(duration::max());
    m.post->release();
    anon_send(m.actor, look_msg{}); // of those that nobody has closed
  }
}

void listener_set::leave() {
  if (callback_)
    callback_->cut();
}

std::vector<listener_stats> listener_set::stats() const {
  std::vector<listener_stats> all;
  for (const auto& m : members_)
    all.push_back(m.post->stats());
  return all;
}

std::uint64_t listener_set::callback_errors() const {
  return callback_ ? callback_->stats().failed : 0;
}

} // namespace troupe::detail
