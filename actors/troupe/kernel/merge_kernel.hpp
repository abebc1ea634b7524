#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/kernel/item_account.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/link/link.hpp>
#include <troupe/policy/merge_order.hpp>

namespace troupe::detail {

/// Which inputs of a join behind a split have nothing, and get nothing before something else has
/// been handed on.
struct rest_record {
  std::uint64_t number;           ///< see `join_numbers`
  std::uint64_t asked = 0;        ///< with which it was last said upstream that something waits
  std::vector<bool> resting = {}; ///< by lane
};

/// What waits at the inputs of an item merger, as its merge_kernel sees it.
class lane_set {
public:
  lane_set(std::vector<inlet>& lanes, rest_record& rests, kernel_host& host, linked_actor& self)
      : lanes_(lanes), rests_(rests), host_(host), self_(self), counts_(host.counts()) {}

  std::size_t size() const noexcept { return lanes_.size(); }
  bool has(std::size_t lane) const { return !lanes_[lane].empty(); }
  /// Whether nothing is there and nothing will come.
  bool exhausted(std::size_t lane) const { return lanes_[lane].exhausted(); }
  /// Whether nothing is there, and nothing will come before something else has been handed on.
  bool rests(std::size_t lane) const { return rests_.resting[lane] && lanes_[lane].empty(); }

  template <class T>
  T& front(std::size_t lane) const {
    auto& b = static_cast<batch<T>&>(lanes_[lane].front());
    return b.items[b.cursor];
  }
  /// The front item of this lane has been handed on.
  void take(std::size_t lane) {
    counts_.deliver(1);
    advance(lane);
  }
  /// It is given up: a newer one has overtaken it.
  template <class T>
  void drop(std::size_t lane) {
    give_up(host_, loss::dropped, front<T>(lane), [] {
      return error{errc::overflow, {}, "a newer item has overtaken it"};
    });
    advance(lane);
  }
  /// It is of no use any more.
  void filter(std::size_t lane) {
    counts_.filter(1);
    advance(lane);
  }
  /// Whether it is the last one that has come so far.
  bool is_newest(std::size_t lane) const {
    return lanes_[lane].waiting() == 1 && lanes_[lane].front().left() == 1;
  }

private:
  void advance(std::size_t lane) {
    auto& in = lanes_[lane];
    if (++in.front().cursor < in.front().size())
      return;
    in.pop(self_);
    // A sender gets room: who rested may not any more.
    if (rests_.asked == rests_.number) {
      ++rests_.number;
      std::fill(rests_.resting.begin(), rests_.resting.end(), false);
    }
  }

  std::vector<inlet>& lanes_;
  rest_record& rests_;
  kernel_host& host_;
  linked_actor& self_;
  item_account& counts_;
};

/// Makes one stream of several, item by item; made anew for each run.
class merge_kernel {
public:
  merge_kernel() = default;
  merge_kernel(const merge_kernel&) = delete;
  merge_kernel& operator=(const merge_kernel&) = delete;
  virtual ~merge_kernel() = default;

  /// Hands on what can be, until `out` is full. False: nothing more can ever come out.
  virtual bool step(lane_set& in, batch_base& out) = 0;
  /// Whether it needs an input that has shown nothing, while others have.
  virtual bool waits() const noexcept { return false; }
};

/// One lane after the other, as a `merge_order` says.
template <class T>
class turn_merge final : public merge_kernel {
public:
  explicit turn_merge(merge_order order) : order_(std::move(order)) {}

  bool step(lane_set& in, batch_base& out) override {
    while (order_.size() < in.size()) // workers that joined later
      order_.add();
    auto& items = static_cast<batch<T>&>(out).items;
    while (items.size() < out.limit) {
      const auto lane = order_.pick([&](std::size_t i) { return in.has(i); });
      if (!lane)
        break;
      items.push_back(std::move(in.front<T>(*lane)));
      in.take(*lane);
    }
    return true;
  }

private:
  merge_order order_;
};

/// Sorted lanes into one sorted stream: the least of the front items, once every lane that has not
/// ended shows one. Of equal items, that of the earlier lane comes first.
///
/// A lane that rests is passed over. Should it then bring something that belongs before what was
/// handed on meanwhile, that is an error; likewise to pass it over where items cannot be copied.
template <class T>
class sorted_merge final : public merge_kernel {
public:
  using comparison = std::function<bool(const T&, const T&)>;
  explicit sorted_merge(comparison less) : less_(std::move(less)) {}

