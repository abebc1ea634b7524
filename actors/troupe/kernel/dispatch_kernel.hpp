#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <troupe/kernel/item_kernel.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/link/outlet_set.hpp>
#include <troupe/policy/key_table.hpp>
#include <troupe/policy/turns.hpp>

namespace troupe::detail {

/// Decides for each single item where it goes; made anew for each run.
class dispatch_kernel {
public:
  dispatch_kernel() = default;
  dispatch_kernel(const dispatch_kernel&) = delete;
  dispatch_kernel& operator=(const dispatch_kernel&) = delete;
  virtual ~dispatch_kernel() = default;

  /// Deals out `in` from its cursor until it is used up or there is no room. May throw what the
  /// user's function throws: then the item at the cursor is at fault.
  virtual void step(batch_base& in, outlet_set& to) = 0;
  /// The item at the cursor, which is at fault.
  virtual item_view view(batch_base& in) const = 0;

  /// Where the receivers are workers: so many are to be used, of those that are left.
  virtual void resize(std::size_t) {}
  virtual void remove(std::size_t) {}
};

/// Each item to one receiver, which `Choose` names.
template <class T, class Choose>
class choosing_dispatch final : public dispatch_kernel {
public:
  explicit choosing_dispatch(Choose choose) : choose_(std::move(choose)) {}

  void step(batch_base& in, outlet_set& to) override {
    auto& items = static_cast<batch<T>&>(in).items;
    for (const auto size = items.size(); in.cursor < size; ++in.cursor) {
      auto& item = items[in.cursor];
      to.at(in.index_of(in.cursor));
      // An item that found no room has had its turn.
      if (!chosen_)
        chosen_ = choose_(std::as_const(item), to);
      if (to.wanted(*chosen_)) {
        auto* const out = static_cast<batch<T>*>(to.open(*chosen_));
        if (out == nullptr)
          return;
        out->items.push_back(std::move(item));
        if (Choose::scatters)
          out->indices.push_back(to.item());
        to.put(*chosen_, out->items.size() >= out->limit);
      } else {
        to.skip();
      }
      chosen_.reset();
    }
  }

  item_view view(batch_base& in) const override {
    return view_of(static_cast<batch<T>&>(in).items[in.cursor], true);
  }

  void resize(std::size_t n) override {
    choose_.resize(n);
    chosen_.reset();
  }
  void remove(std::size_t slot) override {
    choose_.remove(slot);
    // Not only that of the dead: the next item may be one that it left, instead of the
    // one chosen for.
    chosen_.reset();
  }

private:
  Choose choose_;
  std::optional<std::size_t> chosen_;
};

/// Workers in turn, by weight.
class choose_in_turn {
public:
  static constexpr bool scatters = true;
  explicit choose_in_turn(const std::vector<std::size_t>& weights) : weights_(weights) {}

  template <class T>
  std::size_t operator()(const T&, const outlet_set&) {
    return *turns_.pick([this](std::size_t i) { return active_[i]; });
  }
  void resize(std::size_t n);
  void remove(std::size_t slot);

private:
  std::vector<std::size_t> weights_;
  turns turns_;
  std::vector<bool> active_;
  std::vector<bool> gone_;
};

/// The worker that has this key.
template <class T>
class choose_by_key {
public:
  static constexpr bool scatters = true;
  explicit choose_by_key(std::function<std::size_t(const T&)> hash) : hash_(std::move(hash)) {}

  std::size_t operator()(const T& item, const outlet_set&) { return keys_.worker_of(hash_(item)); }
  void resize(std::size_t n) { keys_.resize(n); }
  void remove(std::size_t slot) { keys_.remove(slot); }

private:
  std::function<std::size_t(const T&)> hash_;
  key_table keys_{1};
};

/// The branch whose index the user's function names.
template <class T, class F>
class choose_branch {
public:
  static constexpr bool scatters = false;
  explicit choose_branch(F index) : index_(std::move(index)) {}

  std::size_t operator()(const T& item, const outlet_set& to) {
    const auto branch = static_cast<std::size_t>(std::invoke(index_, item));
    if (branch >= to.size())
      throw std::out_of_range("the function of the partition gave branch " + std::to_string(branch)
                              + ", needs 0 to " + std::to_string(to.size() - 1));
    return branch;
  }
  void resize(std::size_t) {}
  void remove(std::size_t) {}

private:
  F index_;
};

/// Every item to every branch that still wants it.
template <class T>
class copying_dispatch final : public dispatch_kernel {
public:
  void step(batch_base& in, outlet_set& to) override {
    auto& items = static_cast<batch<T>&>(in).items;
    for (const auto size = items.size(); in.cursor < size; ++in.cursor, next_ = 0) {
      to.at(in.index_of(in.cursor));
      for (; next_ < to.size(); ++next_) {
        if (!to.wanted(next_))
          continue;
        // The slowest sets the pace: the ones behind it wait with it.
        auto* const out = static_cast<batch<T>*>(to.open(next_));
        if (out == nullptr)
          return;
        out->items.push_back(std::as_const(items[in.cursor]));
        // In order means item by item: the branches' results for an item follow each other.
        to.put(next_, to.numbers(next_) || out->items.size() >= out->limit);
        copied_ = true;
      }
      if (!std::exchange(copied_, false))
        to.skip();
    }
  }

  item_view view(batch_base& in) const override {
    return view_of(static_cast<batch<T>&>(in).items[in.cursor], true);
  }

private:
  std::size_t next_ = 0;
  bool copied_ = false;
};

} // namespace troupe::detail
