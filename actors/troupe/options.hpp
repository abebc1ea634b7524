#pragma once

#include <concepts>
#include <optional>

#include <troupe/count.hpp>
#include <troupe/on_error.hpp>

namespace troupe {

/// In which order a stage with `parallel > 1` hands on its results.
enum class emit {
  in_order,     ///< as if there were no parallelism
  as_completed, ///< when ready
};

/// Where a stage's function runs.
enum class thread {
  shared, ///< on the scheduler's threads: for code that computes and does not block
  own,    ///< on a thread of its own: for code that blocks
};

/// Most items on an edge. Behind a `merge::priority` a few, or what has come before would be all
/// that an urgent item has to wait for.
inline constexpr count default_buffer = count::unless_given(1024);

/// How many workers a stage may have; their number follows the load. One number is a fixed one.
struct worker_range {
  count min = 1;
  count max = min;
};

/// How many workers a running stage is to have: a number, a worker_range, or nothing, which leaves
/// it as it is.
class worker_setting : public std::optional<worker_range> {
public:
  constexpr worker_setting() noexcept = default;
  template <std::integral I>
  constexpr worker_setting(I n) noexcept : worker_setting(count{n}) {}
  constexpr worker_setting(count n) noexcept : worker_setting(worker_range{n, n}) {}
  constexpr worker_setting(worker_range r) noexcept : std::optional<worker_range>(r) {}
};

/// Lets the library choose: batches of about 250 us of work.
struct automatic_t {};
inline constexpr automatic_t automatic{};

/// How many items a stage is handed at a time.
class batch_size {
public:
  constexpr batch_size(automatic_t) noexcept {}
  template <std::integral I>
  constexpr batch_size(I items) noexcept : items_(items), chosen_(true) {}

  constexpr bool is_automatic() const noexcept { return !chosen_; }
  constexpr count items() const noexcept { return items_; }

private:
  count items_ = 0;
  bool chosen_ = false;
};

} // namespace troupe
