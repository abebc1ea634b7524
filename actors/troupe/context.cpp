#include <troupe/context.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

namespace {

void run_guarded(const std::function<void()>& f) noexcept {
  try {
    f();
  } catch (...) { // NOLINT(bugprone-empty-catch)
    // The other callbacks must run all the same, and nobody here could tell what to do about this.
  }
}

} // namespace

namespace detail {

class context_state : public std::enable_shared_from_this<context_state> {
public:
  using pointer = std::shared_ptr<context_state>;
  using clock_function = std::shared_ptr<const std::function<time_point()>>;

  context_state(clock_function clock, std::optional<time_point> deadline, pointer parent)
      : clock_(std::move(clock)), deadline_(deadline), parent_(std::move(parent)) {}

  ~context_state() {
    if (!link_)
      return;
    const std::scoped_lock lock{parent_->mutex_};
    parent_->children_.erase(*link_);
  }

  context_state(const context_state&) = delete;
  context_state& operator=(const context_state&) = delete;

  time_point now() const { return clock_ ? (*clock_)() : std::chrono::steady_clock::now(); }

  std::optional<time_point> deadline() const noexcept { return deadline_; }

  // Keeps the first reason it saw: a clock that steps back must not bring a context back to life.
  errc why() noexcept {
    errc seen = why_.load(std::memory_order_acquire);
    if (seen != errc::none || !deadline_ || now() < *deadline_)
      return seen;
    return why_.compare_exchange_strong(seen, errc::deadline_exceeded) ? errc::deadline_exceeded
                                                                       : seen;
  }

  pointer make_child(std::optional<time_point> deadline) {
    if (deadline_)
      deadline = std::min(*deadline_, deadline.value_or(*deadline_));
    auto child = std::make_shared<context_state>(clock_, deadline, shared_from_this());
    const std::scoped_lock lock{mutex_};
    child->why_ = why_.load();
    if (!fired_)
      child->link_ = children_.insert(children_.end(), child);
    return child;
  }

  // All of the tree is cancelled before the first callback runs, so that no callback can see a
  // descendant that still believes in its work. States that another thread cancelled are walked too
  // (it may not have reached their children yet), but their callbacks remain that thread's.
  void cancel() {
    std::vector<pointer> tree{shared_from_this()};
    for (std::size_t i = 0; i < tree.size(); ++i)
      if (!tree[i]->fire(tree))
        tree[i].reset();
    for (const auto& state : tree)
      if (state)
        state->run_callbacks();
  }

  std::size_t on_cancel(std::function<void()> f) {
    if (why() == errc::none) {
      const std::scoped_lock lock{mutex_};
      if (!fired_) {
        callbacks_.emplace(++last_id_, std::move(f));
        return last_id_;
      }
    }
    run_guarded(f);
    return 0;
  }

  void forget(std::size_t id) {
    if (id == 0) // `on_cancel` ran it at once
      return;
    decltype(callbacks_)::node_type forgotten; // outlives the lock: its captures may call us
    std::unique_lock lock{mutex_};
    forgotten = callbacks_.extract(id);
    if (forgotten || runner_ == std::this_thread::get_id())
      return;
    callback_done_.wait(lock, [&] { return running_ != id; });
  }

private:
  // Adds the children to `tree`; true for the one call that cancelled this state.
  bool fire(std::vector<pointer>& tree) {
    const errc reason = why() == errc::none ? errc::cancelled : errc::deadline_exceeded;
    const std::scoped_lock lock{mutex_};
    for (const auto& weak : children_)
      if (auto child = weak.lock())
        tree.push_back(std::move(child));
    errc none = errc::none;
    why_.compare_exchange_strong(none, reason);
    return !std::exchange(fired_, true);
  }

  void run_callbacks() {
    std::unique_lock lock{mutex_};
    runner_ = std::this_thread::get_id();
    while (!callbacks_.empty()) {
      auto next = callbacks_.extract(callbacks_.begin());
      running_ = next.key();
      lock.unlock();
      run_guarded(next.mapped());
      next = {}; // before anyone waiting in `forget` goes on: captures may refer to what it owns
      lock.lock();
      running_ = 0;
      callback_done_.notify_all();
    }
    runner_ = {};
  }

  const clock_function clock_; // null: steady_clock
  const std::optional<time_point> deadline_;
  const pointer parent_;
  std::atomic<errc> why_ = errc::none;

  // Ours, but guarded by the parent's mutex until the destructor runs.
  std::optional<std::list<std::weak_ptr<context_state>>::iterator> link_;

  std::mutex mutex_; // guards all below
  std::condition_variable callback_done_;
  bool fired_ = false;
  std::list<std::weak_ptr<context_state>> children_;
  std::map<std::size_t, std::function<void()>> callbacks_; // by id: in order of registration
  std::size_t last_id_ = 0;
  std::size_t running_ = 0; // the callback that runs now; 0: none
  std::thread::id runner_;
};

} // namespace detail

using detail::context_state;

context::context() : context(background()) {}

context::context(std::shared_ptr<context_state> state) : state_(std::move(state)) {}

context context::background() { return background({}); }

context context::background(std::function<time_point()> clock) {
  auto shared = clock ? std::make_shared<const std::function<time_point()>>(std::move(clock))
                      : context_state::clock_function{};
  return context{std::make_shared<context_state>(std::move(shared), std::nullopt, nullptr)};
}

context context::with_timeout(time_span d) const {
  return with_deadline(detail::later(state_->now(), d));
}

context context::with_deadline(time_point t) const { return context{state_->make_child(t)}; }

context context::child() const { return context{state_->make_child(std::nullopt)}; }

void context::cancel() { state_->cancel(); }

bool context::cancelled() const noexcept { return state_->why() != errc::none; }

std::optional<time_point> context::deadline() const { return state_->deadline(); }

std::optional<duration> context::remaining() const {
  const auto deadline = state_->deadline();
  if (!deadline)
    return std::nullopt;
  if (state_->why() == errc::deadline_exceeded)
    return duration::zero();
  if (*deadline == time_point::max()) // it never comes
    return duration::max();
  return detail::elapsed(state_->now(), *deadline);
}

std::size_t context::on_cancel(std::function<void()> f) const {
  return state_->on_cancel(std::move(f));
}

void context::forget(std::size_t id) const { state_->forget(id); }

error context::why() const {
  switch (state_->why()) {
  case errc::cancelled:
    return error{errc::cancelled, {}, "the context was cancelled"};
  case errc::deadline_exceeded:
    return error{errc::deadline_exceeded, {}, "the deadline of the context has passed"};
  default:
    return {};
  }
}

} // namespace troupe
