#include <troupe/service/callbacks_outside.hpp>

#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/caf/wait_within.hpp>
#include <troupe/service/service_thread.hpp>
#include <troupe/tools/helper_threads.hpp>

namespace troupe::detail {

namespace {

class callback_actor final : public actor_base {
public:
  callback_actor(caf::actor_config& cfg, std::function<void()> f)
      : actor_base(cfg), function_(std::move(f)) {}

  const char* name() const override { return "troupe.callback"; }

protected:
  // Called when it begins; without handlers it ends with that.
  caf::message_handler handlers() override {
    std::exchange(function_, nullptr)();
    return {};
  }

private:
  std::function<void()> function_;
};

} // namespace

int& inside_ask::depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

callbacks_outside::callbacks_outside(caf::actor_system& sys)
    : driven_(is_testing(sys) ? &sys : nullptr) {}

void callbacks_outside::call(std::function<void()> f) noexcept {
  bool begins = false;
  try {
    {
      const std::lock_guard lock{mutex_};
      waiting_.push_back(f);
      ++open_;
      begins = driven_ != nullptr || !std::exchange(running_, true);
    }
    if (!begins)
      return;
    if (driven_ != nullptr)
      spawn<callback_actor, caf::hidden>(*driven_, [me = shared_from_this()] { me->call_next(); });
    else
      helper_threads::shared().run([me = shared_from_this()] { me->run(); });
  } catch (...) {
    begins ? run() : f();
  }
}

void callbacks_outside::call_next() {
  std::unique_lock lock{mutex_};
  if (waiting_.empty())
    return;
  auto f = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  {
    const service_thread at_work; // may let go of the last handle of a service
    f();
    f = nullptr;
  }
  lock.lock();
  if (--open_ == 0)
    empty_.notify_all();
}

void callbacks_outside::run() noexcept {
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        running_ = false;
        return;
      }
    }
    call_next();
  }
}

void callbacks_outside::wait(duration limit) {
  const auto done = [this] { return open_ == 0; };
  std::unique_lock lock{mutex_};
  if (done())
    return;
  if (driven_ == nullptr) {
    wait_within(empty_, lock, limit, done);
    return;
  }
  lock.unlock();
  virtual_time::drive(
      *driven_,
      [&] {
        const std::lock_guard held{mutex_};
        return done();
      },
      limit);
}

} // namespace troupe::detail
