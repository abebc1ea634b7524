#pragma once

#include <any>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/detail/invoke.hpp>
#include <troupe/kernel/kernel.hpp>

namespace troupe::detail {

/// Stands in for the output of operations that have none.
struct no_output {};

/// Where an operation puts its results: room for at least one, and `full` says when to stop. Keeps
/// its place in a register and tells the batch at the end.
template <class U>
class emitter {
public:
  explicit emitter(batch_base* out)
      : items_(static_cast<batch<U>*>(out)->items), next_(items_.end()),
        limit_(items_.begin() + out->limit) {}
  emitter(const emitter&) = delete;
  emitter& operator=(const emitter&) = delete;
  ~emitter() { items_.grew_to(next_); }

  template <class V>
  void operator()(V&& item) {
    std::construct_at(next_, std::forward<V>(item));
    ++next_;
  }
  bool full() const noexcept { return next_ >= limit_; }

private:
  item_array<U>& items_;
  U* next_;
  U* limit_;
};

template <>
class emitter<no_output> {
public:
  explicit emitter(batch_base* /*none*/) {}
  static constexpr bool full() noexcept { return false; }
};

template <class T>
concept printable = requires(std::ostream& out, const T& item) {
  out << item;
};

template <class T>
item_view view_of(T& item, bool kept) {
  item_view view;
  view.kept = kept;
  view.prints = printable<T>;
  if constexpr (std::copy_constructible<T>)
    view.copy = [&item] { return std::any{item}; };
  else
    view.copy = [&item] { return std::any{std::make_shared<T>(std::move(item))}; };
  view.print = [&item, kept]() -> std::string {
    if constexpr (printable<T>) {
      if (kept) {
        std::ostringstream text;
        text << item;
        return std::move(text).str();
      }
    }
    return {};
  };
  return view;
}

/// The same for an item that stays with whom it belongs to: it may be copied, never moved from.
template <class T>
item_view glimpse_of(T& item) {
  auto view = view_of(item, true);
  if (!std::copy_constructible<T>)
    view.copy = nullptr;
  return view;
}

/// For an operation that gives up an intact item: counts it as dropped or shed, and shows it to
/// whom it may concern, with the error that `why()` makes.
template <class T, class Why>
disposition give_up(kernel_host& host, loss what, T& item, Why why) {
  if (what == loss::shed)
    host.counts().shed(1);
  else
    host.counts().drop(1);
  if (host.shows(what))
    host.show(why(), view_of(item, true));
  return disposition::held; // counted already
}

/// Calls a user function on an item, giving it away unless it must be kept.
template <class F, class T>
decltype(auto) call_on(F& f, T& item, bool keep, context& ctx) {
  using handover = handover_t<F, T>;
  if constexpr (std::same_as<handover, const T&>)
    return call(f, std::as_const(item), ctx);
  else if constexpr (callable_with<F, const T&> && std::copy_constructible<T>)
    return keep ? call(f, std::as_const(item), ctx) : call(f, std::move(item), ctx);
  else
    return call(f, std::move(item), ctx);
}

/// Whether `call_on` with `keep` leaves the item intact.
template <class F, class T>
inline constexpr bool can_keep
    = callable_with<
          F, const T&> && (std::copy_constructible<T> || std::same_as<handover_t<F, T>, const T&>);

/// Puts a function's answer where it belongs, looking through optional and result.
template <class Answer, class Emit>
disposition settle(Answer&& answer, Emit& emit, std::optional<item_fault>& fault) {
  using plain = std::remove_cvref_t<Answer>;
  if constexpr (is_result<plain>) {
    if (!answer) {
      fault.emplace(item_fault{std::forward<Answer>(answer).error()});
      return disposition::failed;
    }
    if constexpr (std::is_void_v<typename plain::value_type>)
      return disposition::delivered;
    else
      return settle(*std::forward<Answer>(answer), emit, fault);
  } else if constexpr (is_optional<plain>) {
    return answer ? settle(*std::forward<Answer>(answer), emit, fault) : disposition::filtered;
  } else {
    if constexpr (std::invocable<Emit&, Answer>)
      emit(std::forward<Answer>(answer));
    return disposition::delivered;
  }
}

/// Runs an operation over the items of a batch, one after the other, and sees to errors, counting
/// and timing, so that an operation is only what it does to one item:
///
///     struct op {
///       using input = T; using output = U;   // or no_output
///       disposition operator()(T& item, emitter<U>& emit, kernel_host& host);
///     };
///
/// An operation may derive from `faulty` to return errors, have `keeps()` to say that a failed item
/// is intact, `view(item, kept)` to show another thing than the item to the dead-letter sink, and
/// have `begin_batch`, called before the first item of each `step`, and `finish` / `due` / `expire`
/// / `wants_nothing` like `kernel`.
template <class Op>
class item_kernel final : public kernel {
  using input = typename Op::input;
  using output = typename Op::output;

public:
  explicit item_kernel(Op op) : op_(std::move(op)) {}

