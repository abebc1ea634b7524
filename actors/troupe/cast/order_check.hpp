#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/link/batch.hpp>

namespace troupe::detail {

/// Looks at a stream that is handed on in the order of its items: whether it is sorted as well.
class order_check {
public:
  order_check() = default;
  order_check(const order_check&) = delete;
  order_check& operator=(const order_check&) = delete;
  virtual ~order_check() = default;

  /// The first item of the next batch that belongs before the one ahead of it. May throw what the
  /// user's comparison throws.
  virtual std::optional<std::size_t> fault_in(batch_base& next) = 0;
};

/// Cost: a comparison an item, a copy of an item a batch. Where items cannot be copied, the last of
///       a batch is gone when the next one comes, and these two are not compared.
template <class T>
class sorted_check final : public order_check {
public:
  using comparison = std::function<bool(const T&, const T&)>;
  explicit sorted_check(comparison less) : less_(std::move(less)) {}

  std::optional<std::size_t> fault_in(batch_base& next) override {
    auto& items = static_cast<batch<T>&>(next).items;
    if (items.size() == 0)
      return std::nullopt;
    if constexpr (std::copy_constructible<T>) {
      if (last_ && less_(items[0], *last_))
        return 0;
    }
    for (std::size_t i = 1; i < items.size(); ++i)
      if (less_(items[i], items[i - 1]))
        return i;
    if constexpr (std::copy_constructible<T>)
      last_.emplace(std::as_const(items[items.size() - 1]));
    return std::nullopt;
  }

private:
  struct nothing {};

  comparison less_;
  std::conditional_t<std::copy_constructible<T>, std::optional<T>, nothing> last_;
};

} // namespace troupe::detail
