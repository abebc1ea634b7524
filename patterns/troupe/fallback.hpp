#pragma once

#include <utility>

namespace troupe {

/// The answer before: what `fallback` gives while calls fail, once one has succeeded.
struct last_value_t {};
inline constexpr last_value_t last_value{};

/// What a `call` answers when all inside of it failed.
///
///     troupe::call("price", fetch, troupe::fallback(troupe::last_value), troupe::timeout{200ms})
///     troupe::call("price", fetch, troupe::fallback([](const order& o, const troupe::error&) {
///                                    return list_price(o);
///                                  }))
///
/// Shape:  a value, `last_value`, or a function of the request and the error, the error, or
///         nothing, which returns the response or a troupe::result of it.
/// Bound:  `last_value` keeps one response.
/// Errors: what the function returns or throws is the answer then; `last_value` without one leaves
///         the error as it is. A cancelled call is not answered in another way.
/// Cost:   the function runs on the actor of the call: short, and without waiting.
template <class F>
struct fallback {
  F instead;

  explicit fallback(F f) : instead(std::move(f)) {}
};

} // namespace troupe
