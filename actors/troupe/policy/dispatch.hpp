#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace troupe {

/// Picks the worker with the fewest items queued and in flight; ties go to the one idle for
/// longest.
///
/// Bound: no worker has more than `most` batches; `pick` is empty when all are that busy.
class least_loaded_dispatch {
public:
  explicit least_loaded_dispatch(std::size_t workers) : workers_(workers) {}

  std::optional<std::size_t> pick(std::size_t most) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (workers_[i].batches < most && (!best || before(workers_[i], workers_[*best])))
        best = i;
    return best;
  }

  void sent(std::size_t worker, std::size_t items) {
    ++workers_[worker].batches;
    workers_[worker].items += items;
  }

  void returned(std::size_t worker, std::size_t batches, std::size_t items) {
    auto& w = workers_[worker];
    assert(batches <= w.batches && items <= w.items);
    w.batches -= batches;
    w.items -= items;
    w.last_return = ++returns_;
  }

  bool settled() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const load& w) { return w.batches == 0; });
  }
  std::size_t size() const noexcept { return workers_.size(); }

private:
  struct load {
    std::size_t batches = 0;
    std::size_t items = 0;
    std::uint64_t last_return = 0; ///< smaller: idle for longer
  };

  static bool before(const load& a, const load& b) {
    return a.items != b.items ? a.items < b.items : a.last_return < b.last_return;
  }

  std::vector<load> workers_;
  std::uint64_t returns_ = 0;
};

} // namespace troupe
