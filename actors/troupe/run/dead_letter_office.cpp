#include <troupe/run/dead_letter_office.hpp>

#include <exception>
#include <utility>

namespace troupe::detail {

namespace {

template <class F>
std::string complaint_of(const char* what, F f) {
  try {
    f();
    return {};
  } catch (...) {
    return std::string{"; the item could not be "} + what + ": "
           + describe(std::current_exception()).message();
  }
}

} // namespace

dead_letter letter_of(const std::string& stage, const error& why, time_point at,
                      const item_view& item) noexcept {
  dead_letter letter;
  letter.stage = stage;
  letter.attempts = why.attempts();
  letter.time = at;
  auto message = why.message();
  if (item.kept && item.prints)
    message += complaint_of("printed", [&] {
      letter.text = item.print();
      letter.has_text = true;
    });
  if (item.kept && item.copy)
    message += complaint_of("copied", [&] { letter.item = item.copy(); });
  letter.reason = error{why.code(), stage, std::move(message)}
                      .with_attempts(why.attempts())
                      .with_retry_after(why.retry_after());
  return letter;
}

dead_letter_office::dead_letter_office(dead_letter_sink sink)
    : also_(sink.take ? sink.also : loss::none), take_(std::move(sink.take)) {}

std::optional<error> dead_letter_office::deliver(const dead_letter& letter) noexcept {
  const auto me = std::this_thread::get_id();
  if (inside_.load(std::memory_order_relaxed) == me)
    return std::nullopt;
  const std::lock_guard lock{mutex_};
  std::optional<error> complaint;
  inside_.store(me, std::memory_order_relaxed);
  try {
    if (take_)
      take_(letter);
  } catch (...) {
    complaint = describe(std::current_exception());
  }
  inside_.store({}, std::memory_order_relaxed);
  return complaint;
}

void dead_letter_office::close() noexcept {
  std::function<void(const dead_letter&)> old;
  const std::lock_guard lock{mutex_};
  old.swap(take_);
}

} // namespace troupe::detail
