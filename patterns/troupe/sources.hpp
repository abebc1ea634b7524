#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/detail/views.hpp>
#include <troupe/flow.hpp>
#include <troupe/generator.hpp>
#include <troupe/kernel/item_kernel.hpp>

namespace troupe {

struct produce_options {
  count producers = 1;           ///< actors that call the function, each with its own copy
  count buffer = default_buffer; ///< most items on the edge out of the source
  troupe::thread thread = troupe::thread::shared; ///< own: for a function that blocks
};

struct source_options {
  count buffer = default_buffer;
  troupe::thread thread = troupe::thread::shared;
};

namespace detail {

inline node source_node(std::string name, std::string_view what, const produce_options& o) {
  node n;
  n.name = std::move(name);
  n.what = what;
  n.workers = o.producers;
  n.buffer = o.buffer;
  n.thread = o.thread;
  return n;
}

/// Calls `f`; while this lives, the state of a small and simple one is a local variable, so that
/// the compiler can keep it in registers. A counter in memory costs more than all else
/// around an item.
template <class F>
class local_state {
  // Of one without members there is nothing to copy but a byte that nobody has written.
  static constexpr bool copies
      = std::is_trivially_copyable_v<
            F> && std::is_copy_constructible_v<F> && !std::is_empty_v<F> && sizeof(F) <= 64;

public:
  explicit local_state(F& f) : home_(f), f_(f) {}
  local_state(const local_state&) = delete;
  local_state& operator=(const local_state&) = delete;
  ~local_state() {
    if constexpr (copies) // closures cannot be assigned
      std::memcpy(static_cast<void*>(&home_), &f_, sizeof(F));
  }

  decltype(auto) operator()() { return f_(); }

private:
  F& home_;
  std::conditional_t<copies, F, F&> f_;
};

/// Asks a function for one item after the other until it has no more.
template <class T, class Next>
class pulling_source final : public source_kernel {
public:
  explicit pulling_source(Next next) : next_(std::move(next)) {}

  supply fill(batch_base& out, kernel_host& host) override {
    emitter<T> emit{&out};
    local_state<Next> next{next_};
    for (std::size_t i = 0; !emit.full(); ++i) {
      // A slow function is asked for one item at a time, so this is often enough.
      if (i % 16 == 0 && host.halted())
        break;
      std::optional<T> item = next();
      if (!item)
        return supply::ended;
      emit(std::move(*item));
    }
    return supply::more;
  }

private:
  Next next_;
};

template <class T, class Next>
std::unique_ptr<source_kernel> pull(Next next) {
  return std::make_unique<pulling_source<T, Next>>(std::move(next));
}

/// Walks over a range that several runs may share.
template <class R>
class range_source final : public source_kernel {
  using item = std::ranges::range_value_t<R>;
  static constexpr bool shares = std::ranges::input_range<const R> && std::copy_constructible<item>;
  using walked = std::conditional_t<shares, const R, R>;

public:
  explicit range_source(std::shared_ptr<walked> range)
      : range_(std::move(range)), at_(std::ranges::begin(*range_)) {}

  supply fill(batch_base& out, kernel_host& host) override {
    auto& items = static_cast<batch<item>&>(out).items;
    const auto end = std::ranges::end(*range_);
    for (auto room = out.limit - items.size(); room > 0 && !host.halted(); --room, ++at_) {
      if (at_ == end)
        return supply::ended;
      if constexpr (std::copy_constructible<item>)
        items.push_back(*at_);
      else
        items.push_back(element_at<walked>(at_));
    }
    return at_ == end ? supply::ended : supply::more;
  }

  /// Each run's view of the blueprint's range.
  static auto maker(R range) {
    if constexpr (shares)
      return [kept = std::make_shared<const R>(std::move(range))] { return kept; };
    else if constexpr (std::copy_constructible<R> && std::copy_constructible<item>)
      return [kept = std::move(range)] { return std::make_shared<R>(kept); };
    else
      return [kept = std::make_shared<std::shared_ptr<R>>(std::make_shared<R>(std::move(range)))] {
        if (*kept == nullptr)
          throw std::logic_error(
              "items that can only be moved can be sent once: this flow has been "
              "started before");
        return std::exchange(*kept, nullptr);
      };
  }

private:
  std::shared_ptr<walked> range_;
  std::ranges::iterator_t<walked> at_;
};

class tick_source final : public source_kernel {
public:
  explicit tick_source(duration period) : period_(period) {}

