#pragma once

#include <version>

#ifdef __cpp_impl_coroutine

#include <coroutine>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

namespace troupe {

/// A function that yields values one at a time and runs only as far as it is asked.
///
///     troupe::generator<int> count(int n) { for (int i = 0; i < n; ++i) co_yield i; }
///     for (int i : count(3)) …          troupe::generate("count", [] { return count(3); })
///
/// Shape:  move-only; one pass, by `next()` or as an input range.
/// Bound:  holds one value.
/// Errors: what the function throws comes out of `next()`, which ends it.
template <class T>
class generator {
public:
  struct promise_type {
    generator get_return_object() {
      return generator{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(T value) {
      current.emplace(std::move(value));
      return {};
    }
    static void return_void() noexcept {}
    void unhandled_exception() { failure = std::current_exception(); }

    std::optional<T> current;
    std::exception_ptr failure;
  };

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(generator* g) : generator_(g), value_(g->next()) {}
    T& operator*() const { return *value_; }
    iterator& operator++() {
      value_ = generator_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !value_; }

  private:
    generator* generator_ = nullptr;
    mutable std::optional<T> value_;
  };

  generator(generator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  generator& operator=(generator&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~generator() {
    if (handle_)
      handle_.destroy();
  }

  /// The next value; empty when the function has ended.
  std::optional<T> next() {
    if (!handle_ || handle_.done())
      return std::nullopt;
    auto& promise = handle_.promise();
    promise.current.reset();
    handle_.resume();
    if (promise.failure)
      std::rethrow_exception(std::exchange(promise.failure, nullptr));
    return std::exchange(promise.current, std::nullopt);
  }

  iterator begin() { return iterator{this}; }
  static std::default_sentinel_t end() noexcept { return {}; }

private:
  explicit generator(std::coroutine_handle<promise_type> h) : handle_(h) {}

  std::coroutine_handle<promise_type> handle_;
};

} // namespace troupe

#endif
