#pragma once

#include <concepts>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/fallback.hpp>
#include <troupe/tools/attempt.hpp>

namespace troupe::detail {

template <class F, class Req>
concept falls_back_on_request = std::invocable<const F&, const Req&, const error&>;
template <class F, class Req>
concept falls_back_on_error
    = !falls_back_on_request<F, Req> && std::invocable<const F&, const error&>;
template <class F, class Req>
concept falls_back_on_nothing
    = !falls_back_on_request<F, Req> && !falls_back_on_error<F, Req> && std::invocable<const F&>;

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
requires falls_back_on_error<F, Req>
struct instead<F, Req> {
  using type = std::invoke_result_t<const F&, const error&>;
};
template <class F, class Req>
requires falls_back_on_nothing<F, Req>
struct instead<F, Req> {
  using type = std::invoke_result_t<const F&>;
};

template <class F, class Resp>
concept repeats_answers = std::same_as<F, last_value_t> && std::copy_constructible<Resp>;
template <class F, class Req, class Resp>
concept makes_answers
    = other_than<F, last_value_t> && std::convertible_to<typename instead<F, Req>::type,
                                                         result<Resp>>;

/// Whether F can stand in for an answer.
template <class F, class Req, class Resp>
concept stands_in = repeats_answers<F, Resp> || makes_answers<F, Req, Resp>;

/// What a fallback gives in place of an answer.
template <class F, class Resp>
class fallback_state {
public:
  explicit fallback_state(const fallback<F>& policy) : instead_(policy.instead) {}

  // An answer that cannot be copied now is one nevertheless, and no last value.
  void note(const Resp& good) {
    if constexpr (std::same_as<F, last_value_t>) {
      const std::lock_guard lock{mutex_};
      try {
        latest_.emplace(good);
      } catch (...) {
        latest_.reset();
      }
    }
  }

  template <class Req>
  result<Resp> instead(const Req& request, const error& why) {
    try {
      return answer(request, why);
    } catch (...) {
      return tl::unexpected<error>{describe(std::current_exception())};
    }
  }

private:
  template <class Req>
  result<Resp> answer(const Req& request, const error& why) {
    const F& f = instead_;
    if constexpr (std::same_as<F, last_value_t>) {
      const std::lock_guard lock{mutex_};
      if (latest_)
        return *latest_;
      return tl::unexpected<error>{why};
    } else if constexpr (falls_back_on_request<F, Req>) {
      return f(request, why);
    } else if constexpr (falls_back_on_error<F, Req>) {
      return f(why);
    } else if constexpr (falls_back_on_nothing<F, Req>) {
      return f();
    } else {
      return f;
    }
  }

  F instead_;
  std::mutex mutex_;           // for what follows
  std::optional<Resp> latest_; // where it is the fallback
};

/// Answers in place of what failed.
template <class Resp, class State, class Next>
struct fallback_layer : layer<Resp, State, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    this->next.run(host, attempt,
                   [this, attempt, done = std::move(done)](result<Resp>&& r) mutable {
                     if (r)
                       this->state->note(*r);
                     if (r || r.error().code() == errc::cancelled)
                       done(std::move(r));
                     else
                       done(this->state->instead(attempt.request(), std::move(r).error()));
                   });
  }
};

} // namespace troupe::detail
