#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <troupe/policy/turns.hpp>

namespace troupe {

/// Which of several inputs a merger takes its next item from, given which of them have one.
///
///     troupe::merge_order next{troupe::merge_order::rule::priority, 2};
///     next.pick([&](std::size_t input) { return !waiting[input].empty(); });
///
/// round_robin: the next one in turn that has an item.
/// weighted:    in turn by weight; 6, 3 and 1 give 6, 3 and 1 of ten while all have items.
/// priority:    the first one that has an item.
///
/// Shape:  a plain value. An input that has nothing, or has ended, never holds up the rest.
class merge_order {
public:
  enum class rule { round_robin, weighted, priority };

  /// `weights` are those of the first inputs; a further one has weight 1.
  merge_order(rule r, std::size_t inputs, std::vector<std::size_t> weights = {})
      : rule_(r), weights_(std::move(weights)) {
    while (turns_.size() < inputs)
      add();
  }

  void add() { turns_.add(turns_.size() < weights_.size() ? weights_[turns_.size()] : 1); }

  std::size_t size() const noexcept { return turns_.size(); }

  template <class Has>
  std::optional<std::size_t> pick(Has has) {
    if (rule_ != rule::priority)
      return turns_.pick(has);
    for (std::size_t i = 0; i < turns_.size(); ++i)
      if (has(i))
        return i;
    return std::nullopt;
  }

private:
  rule rule_;
  std::vector<std::size_t> weights_;
  turns turns_;
};

} // namespace troupe
