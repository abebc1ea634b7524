#pragma once

#include <any>
#include <concepts>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/detail/invoke.hpp>
#include <troupe/options.hpp>

namespace troupe {

namespace detail {

template <class C>
concept natural_order = std::same_as<C, std::less<>> || std::same_as<C, std::ranges::less>;
template <class C>
concept reverse_order = std::same_as<C, std::greater<>> || std::same_as<C, std::ranges::greater>;

template <class T>
using comparison = std::function<bool(const T&, const T&)>;

} // namespace detail

/// In which order a `fan_in` hands on what waits at its inputs.
///
/// first_available: as it comes.
/// in_order:        as if there were no parallelism; for the lanes of one fan_out,
///                  broadcast or partition.
/// round_robin:     one item of each input in turn; one that has none is passed over.
/// weighted:        in turn by weight: 6, 3 and 1 give 6, 3 and 1 of ten while all have items.
/// priority:        the first input that has an item, always. Edges behind it, down to the sinks,
///                  hold 4 items unless their `.buffer` is given: these it cannot overtake.
/// sorted:          sorted inputs into one sorted output, or the run fails; waits until every input
///                  shows an item or has ended. Behind a fan_out the stream itself is to be sorted:
///                  it is handed on in its order, and the first item out of order fails the run.
///                  Behind a split, a branch that has nothing while another is full is passed over;
///                  what it brings too late fails the run. `less` names its item type; for a
///                  generic one write sorted<T>(less). std::less<> and std::greater<> are fine.
/// latest:          the newest item of each input in turn; older ones are dropped, and counted.
///
/// An input that ends leaves the others flowing; the output ends when all have.
class merge {
public:
  enum class rule {
    first_available,
    in_order,
    round_robin,
    weighted,
    priority,
    sorted,
    sorted_naturally,
    sorted_in_reverse,
    latest,
  };

  static const merge first_available;
  static const merge in_order;
  static const merge round_robin;
  static const merge priority;
  static const merge latest;

  static merge weighted(std::vector<count> weights) {
    merge m{rule::weighted, "weighted"};
    m.weights_ = std::move(weights);
    return m;
  }

  template <class T, class Less>
  static merge sorted(Less less) {
    merge m{rule::sorted, "sorted"};
    m.less_ = detail::comparison<T>{std::move(less)};
    return m;
  }

  template <class Less>
  static merge sorted(Less less) {
    if constexpr (detail::natural_order<Less>) {
      return merge{rule::sorted_naturally, "sorted"};
    } else if constexpr (detail::reverse_order<Less>) {
      return merge{rule::sorted_in_reverse, "sorted"};
    } else {
      static_assert(detail::has_signature<Less>,
                    "troupe: sorted needs a comparison whose parameters name the item type; "
                    "write sorted<T>(f) for a generic one");
      if constexpr (detail::has_signature<Less>)
        return sorted<detail::parameter_t<Less>>(std::move(less));
      else
        return first_available;
    }
  }

  rule chosen() const noexcept { return rule_; }
  std::string_view name() const noexcept { return name_; }
  const std::vector<count>& weights() const noexcept { return weights_; }
  /// Null if the comparison takes another type.
  template <class T>
  const detail::comparison<T>* less() const {
    return std::any_cast<detail::comparison<T>>(&less_);
  }

private:
  merge(rule r, std::string_view name) : rule_(r), name_(name) {}

  rule rule_;
  std::string_view name_;
  std::vector<count> weights_;
  std::any less_;
};

inline const merge merge::first_available{merge::rule::first_available, "first_available"};
inline const merge merge::in_order{merge::rule::in_order, "in_order"};
inline const merge merge::round_robin{merge::rule::round_robin, "round_robin"};
inline const merge merge::priority{merge::rule::priority, "priority"};
inline const merge merge::latest{merge::rule::latest, "latest"};

} // namespace troupe
