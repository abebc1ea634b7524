#include <troupe/service/service_core.hpp>

#include <chrono>
#include <utility>

#include <troupe/service/driven_future.hpp>

namespace troupe::detail {

caf::actor actor_facade::get(const std::function<caf::actor(caf::actor_system&)>& make) {
  const std::lock_guard lock{shown_->mutex};
  if (shown_->over) {
    auto actor = make(*system_);
    anon_send(actor, retire_msg{std::make_shared<std::promise<void>>()});
    return actor;
  }
  if (!shown_->actor)
    shown_->actor = make(*system_);
  return shown_->actor;
}

std::optional<std::future<void>> actor_facade::shown::retire() {
  const auto retiring = [this] {
    const std::lock_guard lock{mutex};
    over = true;
    return std::exchange(actor, nullptr);
  }();
  if (!retiring)
    return std::nullopt;
  auto done = std::make_shared<std::promise<void>>();
  auto retired = done->get_future();
  anon_send(retiring, retire_msg{std::move(done)});
  return retired;
}

void actor_facade::let_go() {
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

void end_unasked(ending_service& service) noexcept {
  try {
    if (service_thread::must_not_wait(service.system()))
      service.end(duration::zero());
    else
      service.drain(duration::zero());
  } catch (...) { // NOLINT(bugprone-empty-catch): only in virtual time, with nothing left to do
  }
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
