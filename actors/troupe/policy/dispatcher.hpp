#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

/// Picks the worker that gets the next batch.
///
///     troupe::dispatcher to{troupe::dispatcher::rule::least_loaded};
///     to.add(); to.add();
///     if (const auto worker = to.pick(2)) to.sent(*worker, batch.size());
///     to.returned(*worker, batch.size());
///
/// round_robin:  in turn; over time every worker is given the same number of items.
/// weighted:     the same in proportion to the weights.
/// least_loaded: fewest items queued and in flight; ties to the one that is idle for longest.
/// power_of_two: the less loaded of two that are drawn at random.
/// on_demand:    whoever has been asking for longest.
///
/// Shape:  a plain value. Workers are slots 0, 1, …; one that is parked gets nothing until it is
///         needed again, one that is removed never does.
/// Bound:  no worker has more than `most` batches. `pick` is empty when nobody may have one: with
///         round_robin and weighted also when the one whose turn it is has that many.
/// Errors: none; returning more than was sent is a programming error.
/// Source: stride scheduling (Waldspurger) for the shares; Mitzenmacher for the two choices.
class dispatcher {
public:
  enum class rule { round_robin, weighted, least_loaded, power_of_two, on_demand };

  /// `weights` are those of the first slots; a further one has weight 1.
  explicit dispatcher(rule r, std::vector<std::size_t> weights = {}, std::uint64_t seed = 1)
      : rule_(r), weights_(std::move(weights)), random_(seed == 0 ? 1 : seed) {}

  std::size_t add() {
    slot s;
    s.state = state::parked;
    s.weight = static_cast<double>(slots_.size() < weights_.size() ? weights_[slots_.size()] : 1);
    slots_.push_back(s);
    wake(slots_.size() - 1);
    return slots_.size() - 1;
  }

  /// Not to be picked, whatever `resize` says, until it is released.
  void hold(std::size_t i) { slots_[i].state = state::held; }
  void release(std::size_t i) { slots_[i].state = state::parked; }

  /// The first `n` of the workers that are left are active, the others parked.
  void resize(std::size_t n) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].state == state::gone || slots_[i].state == state::held)
        continue;
      if (n == 0) {
        slots_[i].state = state::parked;
      } else {
        wake(i);
        --n;
      }
    }
  }

  /// The worker is gone, with what it had.
  void remove(std::size_t i) {
    busy_ -= slots_[i].batches > 0 ? 1 : 0;
    slots_[i] = {};
    slots_[i].state = state::gone;
  }

  std::optional<std::size_t> pick(std::size_t most) {
    switch (rule_) {
    case rule::round_robin:
    case rule::weighted:
      return whose_turn(most);
    case rule::power_of_two:
      return of_two(most);
    case rule::least_loaded:
    case rule::on_demand:
      break;
    }
    return best(most, [this](const slot& a, const slot& b) { return before(a, b); });
  }

  void sent(std::size_t i, std::size_t items) {
    auto& s = slots_[i];
    busy_ += s.batches++ == 0 ? 1 : 0;
    s.items += items;
    s.share += static_cast<double>(items) / s.weight;
    s.asked = ++events_;
  }

  void returned(std::size_t i, std::size_t items) {
    auto& s = slots_[i];
    assert(s.batches > 0 && items <= s.items);
    busy_ -= --s.batches == 0 ? 1 : 0;
    s.items -= items;
    s.asked = ++events_;
  }

  std::size_t active() const {
    return static_cast<std::size_t>(std::count_if(
        slots_.begin(), slots_.end(), [](const slot& s) { return s.state == state::active; }));
  }
  /// Workers that have something to do.
  std::size_t busy() const noexcept { return busy_; }
  bool settled() const noexcept { return busy_ == 0; }
  bool is_gone(std::size_t i) const { return slots_[i].state == state::gone; }
  std::size_t size() const noexcept { return slots_.size(); }

private:
  enum class state : std::uint8_t { active, parked, held, gone };

  struct slot {
    std::size_t batches = 0;
    std::size_t items = 0;
    std::uint64_t asked = 0; ///< when it last changed; smaller: is waiting for longer
    double share = 0;        ///< items given so far, by weight
    double weight = 1;
    dispatcher::state state = state::active;
  };

  bool may_have(const slot& s, std::size_t most) const {
    return s.state == state::active && s.batches < most;
  }

  // Whoever joins late is owed nothing for the time before.
  void wake(std::size_t i) {
    if (slots_[i].state != state::parked)
      return;
    std::optional<double> least;
    for (const auto& s : slots_)
      if (s.state == state::active)
        least = std::min(least.value_or(s.share), s.share);
    slots_[i].share = std::max(slots_[i].share, least.value_or(0));
    slots_[i].state = state::active;
  }

  bool before(const slot& a, const slot& b) const {
    if (rule_ == rule::on_demand)
      return a.batches != b.batches ? a.batches < b.batches : a.asked < b.asked;
    return a.items != b.items ? a.items < b.items : a.asked < b.asked;
  }

  template <class Before>
  std::optional<std::size_t> best(std::size_t most, Before is_before) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (may_have(slots_[i], most) && (!found || is_before(slots_[i], slots_[*found])))
        found = i;
    return found;
  }

  std::optional<std::size_t> whose_turn(std::size_t most) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].state == state::active && (!found || slots_[i].share < slots_[*found].share))
        found = i;
    return found && may_have(slots_[*found], most) ? found : std::nullopt;
  }

  // Of two that may have it, so that a pair of busy ones does not hold up the rest.
  std::optional<std::size_t> of_two(std::size_t most) {
    std::size_t able = 0;
    for (const auto& s : slots_)
      able += may_have(s, most) ? 1 : 0;
    if (able == 0)
      return std::nullopt;
    const auto a = nth_able(below(able), most);
    const auto b = nth_able(below(able), most);
    return before(slots_[b], slots_[a]) ? b : a;
  }

  std::size_t nth_able(std::size_t n, std::size_t most) const {
    for (std::size_t i = 0;; ++i)
      if (may_have(slots_[i], most) && n-- == 0)
        return i;
  }

  // xorshift: a draw per batch need not be better than that.
  std::size_t below(std::size_t n) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<std::size_t>(random_ % n);
  }

  rule rule_;
  std::vector<std::size_t> weights_;
  std::vector<slot> slots_;
  std::uint64_t random_;
  std::uint64_t events_ = 0;
  std::size_t busy_ = 0;
};

} // namespace troupe
