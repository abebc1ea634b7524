#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <troupe/detail/invoke.hpp>
#include <troupe/result.hpp>

// What users' types may throw on their way through a service, which costs one call.
namespace troupe::detail {

/// A value on its way from hand to hand: however T behaves, moving it does not throw.
template <class T>
class held {
  static constexpr bool in_place = std::is_nothrow_move_constructible_v<T>;

public:
  template <class U>
  requires std::convertible_to<U, T> held(U&& value) // NOLINT: as a T
      : value_(make(std::forward<U>(value))) {}

  T& get() noexcept {
    if constexpr (in_place)
      return value_;
    else
      return *value_;
  }
  const T& get() const noexcept { return const_cast<held*>(this)->get(); } // NOLINT

private:
  template <class U>
  static auto make(U&& value) {
    if constexpr (in_place)
      return T(std::forward<U>(value));
    else
      return std::make_unique<T>(std::forward<U>(value));
  }

  std::conditional_t<in_place, T, std::unique_ptr<T>> value_;
};

/// In a handler of an exception: the error of a call whose request or answer has thrown it.
error not_handed_on(std::string_view what);

/// tl::expected's own move is noexcept, whatever T does: then it would end the process.
template <class T>
result<T> moved(result<T>& r) {
  if (!r)
    return tl::unexpected<error>{std::move(r).error()};
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return result<T>{std::move(*r)};
}

/// An answer that will be given later.
template <class Resp>
std::shared_ptr<result<Resp>> boxed(result<Resp>& r) {
  try {
    return std::shared_ptr<result<Resp>>{new result<Resp>(moved(r))};
  } catch (...) {
    return std::make_shared<result<Resp>>(tl::unexpect, not_handed_on("answer"));
  }
}

/// The same, for who gets it now.
template <class T>
result<T> handed_on(result<T>& r) {
  try {
    return moved(r);
  } catch (...) {
    return tl::unexpected<error>{not_handed_on("answer")};
  }
}

/// Sets `done` when the answer is in other hands.
template <class T>
result<T> taken(result<T>& answer, bool& done) {
  struct at_the_end {
    bool& done;
    int thrown = std::uncaught_exceptions();
    ~at_the_end() { done = std::uncaught_exceptions() == thrown; }
  } const in_other_hands{done};
  return moved(answer);
}

/// A callback for any function of an answer; an answer that cannot be moved into the function's
/// parameter is replaced by an error.
template <class Resp, class F>
auto telling(F f) {
  if constexpr (std::is_void_v<Resp> || std::is_nothrow_move_constructible_v<Resp>) {
    return [f = shareable(std::move(f))](result<Resp>&& r) mutable { f(std::move(r)); };
  } else {
    return [f = std::make_shared<F>(std::move(f))](result<Resp>&& r) {
      bool told = false;
      try {
        (*f)(taken(r, told));
      } catch (...) {
        if (told)
          throw;
        (*f)(result<Resp>{tl::unexpect, not_handed_on("answer")});
      }
    };
  }
}

} // namespace troupe::detail
