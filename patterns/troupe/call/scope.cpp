#include <troupe/call/scope.hpp>

namespace troupe::detail {

std::shared_ptr<call_scope> call_scope::child() {
  std::erase_if(children_, [](const auto& c) { return c.expired(); });
  auto c = std::make_shared<call_scope>(ctx_.child(), shared_from_this());
  children_.push_back(c);
  return c;
}

void call_scope::begin_attempt() noexcept {
  for (auto* s = this; s != nullptr; s = s->around_.get())
    ++s->begun_;
}

std::optional<error> call_scope::over() const {
  if (why_)
    return why_;
  return ctx_.cancelled() ? std::optional{ctx_.why()} : std::nullopt;
}

void call_scope::give_up(const error& why) {
  if (why_)
    return;
  why_ = why;
  ctx_.cancel();
  for (const auto& c : std::exchange(children_, {}))
    if (const auto open = c.lock())
      open->give_up(why);
  wake();
}

// What waits holds the scope that it waits with.
void call_scope::drop() noexcept {
  for (const auto& c : std::exchange(children_, {}))
    if (const auto open = c.lock())
      open->drop();
  std::exchange(wake_, nullptr);
}

void call_scope::wake() {
  if (const auto f = std::exchange(wake_, nullptr))
    f();
}

} // namespace troupe::detail
