#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/result.hpp>
#include <troupe/service/callbacks_outside.hpp>
#include <troupe/service/service_thread.hpp>
#include <troupe/tools/held.hpp>

namespace troupe::detail {

/// A call that somebody waits for, of whatever type: it can be given up.
class open_call {
public:
  open_call() = default;
  open_call(const open_call&) = delete;
  open_call& operator=(const open_call&) = delete;
  virtual ~open_call() = default;

  virtual void give_up(error why) = 0;
};

/// Where the answer of one call goes. Whoever answers first wins; what comes later is discarded.
template <class Resp>
class answer_slot final : public open_call, public std::enable_shared_from_this<answer_slot<Resp>> {
public:
  using receiver = std::function<void(result<Resp>&&)>;

  /// `outside` calls it where the answer is given inside of `ask`; null: it is called there, too.
  answer_slot(receiver to, std::shared_ptr<callbacks_outside> outside)
      : to_(std::move(to)), outside_(std::move(outside)) {}

  void answer(result<Resp>&& r) {
    if (answered_.exchange(true, std::memory_order_acq_rel))
      return;
    const auto outside = std::move(outside_);
    if (outside != nullptr && inside_ask::inside())
      outside->call(
          [me = this->shared_from_this(), kept = boxed(r)] { me->tell(std::move(*kept)); });
    else
      tell(std::move(r));
  }
  void give_up(error why) override { answer(tl::unexpected<error>{std::move(why)}); }
  bool answered() const noexcept { return answered_.load(std::memory_order_acquire); }

private:
  void tell(result<Resp>&& r) {
    // Whoever cancels, or lets go of what waited, may be the one that answers: also on that thread
    // the receiver may let go of the last handle.
    const service_thread at_work;
    try {
      // What it captures must not live as long as whoever still holds the slot.
      const auto to = std::move(to_);
      to(std::move(r));
    } catch (...) { // NOLINT(bugprone-empty-catch): documented; the call is answered, whom to tell?
    }
  }

  std::atomic<bool> answered_{false};
  receiver to_;
  std::shared_ptr<callbacks_outside> outside_;
};

/// The right to answer one call, exactly once: if it goes unused, the caller gets an error.
template <class Resp>
class response_promise {
public:
  response_promise() = default;
  explicit response_promise(std::function<void(result<Resp>&&)> to,
                            std::shared_ptr<callbacks_outside> outside = nullptr)
      : slot_(std::make_shared<answer_slot<Resp>>(std::move(to), std::move(outside))) {}

  response_promise(response_promise&& other) noexcept = default;
  response_promise& operator=(response_promise&& other) noexcept {
    std::swap(slot_, other.slot_);
    std::swap(watched_, other.watched_);
    std::swap(on_cancel_, other.on_cancel_);
    std::swap(loss_, other.loss_);
    return *this;
  }
  ~response_promise() {
    if (slot_ != nullptr)
      answer(tl::unexpected<error>{std::move(loss_)});
  }

  /// The caller no longer waits once `ctx` is cancelled. A deadline is somebody else's to watch.
  void follow(const context& ctx) {
    watched_ = ctx;
    on_cancel_ = ctx.on_cancel([slot = std::weak_ptr<answer_slot<Resp>>{slot_}, why = ctx] {
      if (const auto open = slot.lock())
        open->give_up(why.why());
    });
  }

  void answer(result<Resp>&& r) {
    const auto slot = std::exchange(slot_, nullptr);
    if (slot == nullptr)
      return;
    if (watched_)
      watched_->forget(std::exchange(on_cancel_, 0));
    slot->answer(std::move(r));
  }
  void fail(error e) { answer(tl::unexpected<error>{std::move(e)}); }
  /// What the caller is told if nobody answers.
  void lose_as(error why) { loss_ = std::move(why); }

  /// Whether nobody waits any more.
  bool is_void() const noexcept { return slot_ == nullptr || slot_->answered(); }
  std::weak_ptr<open_call> open() const { return slot_; }

private:
  std::shared_ptr<answer_slot<Resp>> slot_;
  std::optional<context> watched_;
  std::size_t on_cancel_ = 0;
  error loss_{errc::closed, {}, "the service ended before it got to this call"};
};

} // namespace troupe::detail
