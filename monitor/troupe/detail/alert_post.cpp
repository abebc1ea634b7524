#include <troupe/detail/alert_post.hpp>

#include <exception>
#include <utility>

#include <troupe/caf/wait_within.hpp>

namespace troupe::detail {

namespace {

std::string what_of(const std::exception& e) noexcept {
  try {
    return e.what();
  } catch (...) { // no memory for the text: that it failed is counted all the same
    return {};
  }
}

} // namespace

alert_post::alert_post(std::shared_ptr<alert_listener> listener, std::size_t most)
    : most_{most}, listener_{std::move(listener)} {
  stats_.name = listener_->name();
}

bool alert_post::put(const alert& a) {
  const std::lock_guard lock{mutex_};
  if (closed_) {
    ++stats_.dropped;
    return false;
  }
  waiting_.push_back(a);
  if (waiting_.size() > most_) {
    waiting_.pop_front();
    ++stats_.dropped;
  }
  return !std::exchange(awake_, true);
}

std::optional<alert> alert_post::take(time_point now) {
  const std::lock_guard lock{mutex_};
  if (now >= until_)
    lose_waiting();
  if (waiting_.empty()) {
    awake_ = false;
    changed_.notify_all();
    return std::nullopt;
  }
  under_way_ = true;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

void alert_post::note(std::optional<std::string> failure) {
  const std::lock_guard lock{mutex_};
  under_way_ = false;
  ++(failure ? stats_.failed : stats_.told);
  if (failure)
    stats_.error = *std::move(failure);
  changed_.notify_all();
}

std::optional<std::string> alert_post::tell(const alert& a) noexcept {
  // While it is under way nobody lets go of the listener.
  try {
    listener_->on_alert(a);
    return std::nullopt;
  } catch (const std::exception& e) {
    return what_of(e);
  } catch (...) {
    return "not an exception"; // needs no memory
  }
}

void alert_post::close(time_point until) {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  until_ = until;
  changed_.notify_all();
}

void alert_post::cut() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  lose_waiting();
  changed_.notify_all();
}

bool alert_post::over() const {
  const std::lock_guard lock{mutex_};
  return is_over();
}

bool alert_post::wait_over(duration limit) {
  std::unique_lock lock{mutex_};
  return wait_within(changed_, lock, limit, [this] { return is_over(); });
}

void alert_post::give_up() const {
  std::shared_ptr<alert_listener> busy;
  {
    const std::lock_guard lock{mutex_};
    if (under_way_)
      busy = listener_;
  }
  if (busy) // without the lock: it may take some of its own
    busy->give_up();
}

void alert_post::release() {
  std::shared_ptr<alert_listener> last; // goes without the lock
  const std::lock_guard lock{mutex_};
  last.swap(listener_);
}

listener_stats alert_post::stats() const {
  const std::lock_guard lock{mutex_};
  auto now = stats_;
  now.waiting = waiting_.size() + (under_way_ ? 1 : 0);
  return now;
}

void alert_post::lose_waiting() {
  stats_.dropped += waiting_.size();
  waiting_.clear();
}

} // namespace troupe::detail
