#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace troupe {

/// Whose turn it is among several parties of different weight, of which some may have to sit out.
///
///     troupe::turns next{{6, 3, 1}};
///     next.pick([](std::size_t) { return true; });   // 0, 1, 0, 0, 2, 0, 1, 0, 1, 0, and again
///
/// Shape:  a plain value; spreads the turns of a heavy party evenly instead of giving them at once.
/// Cost:   one look at each party a turn.
/// Errors: none; empty when nobody may. Who sits out neither saves up turns nor loses any.
/// Source: smooth weighted round robin, as in nginx.
class turns {
public:
  turns() = default;
  explicit turns(std::vector<std::size_t> weights) {
    for (const auto w : weights)
      add(w);
  }

  void add(std::size_t weight = 1) {
    parties_.push_back({static_cast<long long>(weight), 0});
    even_ = even_ && parties_.back().weight == parties_.front().weight;
  }
  std::size_t size() const noexcept { return parties_.size(); }

  template <class May>
  std::optional<std::size_t> pick(May may) {
    return even_ ? next_in_row(may) : heaviest(may);
  }

private:
  struct party {
    long long weight;
    long long credit;
  };

  template <class May>
  std::optional<std::size_t> next_in_row(May may) {
    const auto n = parties_.size();
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = next_;
      next_ = next_ + 1 == n ? 0 : next_ + 1;
      if (may(at))
        return at;
    }
    return std::nullopt;
  }

  template <class May>
  std::optional<std::size_t> heaviest(May may) {
    std::optional<std::size_t> chosen;
    long long total = 0;
    for (std::size_t i = 0; i < parties_.size(); ++i) {
      if (!may(i))
        continue;
      auto& p = parties_[i];
      p.credit += p.weight;
      total += p.weight;
      if (!chosen || p.credit > parties_[*chosen].credit)
        chosen = i;
    }
    if (chosen)
      parties_[*chosen].credit -= total;
    return chosen;
  }

  std::vector<party> parties_;
  std::size_t next_ = 0;
  bool even_ = true;
};

} // namespace troupe
