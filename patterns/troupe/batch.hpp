#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <troupe/transforms.hpp>

namespace troupe {

namespace detail {

/// Numbers the keys of the groups that are open, whatever the type of the key.
class key_index {
public:
  key_index() = default;
  key_index(const key_index&) = delete;
  key_index& operator=(const key_index&) = delete;
  virtual ~key_index() = default;
  /// The number of the item's key; a new one if no open group has it.
  virtual std::size_t number_of(const void* item) = 0;
  virtual void forget(std::size_t number) noexcept = 0;
};

template <class T, class G>
class key_index_of final : public key_index {
  using key = std::remove_cvref_t<std::invoke_result_t<G&, const T&>>;

public:
  explicit key_index_of(G g) : key_of_(std::move(g)) {}

  std::size_t number_of(const void* item) override {
    const auto& own = std::invoke(key_of_, *static_cast<const T*>(item));
    const typename keys::probe probe{own};
    if (const auto* const known = keys_.find(probe))
      return known->number;
    const auto at = keys_.add(probe);
    places_.emplace(at->number, at);
    return at->number;
  }
  void forget(std::size_t number) noexcept override {
    const auto found = places_.find(number);
    keys_.forget(found->second);
    places_.erase(found);
  }

private:
  using keys = key_list<key>;

  G key_of_;
  keys keys_;
  std::unordered_map<std::size_t, typename keys::place> places_;
};

template <class G>
concept makes_keys = std::invocable < G&,
        const parameter_t<G>
& > &&key_type<std::remove_cvref_t<std::invoke_result_t<G&, const parameter_t<G>&>>>;

} // namespace detail

/// The key of a keyed batch: a function whose parameter names the item type, or a member of that,
/// `&order::id`; its answer is hashable. A key that does not equal itself, as NaN, is
/// a group alone.
class batch_key {
public:
  batch_key() = default;
  template <detail::other_than<batch_key> G>
  batch_key(G g) {
    if constexpr (!detail::has_signature<G>) {
      static_assert(detail::never<G>,
                    "troupe: a key needs a function whose parameter names the item type: "
                    "[](const order& o), not [](auto o)");
    } else if constexpr (!detail::makes_keys<G>) {
      static_assert(detail::never<G>, "troupe: the keys of this batch need a std::hash, an "
                                      "operator== and a copy");
    } else {
      using item = detail::parameter_t<G>;
      item_ = typeid(item);
      make_ = [g] { return std::make_unique<detail::key_index_of<item, G>>(g); };
    }
  }

  bool given() const noexcept { return make_ != nullptr; }
  bool fits(std::type_index item) const noexcept { return item_ == item; }
  std::unique_ptr<detail::key_index> make() const { return make_ ? make_() : nullptr; }

private:
  std::type_index item_ = typeid(void);
  std::function<std::unique_ptr<detail::key_index>()> make_;
};

struct batch_options {
  count size = 0; ///< items in a full batch; 0: by time alone
  time_span within
      = {};           ///< a batch leaves at the latest so long after its first item; 0: when full
  batch_key key = {}; ///< items of different keys are never mixed
  count hold = 0;     ///< most items held in all groups together; 0: 16 x size, or 16,384
  count buffer = default_buffer;
};

namespace detail {

template <class T>
class batch_op {
public:
  using input = T;
  using output = std::vector<T>;

  batch_op(std::size_t size, duration within, std::size_t hold, std::unique_ptr<key_index> keys)
      : size_(size), within_(within), hold_(hold), keys_(std::move(keys)) {}

  static constexpr bool keeps() noexcept { return true; }

  disposition operator()(T& item, emitter<output>& out, kernel_host& host) {
    const auto number = keys_ ? keys_->number_of(std::addressof(item)) : 0;
    auto& current = group_of(number, host);
    current.items.push_back(std::move(item));
    ++held_;
    if (size_ > 0 && current.items.size() == size_)
      hand_on(position_.at(number), out, host);
    else if (held_ >= hold_)
      hand_on(groups_.begin(), out, host);
    return disposition::held;
  }

  bool finish(emitter<output>& out, kernel_host& host) {
    while (!groups_.empty()) {
      if (out.full())
        return false;
      hand_on(groups_.begin(), out, host);
    }
    return true;
  }

  std::optional<time_point> due() const {
    if (within_ == duration::zero() || groups_.empty())
      return std::nullopt;
    return later(groups_.front().began, within_);
  }

  void expire(time_point now, emitter<output>& out, kernel_host& host) {
    while (!groups_.empty() && later(groups_.front().began, within_) <= now && !out.full())
      hand_on(groups_.begin(), out, host);
  }

private:
  struct group {
    std::size_t number;
    time_point began;
    std::vector<T> items;
  };
  using position = typename std::list<group>::iterator;

  group& group_of(std::size_t number, kernel_host& host) {
    const auto at = position_.find(number);
    if (at != position_.end())
      return *at->second;
    groups_.push_back({number, within_ > duration::zero() ? host.now() : time_point{}, {}});
    if (size_ > 0 && size_ <= 4096)
      groups_.back().items.reserve(size_);
    position_.emplace(number, std::prev(groups_.end()));
    return groups_.back();
  }

  void hand_on(position at, emitter<output>& out, kernel_host& host) {
    held_ -= at->items.size();
    host.counts().deliver(at->items.size());
    out(std::move(at->items));
    if (keys_)
      keys_->forget(at->number);
    position_.erase(at->number);
    groups_.erase(at);
  }

  std::size_t size_;
  duration within_;
  std::size_t hold_;
  std::unique_ptr<key_index> keys_;
  std::list<group> groups_; ///< oldest first
  std::unordered_map<std::size_t, position> position_;
  std::size_t held_ = 0;
};

/// The most items that a batch stage holds. Errors: std::invalid_argument for options out of range.
std::size_t check_batch(const std::string& name, const batch_options& options);

} // namespace detail

/// Gathers items into vectors of `size`, or of what came `within` a time, or of both.
///
///     | troupe::batch("rows", {.size = 500, .within = 1s})
///
/// Shape:  flow<T> -> flow<std::vector<T>>; one actor; order kept, within a key if there are keys.
/// Bound:  `hold` items: when that many wait in all groups together, the oldest group leaves early.
/// Errors: std::invalid_argument if neither size nor within is given, if one is negative, or if the
///         key function takes another item type.
/// Drain:  what is held leaves as smaller batches.
inline auto batch(std::string name, batch_options options) {
  const auto hold = detail::check_batch(name, options);
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if (options.key.given() && !options.key.fits(typeid(T)))
      detail::refuse("batch", name, "key", "a function of another type",
                     "a function that takes the item type of the flow");
    auto n = detail::serial_node(name, "batch", {.buffer = options.buffer});
    n.holds = hold;
    return detail::extend<std::vector<T>>(
        f, detail::with_fresh(std::move(n), [=] {
          return detail::batch_op<T>{options.size, options.within, hold, options.key.make()};
        }));
  }};
}

} // namespace troupe
