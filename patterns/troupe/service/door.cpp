#include <troupe/service/door.hpp>

#include <algorithm>
#include <chrono>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/launch/blueprint.hpp>

namespace troupe::detail {

namespace {

// Not std::visit, which may throw: a place leaves in a destructor.
template <class... Limits>
void sample(std::variant<Limits...>& limit, duration took, std::size_t inside, bool lost) {
  const auto to = [&](auto* l) {
    if (l != nullptr)
      l->on_sample(took, inside, lost);
  };
  (..., to(std::get_if<Limits>(&limit)));
}

} // namespace

bool door::has_room() const {
  auto most = capacity_();
  if (limit_)
    most
        = std::min(most, std::visit([](const auto& l) { return std::size_t(l.limit()); }, *limit_));
  return inside_ < most;
}

bool door::take_place() {
  if (shut_ || !has_room())
    return false;
  ++inside_;
  return true;
}

std::optional<door::place> door::try_enter(const std::shared_ptr<door>& d) {
  const std::lock_guard lock{d->mutex_};
  if (!d->take_place())
    return std::nullopt;
  return place{d, now(*d->system_)};
}

std::optional<door::place> door::enter(const std::shared_ptr<door>& d, const context* ctx) {
  // A cancelled wait must end at once.
  const auto id = ctx == nullptr ? 0 : ctx->on_cancel([d] {
    const std::lock_guard lock{d->mutex_};
    d->room_.notify_all();
  });
  bool entered = false;
  {
    std::unique_lock lock{d->mutex_};
    entered = d->take_place() || (d->wait(lock, ctx) && d->take_place());
    // We may have been woken for room that we do not take, or there may be more of it than that.
    if (d->has_room())
      d->room_.notify_one();
  }
  if (ctx != nullptr)
    ctx->forget(id);
  if (!entered)
    return std::nullopt;
  return place{d, now(*d->system_)};
}

// Whether there is room.
bool door::wait(std::unique_lock<std::mutex>& lock, const context* ctx) {
  if (shut_)
    return false;
  if (is_testing(*system_))
    return wait_in_virtual_time(lock, ctx);
  const auto over = [&] { return shut_ || has_room() || (ctx != nullptr && ctx->cancelled()); };
  while (!over()) {
    const auto left = ctx == nullptr ? std::nullopt : ctx->remaining();
    if (left)
      room_.wait_for(lock, std::min<duration>(*left, std::chrono::hours{1}));
    else
      room_.wait(lock);
  }
  return has_room() && !shut_ && (ctx == nullptr || !ctx->cancelled());
}

bool door::wait_in_virtual_time(std::unique_lock<std::mutex>& lock, const context* ctx) {
  const auto over = [&] {
    const std::lock_guard held{mutex_};
    return has_room() || shut_ || (ctx != nullptr && ctx->cancelled());
  };
  lock.unlock();
  virtual_time::drive(*system_, over);
  lock.lock();
  return has_room() && !shut_ && (ctx == nullptr || !ctx->cancelled());
}

void door::shut() {
  {
    const std::lock_guard lock{mutex_};
    shut_ = true;
  }
  room_.notify_all();
}

bool door::is_shut() const {
  const std::lock_guard lock{mutex_};
  return shut_;
}

void door::let_out(time_point since, passage how) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (limit_ && how != passage::unwanted)
      sample(*limit_, now(*system_) - since, inside_, how == passage::lost);
    --inside_;
  }
  room_.notify_one();
}

std::size_t door::inside() const {
  const std::lock_guard lock{mutex_};
  return inside_;
}

when_full full_of(std::string_view what, const std::string& name, const overflow& o) {
  if (o.chosen() == overflow::action::backpressure)
    return when_full::wait;
  if (o.chosen() != overflow::action::shed)
    detail::refuse(what, name, "overflow", "another",
                   "backpressure or shed: a call that was let in is answered");
  return when_full::refuse;
}

} // namespace troupe::detail
