#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe {

/// Which worker has which keys: the same key always the same one, as long as the workers stay.
///
///     troupe::key_table keys{4};
///     const std::size_t worker = keys.worker_of(std::hash<std::string>{}(name));
///     keys.remove(2);   // its keys go to the others; theirs stay where they are
///
/// Shape:  a plain value; workers are slots 0, 1, …
/// Cost:   one look into a table of at least 1,024 entries, so shares differ by 0.8 % with 8
///         workers if the keys are many.
/// Errors: none; there must be a worker left.
class key_table {
public:
  explicit key_table(std::size_t workers) { resize(workers); }

  std::size_t worker_of(std::size_t hash) const noexcept {
    // std::hash of a number is the number: mix, or keys that are multiples of 1,024 would meet.
    auto h = static_cast<std::uint64_t>(hash) * 0x9E3779B97F4A7C15U;
    h ^= h >> 32;
    return table_[static_cast<std::size_t>(h) & (table_.size() - 1)];
  }

  /// Deals all keys anew to the first `n` slots that were not removed. Who relies on a key's order
  /// waits until nothing is in flight.
  void resize(std::size_t n) {
    active_.clear();
    for (std::size_t slot = 0; active_.size() < n; ++slot)
      if (std::find(removed_.begin(), removed_.end(), slot) == removed_.end())
        active_.push_back(slot);
    std::size_t entries = 1024;
    while (entries < 8 * n)
      entries *= 2;
    table_.resize(entries);
    for (std::size_t i = 0; i < entries; ++i)
      table_[i] = active_[i % n];
  }

  void remove(std::size_t slot) {
    removed_.push_back(slot);
    const auto at = std::find(active_.begin(), active_.end(), slot);
    if (at == active_.end())
      return;
    active_.erase(at);
    if (active_.empty())
      return;
    std::size_t next = 0;
    for (auto& entry : table_)
      if (entry == slot)
        entry = active_[next++ % active_.size()];
  }

  const std::vector<std::size_t>& active() const noexcept { return active_; }

private:
  std::vector<std::size_t> table_;
  std::vector<std::size_t> active_;
  std::vector<std::size_t> removed_;
};

} // namespace troupe