  supply fill(batch_base& out, kernel_host& host) override;
  std::optional<time_point> due() const override { return next_; }

private:
  duration period_;
  std::optional<time_point> next_;
  std::uint64_t tick_ = 0;
};

template <class F>
struct made_by {
  using type = invalid;
};
template <std::invocable F>
struct made_by<F> : std::invoke_result<F&> {};

template <class Answer, class T>
concept ends_with = is_optional<Answer> && other_than<Answer, T>;

template <class F, class... Argument>
using produced_t = std::remove_cvref_t<std::invoke_result_t<F, Argument...>>;
template <class F, class T, class... Argument>
concept produces = std::is_invocable_r_v<std::optional<T>, F, Argument...>;

/// Whether the function gives items until an answer is empty. One that always gives a T would never
/// end, though every T converts to an optional.
template <class T, class F, class... Argument>
concept can_end = produces<F, T, Argument...> && ends_with<produced_t<F, Argument...>, T>;

void check_period(const std::string& name, duration period);

} // namespace detail

/// Begins a flow with what `fn` makes: std::optional<T>(), or std::optional<T>(std::size_t
/// producer) to tell several producers apart. An empty answer ends that producer, the flow ends
/// with the last.
///
///     auto ids = troupe::produce<int>("ids", [n = 0]() mutable { return std::optional{n++}; })
///
/// Shape:  flow<T>; one actor a producer, each with its own copy of fn, made anew for each run;
///         more than one: a merger, which keeps each producer's order.
/// Bound:  fn is called only while there is demand: `buffer` items are on the edge at most.
/// Errors: a throw fails the run.
template <class T, class F>
flow<T> produce(std::string name, F fn, produce_options options = {}) {
  auto n = detail::source_node(std::move(name), "produce", options);
  if constexpr (detail::can_end<T, F&>) {
    n.source.make = [fn](std::size_t, caf::actor_system&) { return detail::pull<T>(fn); };
  } else if constexpr (detail::can_end<T, F&, std::size_t>) {
    n.source.make = [fn](std::size_t producer, caf::actor_system&) {
      return detail::pull<T>([fn, producer]() mutable { return std::invoke(fn, producer); });
    };
  } else {
    static_assert(detail::never<F>,
                  "troupe: produce<T> needs a function that returns std::optional<T> "
                  "and takes nothing, or the producer's index");
  }
  return detail::begin_flow<T>(std::move(n));
}

/// Begins a flow with the elements of a range, which is copied (or moved) into the blueprint.
///
/// Shape:  flow<T>; one actor; in order; each run starts from the beginning. Elements that can only
///         be moved are sent once: a second run of the same flow fails and says so.
template <std::ranges::input_range R>
flow<std::ranges::range_value_t<R>> from(std::string name, R&& range, source_options options = {}) {
  using kept = std::remove_cvref_t<R>;
  using source = detail::range_source<kept>;
  static_assert(detail::yields_items<kept>,
                "troupe: the range of this from only shows its elements, which cannot be copied; "
                "give it a range that owns them");
  auto n = detail::source_node(std::move(name), "from",
                               {.buffer = options.buffer, .thread = options.thread});
  n.source.make = [next = source::maker(std::forward<R>(range))](std::size_t, caf::actor_system&) {
    return std::make_unique<source>(next());
  };
  return detail::begin_flow<std::ranges::range_value_t<R>>(std::move(n));
}

/// Begins a flow with 0, 1, 2, … every `period`, for ever: ends by `drain`, `stop` or `take`.
///
/// Shape:  flow<std::uint64_t>; one actor; the first tick one period after the start.
/// Bound:  without demand a tick is not made; the next one's number tells how many were missed.
/// Units:  period > 0; by the system's clock.
inline flow<std::uint64_t> ticks(std::string name, time_span period, source_options options = {}) {
  detail::check_period(name, period);
  auto n = detail::source_node(std::move(name), "ticks",
                               {.buffer = options.buffer, .thread = options.thread});
  n.source.make = [period](std::size_t, caf::actor_system&) {
    return std::make_unique<detail::tick_source>(period);
  };
  return detail::begin_flow<std::uint64_t>(std::move(n));
}

/// Begins a flow with what a generator yields, or a function returning std::optional<T> makes.
///
///     troupe::generate("count", [] { return count(3); })       // generator<int> count(int n)
///
/// Shape:  flow<T>; one actor; `fn` is called anew for each run.
/// Bound:  it runs only while there is demand.
/// Errors: a throw fails the run.
template <class F>
auto generate(std::string name, F fn, source_options options = {}) {
  using made = typename detail::made_by<F>::type;
  const produce_options wider{.buffer = options.buffer, .thread = options.thread};
  if constexpr (requires {
                  typename detail::unwrapped<made>;
                  requires detail::is_optional<made>;
                }) {
    return produce<typename made::value_type>(std::move(name), std::move(fn), wider);
#ifdef __cpp_impl_coroutine
  } else if constexpr (requires(made & g) {
                         {
                           g.next()
                           } -> std::same_as<std::optional<typename made::iterator::value_type>>;
                       }) {
    using item = typename made::iterator::value_type;
    auto n = detail::source_node(std::move(name), "generate", wider);
    n.source.make = [fn](std::size_t, caf::actor_system&) {
      // A coroutine made by a lambda refers to the lambda's captures.
      auto kept = std::make_shared<F>(fn);
      return detail::pull<item>([kept, g = (*kept)()]() mutable { return g.next(); });
    };
    return detail::begin_flow<item>(std::move(n));
#endif
  } else {
    static_assert(detail::never<F>, "troupe: generate needs a function that returns "
                                    "troupe::generator<T> or std::optional<T>");
    return flow<detail::invalid>{};
  }
}

} // namespace troupe
