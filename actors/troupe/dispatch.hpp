#pragma once

#include <any>
#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/detail/invoke.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/dispatcher.hpp>

namespace troupe {

namespace detail {

template <class T>
using key_hash = std::function<std::size_t(const T&)>;

} // namespace detail

/// Which worker of a `fan_out` gets the next item.
///
/// round_robin:  item by item in turn; where the order is restored, batch by batch,
///               in equal shares.
/// weighted:     the same in proportion to the weights, one for each worker.
/// least_loaded: fewest items queued and in flight; ties to the one that is idle for longest.
/// power_of_two: the less loaded of two that are drawn at random.
/// on_demand:    whoever has been asking for longest.
/// by_key:       the same key always the same worker, so a key's items keep their order. `key`
///               names its item type in its parameter; for a generic one write by_key<T>(key).
///
/// With round_robin and weighted the slowest worker sets the pace. A busy key does not hold up
/// others while there is room on the edge.
class dispatch {
public:
  static const dispatch round_robin;
  static const dispatch least_loaded;
  static const dispatch power_of_two;
  static const dispatch on_demand;

  static dispatch weighted(std::vector<count> weights) {
    dispatch d{dispatcher::rule::weighted, "weighted"};
    d.weights_ = std::move(weights);
    return d;
  }

  template <class T, class Key>
  static dispatch by_key(Key key) {
    using key_type = std::remove_cvref_t<std::invoke_result_t<Key&, const T&>>;
    static_assert(detail::hashable<key_type>,
                  "troupe: the keys of by_key need a std::hash of their type");
    dispatch d{dispatcher::rule::least_loaded, "by_key"};
    d.hash_ = detail::key_hash<T>{[key = std::move(key)](const T& item) {
      return std::hash<key_type>{}(std::invoke(key, item));
    }};
    return d;
  }

  template <class Key>
  static dispatch by_key(Key key) {
    static_assert(detail::has_signature<Key>,
                  "troupe: by_key needs a function whose parameter names the item type; write "
                  "by_key<T>(f) for a generic one");
    if constexpr (detail::has_signature<Key>)
      return by_key<detail::parameter_t<Key>>(std::move(key));
    else
      return round_robin;
  }

  dispatcher::rule chosen() const noexcept { return rule_; }
  std::string_view name() const noexcept { return name_; }
  const std::vector<count>& weights() const noexcept { return weights_; }
  bool has_key() const noexcept { return hash_.has_value(); }
  /// Null if the key function takes another type.
  template <class T>
  const detail::key_hash<T>* hash() const {
    return std::any_cast<detail::key_hash<T>>(&hash_);
  }

private:
  dispatch(dispatcher::rule r, std::string_view name) : rule_(r), name_(name) {}

  dispatcher::rule rule_;
  std::string_view name_;
  std::vector<count> weights_;
  std::any hash_;
};

inline const dispatch dispatch::round_robin{dispatcher::rule::round_robin, "round_robin"};
inline const dispatch dispatch::least_loaded{dispatcher::rule::least_loaded, "least_loaded"};
inline const dispatch dispatch::power_of_two{dispatcher::rule::power_of_two, "power_of_two"};
inline const dispatch dispatch::on_demand{dispatcher::rule::on_demand, "on_demand"};

} // namespace troupe