  bool step(lane_set& in, batch_base& out) override {
    auto& items = static_cast<batch<T>&>(out).items;
    const auto later = [&](std::size_t a, std::size_t b) { return comes_after(in, a, b); };
    bool passed_over = false; // when the last item was handed on
    while (items.size() < out.limit && all_shown(in, later) && !heap_.empty()) {
      check(in.front<T>(heap_.front()));
      passed_over = passed_over_;
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const auto lane = heap_.back();
      heap_.pop_back();
      shown_[lane] = false;
      items.push_back(std::move(in.front<T>(lane)));
      in.take(lane);
      changed_ = lane;
    }
    if (passed_over)
      remember(items[items.size() - 1]);
    return true;
  }

  bool waits() const noexcept override { return missing_ > 0 && !heap_.empty(); }

private:
  bool comes_after(lane_set& in, std::size_t a, std::size_t b) const {
    const auto& x = in.front<T>(a);
    const auto& y = in.front<T>(b);
    if (less_(x, y))
      return false;
    return less_(y, x) || a > b;
  }

  // Usually only the lane that gave the last item has to show its next.
  template <class Later>
  bool all_shown(lane_set& in, Later later) {
    if (const auto lane = std::exchange(changed_, std::nullopt);
        lane && missing_ == 0 && !passed_over_ && shown_.size() == in.size()) {
      if (show(in, *lane, later))
        return true;
    }
    missing_ = 0;
    passed_over_ = false;
    shown_.resize(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (shown_[i] || show(in, i, later) || in.exhausted(i))
        continue;
      if (in.rests(i))
        passed_over_ = true;
      else
        ++missing_;
    }
    return missing_ == 0;
  }

  template <class Later>
  bool show(lane_set& in, std::size_t lane, Later later) {
    if (!in.has(lane))
      return false;
    shown_[lane] = true;
    heap_.push_back(lane);
    std::push_heap(heap_.begin(), heap_.end(), later);
    return true;
  }

  void check(const T& next) {
    if constexpr (std::copy_constructible<T>) {
      if (last_ && less_(next, *last_))
        throw std::runtime_error(
            "an input that had nothing while the buffers of another were full brought an item that "
            "belongs before one handed on meanwhile; give its branches buffers that cover the "
            "difference");
      if (!passed_over_)
        last_.reset();
    } else if (passed_over_) {
      throw std::runtime_error(
          "an input has nothing while the buffers of another are full; give its branches buffers "
          "that cover the difference, or items that can be copied");
    }
  }

  void remember([[maybe_unused]] const T& item) {
    if constexpr (std::copy_constructible<T>)
      last_.emplace(item);
  }

  struct nothing {};

  comparison less_;
  std::vector<std::size_t> heap_;
  std::vector<bool> shown_;
  std::optional<std::size_t> changed_;
  std::size_t missing_ = 1; ///< lanes that may yet have something smaller
  bool passed_over_ = false;
  /// What was handed on last, since a lane was passed over.
  std::conditional_t<std::copy_constructible<T>, std::optional<T>, nothing> last_;
};

/// The newest item of each lane in turn; what it has overtaken is dropped.
template <class T>
class latest_merge final : public merge_kernel {
public:
  bool step(lane_set& in, batch_base& out) override {
    auto& items = static_cast<batch<T>&>(out).items;
    for (std::size_t idle = 0; idle < in.size() && items.size() < out.limit; ++idle) {
      next_ = next_ + 1 < in.size() ? next_ + 1 : 0;
      if (!in.has(next_))
        continue;
      while (!in.is_newest(next_))
        in.drop<T>(next_);
      items.push_back(std::move(in.front<T>(next_)));
      in.take(next_);
      idle = 0;
    }
    return true;
  }

private:
  std::size_t next_ = 0;
};

/// Pairs of the n-th items of two lanes. What is over at the end counts as filtered.
template <class A, class B>
class zip_merge final : public merge_kernel {
public:
  bool step(lane_set& in, batch_base& out) override {
    auto& items = static_cast<batch<std::pair<A, B>>&>(out).items;
    while (items.size() < out.limit && in.has(0) && in.has(1)) {
      items.push_back(std::pair<A, B>{std::move(in.front<A>(0)), std::move(in.front<B>(1))});
      in.take(0);
      in.take(1);
    }
    return !in.exhausted(0) && !in.exhausted(1);
  }
};

} // namespace troupe::detail