  bool step(batch_base& in, batch_base* out, kernel_host& host) override {
    auto& items = static_cast<batch<input>&>(in).items;
    if constexpr (requires { op_.begin_batch(); })
      op_.begin_batch();
    while (in.left() > 0 && !host.halted()) {
      auto fault = run_caught(in, items, out, host);
      if (!fault)
        return false;
      const auto [stays, renew] = host.failed(std::move(*fault), in, view(items[in.cursor]));
      if (!stays)
        ++in.cursor;
      if (stays || renew || (out != nullptr && out->size() >= out->limit))
        return renew;
    }
    return false;
  }

  bool finish(batch_base* out, kernel_host& host) override {
    if constexpr (requires(emitter<output> & e) { op_.finish(e, host); }) {
      emitter<output> emit{out};
      return op_.finish(emit, host);
    } else {
      return true;
    }
  }

  std::optional<time_point> due() const override {
    if constexpr (requires { op_.due(); })
      return op_.due();
    else
      return std::nullopt;
  }

  void expire(time_point now, batch_base* out, kernel_host& host) override {
    if constexpr (requires(emitter<output> & e) { op_.expire(now, e, host); }) {
      emitter<output> emit{out};
      op_.expire(now, emit, host);
    }
  }

  bool wants_nothing() const noexcept override {
    if constexpr (requires { op_.wants_nothing(); })
      return op_.wants_nothing();
    else
      return false;
  }

  void keep_items() override {
    if constexpr (requires { op_.keep = true; })
      op_.keep = true;
  }

private:
  item_view view(input& item) const {
    if constexpr (requires { op_.view(item, true); })
      return op_.view(item, keeps());
    else
      return view_of(item, keeps());
  }

  bool keeps() const {
    if constexpr (requires { op_.keeps(); })
      return op_.keeps();
    else
      return false;
  }

  // What the loop has done so far, booked on every way out of it, exceptions included.
  struct tally {
    batch_base& in;
    item_account& counts;
    std::size_t cursor;
    std::uint64_t delivered = 0;
    std::uint64_t filtered = 0;
    ~tally() {
      in.cursor = cursor;
      counts.deliver(delivered);
      counts.filter(filtered);
    }
  };

  // Why the item at the cursor failed; empty: it did not, or there is none.
  std::optional<item_fault> run_caught(batch_base& in, item_array<input>& items, batch_base* out,
                                       kernel_host& host) {
    try {
      const bool stopped
          = host.times_items() ? run<true>(in, items, out, host) : run<false>(in, items, out, host);
      if constexpr (requires { op_.fault; })
        if (stopped && op_.fault)
          return std::exchange(op_.fault, std::nullopt);
      return std::nullopt;
    } catch (...) {
      return caught();
    }
  }

  // False: the item at the cursor is not finished. True: stopped or at the end.
  template <bool Timed>
  bool run(batch_base& in, item_array<input>& items, batch_base* out, kernel_host& host) {
    // Quick items are begun a few at a time without asking whether the run still wants them.
    constexpr std::size_t ask_every = Timed ? 1 : 16;
    emitter<output> emit{out};
    tally done{in, host.counts(), in.cursor};
    const auto size = items.size();
    time_point began;
    if constexpr (Timed)
      began = host.now();
    for (; done.cursor < size && !emit.full(); ++done.cursor) {
      if (done.cursor % ask_every == 0 && host.halted())
        break;
      const auto what = op_(items[done.cursor], emit, host);
      if (what == disposition::delivered)
        ++done.delivered;
      else if (what == disposition::filtered)
        ++done.filtered;
      else if (what != disposition::held)
        return what == disposition::failed;
      if constexpr (Timed) {
        const auto ended = host.now();
        host.took(ended - began, ended);
        began = ended;
      }
    }
    return true;
  }

  Op op_;
};

/// For operations whose function may return an error.
struct faulty {
  std::optional<item_fault> fault;
};

} // namespace troupe::detail
