#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <troupe/call/untyped.hpp>
#include <troupe/context.hpp>

namespace troupe::detail {

/// A call inside of an actor, or an attempt within it: what waits for it can be woken early, to see
/// that it was given up. Used by that actor only; its context goes to the function.
class call_scope : public std::enable_shared_from_this<call_scope> {
public:
  explicit call_scope(const context& ctx, std::shared_ptr<call_scope> around = nullptr)
      : ctx_(ctx), around_(std::move(around)) {}

  context& ctx() noexcept { return ctx_; }
  /// An attempt that can be given up alone.
  std::shared_ptr<call_scope> child();
  /// Why nobody waits for the answer any more, if so.
  std::optional<error> over() const;

  /// A worker has one of its attempts in its hands.
  void begin_attempt() noexcept;
  /// How many were, those of the children included.
  std::size_t begun() const noexcept { return begun_; }

  /// Calls `wake` when this is given up; one at a time, until `clear_wait`.
  void wait_with(std::function<void()> wake) { wake_ = std::move(wake); }
  void clear_wait() { wake_ = nullptr; }
  void wake();

  /// Cancels the context, and wakes what waits here and in the children.
  void give_up(const error& why);
  /// Lets go of what waits here and in the children, and does not wake it: its actor has ended.
  void drop() noexcept;

private:
  context ctx_;
  std::shared_ptr<call_scope> around_; ///< this one is a child of
  std::size_t begun_ = 0;
  std::optional<error> why_;
  std::function<void()> wake_;
  std::vector<std::weak_ptr<call_scope>> children_;
};

/// One attempt as the layers of a served call see it.
class scoped_attempt {
public:
  scoped_attempt(untyped request, std::shared_ptr<call_scope> scope)
      : request_(std::move(request)), scope_(std::move(scope)) {}

  const untyped& request() const noexcept { return request_; }
  call_scope& scope() const noexcept { return *scope_; }

  std::optional<error> over() const { return scope_->over(); }
  std::optional<duration> remaining() const { return scope_->ctx().remaining(); }
  void give_up(const error& why) const { scope_->give_up(why); }
  void wake() const { scope_->wake(); }
  scoped_attempt branch() const { return {request_, scope_->child()}; }

private:
  untyped request_;
  std::shared_ptr<call_scope> scope_;
};

} // namespace troupe::detail
