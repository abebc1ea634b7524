#pragma once

#include <any>
#include <functional>
#include <memory>
#include <utility>

#include <troupe/detail/invoke.hpp>

namespace troupe {

/// What became of an item that was offered to an inbox.
enum class offer_result { accepted, dropped, full, closed };

/// What a full inbox does with one item more.
///
/// backpressure:  the offer is answered `full`; `push` waits for room.
/// drop_oldest:   the item that waits longest makes room.
/// drop_newest:   the item that came last makes room.
/// drop_incoming: the offered item is given up, and the offer answered `dropped`.
/// drop_all:      all waiting items make room.
/// fail:          the run fails with errc::overflow.
/// shed:          the offer is answered `full`, also by `push`, and counted as shed.
/// redirect(f):   the offered item goes to f, and the offer is answered `dropped`.
class overflow {
public:
  enum class action {
    backpressure,
    drop_oldest,
    drop_newest,
    drop_incoming,
    drop_all,
    fail,
    shed,
    redirect
  };

  static const overflow backpressure;
  static const overflow drop_oldest;
  static const overflow drop_newest;
  static const overflow drop_incoming;
  static const overflow drop_all;
  static const overflow fail;
  static const overflow shed;

  /// `f` names its item type in its parameter.
  template <class F>
  static overflow redirect(F f) {
    static_assert(detail::has_signature<F>,
                  "troupe: redirect needs a function whose parameter names "
                  "the item type");
    overflow result{action::redirect};
    using item = detail::parameter_t<F>;
    result.target_ = std::make_shared<const std::any>(std::function<void(item)>{std::move(f)});
    return result;
  }

  action chosen() const noexcept { return action_; }

  /// The function of `redirect`; null if there is none for this item type.
  template <class T>
  const std::function<void(T)>* target() const noexcept {
    return target_ == nullptr ? nullptr : std::any_cast<std::function<void(T)>>(target_.get());
  }

private:
  constexpr explicit overflow(action a) noexcept : action_(a) {}

  action action_;
  std::shared_ptr<const std::any> target_;
};

inline constinit const overflow overflow::backpressure{overflow::action::backpressure};
inline constinit const overflow overflow::drop_oldest{overflow::action::drop_oldest};
inline constinit const overflow overflow::drop_newest{overflow::action::drop_newest};
inline constinit const overflow overflow::drop_incoming{overflow::action::drop_incoming};
inline constinit const overflow overflow::drop_all{overflow::action::drop_all};
inline constinit const overflow overflow::fail{overflow::action::fail};
inline constinit const overflow overflow::shed{overflow::action::shed};

} // namespace troupe
