#pragma once

#include <concepts>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/detail/attempt.hpp>
#include <troupe/detail/call/layer.hpp>
#include <troupe/fallback.hpp>

namespace troupe::detail {

template <class F, class Req>
concept falls_back_on_request = std::invocable<const F&, const Req&, const error&>;
template <class F>
concept falls_back_on_error = std::invocable<const F&, const error&>;

/// What F gives in place of an answer.
template <class F, class Req>
struct instead {
  using type = const F&;
};
template <class F, class Req>
requires falls_back_on_request<F, Req>
struct instead<F, Req> {
  using type = std::invoke_result_t<const F&, const Req&, const error&>;
};
template <class F, class Req>
requires(!falls_back_on_request<F, Req> && falls_back_on_error<F>) struct instead<F, Req> {
  using type = std::invoke_result_t<const F&, const error&>;
};
template <class F, class Req>
requires(
    !falls_back_on_request<
        F, Req> && !falls_back_on_error<F> && std::invocable<const F&>) struct instead<F, Req> {
  using type = std::invoke_result_t<const F&>;
};

/// Whether F can stand in for an answer.
template <class F, class Req, class Resp>
concept stands_in
    = (std::same_as<F, last_value_t> && std::copy_constructible<Resp>)
      || (!std::same_as<
              F,
              last_value_t> && std::convertible_to<typename instead<F, Req>::type, result<Resp>>);

template <class F, class Resp>
struct fallback_state {
  F instead;
  std::mutex mutex = {};           // for what follows
  std::optional<Resp> latest = {}; // where it is the fallback

  explicit fallback_state(const fallback<F>& policy) : instead(policy.instead) {}
};

/// Answers in place of what failed.
template <class Resp, class F, class Next>
struct fallback_layer : layer<Resp, fallback_state<F, Resp>, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    this->next.run(host, attempt,
                   [this, attempt, done = std::move(done)](result<Resp>&& r) mutable {
                     if (r)
                       note(*r);
                     if (r || r.error().code() == errc::cancelled)
                       done(std::move(r));
                     else
                       done(instead(attempt, std::move(r).error()));
                   });
  }

private:
  // An answer that cannot be copied now is one nevertheless, and no last value.
  void note(const Resp& good) {
    if constexpr (std::same_as<F, last_value_t>) {
      const std::lock_guard lock{this->state->mutex};
      try {
        this->state->latest.emplace(good);
      } catch (...) {
        this->state->latest.reset();
      }
    }
  }

  template <class Attempt>
  result<Resp> instead(const Attempt& attempt, error why) {
    try {
      return answer(attempt, why);
    } catch (...) {
      return tl::unexpected<error>{describe(std::current_exception())};
    }
  }

  template <class Attempt>
  result<Resp> answer(const Attempt& attempt, const error& why) {
    const F& f = this->state->instead;
    if constexpr (std::same_as<F, last_value_t>) {
      const std::lock_guard lock{this->state->mutex};
      if (this->state->latest)
        return *this->state->latest;
      return tl::unexpected<error>{why};
    } else if constexpr (falls_back_on_request<F,
                                               std::remove_cvref_t<decltype(attempt.request())>>) {
      return f(attempt.request(), why);
    } else if constexpr (falls_back_on_error<F>) {
      return f(why);
    } else if constexpr (std::invocable<const F&>) {
      return f();
    } else {
      return f;
    }
  }
};

} // namespace troupe::detail
