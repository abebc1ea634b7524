#include <troupe/service/service_core.hpp>

#include <chrono>
#include <utility>

#include <troupe/service/driven_future.hpp>

namespace troupe::detail {

caf::actor gate_keeper::get(const std::function<caf::actor(caf::actor_system&)>& make) {
  const std::lock_guard lock{shown_->mutex};
  if (shown_->over) {
    auto gate = make(*system_);
    anon_send(gate, retire_msg{std::make_shared<std::promise<void>>()});
    return gate;
  }
  if (!shown_->gate)
    shown_->gate = make(*system_);
  return shown_->gate;
}

std::optional<std::future<void>> gate_keeper::shown::retire() {
  const auto actor = [this] {
    const std::lock_guard lock{mutex};
    over = true;
    return std::exchange(gate, nullptr);
  }();
  if (!actor)
    return std::nullopt;
  auto done = std::make_shared<std::promise<void>>();
  auto retired = done->get_future();
  anon_send(actor, retire_msg{std::move(done)});
  return retired;
}

void gate_keeper::let_go() {
  const auto retired = shown_->retire();
  if (!retired)
    return;
  if (is_driven(*system_))
    drive_until(*system_, [&] {
      return retired->wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    });
  else
    retired->wait();
}

service_owner::~service_owner() {
  const auto limit
      = std::uncaught_exceptions() > exceptions_ ? duration::zero() : service_->drain_limit();
  if (!service_->is_over() && service_thread::must_not_wait(service_->system())) {
    service_->end(limit);
    return;
  }
  try {
    service_->drain(limit);
    // What a callback refers to may be gone soon after the service.
    if (!service_thread::inside())
      outside_->wait(limit);
  } catch (...) {
    // Only under the testing scheduler, where nothing may be left to do.
    service_->end(duration::zero());
  }
}

} // namespace troupe::detail
