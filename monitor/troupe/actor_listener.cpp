#include <troupe/actor_listener.hpp>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

class to_actor final : public alert_listener {
public:
  explicit to_actor(caf::actor listener) : listener_{std::move(listener)} {
    // The flag alone: what this holds is there until the actor ends.
    detail::on_actor_gone(listener_, [gone = gone_] { *gone = true; });
  }

  std::string name() const override { return "actor " + std::to_string(listener_.id()); }

  void on_alert(const alert& a) override {
    if (*gone_)
      throw std::runtime_error("the actor has ended");
    detail::anon_send(listener_, a);
  }

private:
  caf::actor listener_;
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace

std::shared_ptr<alert_listener> actor_listener(caf::actor listener) {
  if (!listener)
    throw std::invalid_argument("actor_listener: listener is empty, needs an actor");
  return std::make_shared<to_actor>(std::move(listener));
}

} // namespace troupe
