#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

namespace log_analytics {

/// A sum that stays at its maximum, so that a forged log cannot make a total small by wrapping it.
inline void add_saturated(std::uint64_t& sum, std::uint64_t x) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  sum = x > most - sum ? most : sum + x;
}

struct counts {
  std::uint64_t hits = 0;
  std::uint64_t bytes = 0;

  void add(std::uint64_t more_bytes) { add(counts{1, more_bytes}); }

  void add(const counts& more) {
    add_saturated(hits, more.hits);
    add_saturated(bytes, more.bytes);
  }

  friend bool operator==(const counts&, const counts&) = default;
};

struct row {
  std::string_view key; // valid until the next key is added
  bool cut = false;     // the key was longer, and others of the same beginning are counted here
  counts count;
  std::uint64_t missed = 0; // hits that it may have had before it came into the table, at most
};

/// What a table knows besides its rows.
struct table_rest {
  counts other = {};
  std::uint64_t missed = 0;
  std::size_t most = 0; // keys that it had at once
};

struct table_limits {
  std::size_t keys = 100'000;                             // distinct ones
  std::size_t key_bytes = 512;                            // a longer key is cut
  std::size_t total_bytes = std::size_t{6} * 1024 * 1024; // of all keys together
};

/// Counts hits and bytes of string keys: exactly as long as they fit in, and after that of those
/// that are seen most. When it is full the quarter of its keys that has been seen least makes room.
/// The same keys in the same order make the same table.
///
/// Bound:  32 to 48 bytes a key besides the key's own, and the keys twice while it makes room. What
///         a key had that made room is counted under `other()`, so that keys and other together
///         always make the total. `missed()`: no key has more hits than it shows and that many.
/// Cost:   about 15 ns for a short key that is in the cache, 30 ns for one of 100 bytes.
/// Source: Metwally et al., Efficient Computation of Frequent and Top-k Elements in Data Streams
///         (Space-Saving), making room for many keys at once instead of one.
class top_table {
public:
  explicit top_table(table_limits limits = {});

  /// Returns the hash of the key, which differs from process to process.
  std::uint64_t add(std::string_view key, std::uint64_t bytes);
  void add(const row& r);

  /// The `count` keys of most hits; equal ones in the order of their bytes.
  std::vector<row> top(std::size_t count) const;
  /// The number of distinct keys, or at least so many where it is not complete.
  std::size_t size() const { return most_; }
  const counts& other() const { return other_; }
  bool complete() const { return other_.hits == 0; }
  std::uint64_t missed() const { return missed_; }

  /// All that it is: the rows in the order in which they came, and the rest of the figures.
  std::vector<row> rows() const;
  /// Makes it that, if it is empty.
  void restore(const std::vector<row>& rows, const table_rest& rest);
  table_rest rest() const { return {other_, missed_, most_}; }
  counts total() const;
  const table_limits& limits() const { return limits_; }

private:
  // Eight bytes, so that a probe touches one cache line; the tag also places the slot when growing.
  struct slot {
    std::uint32_t tag = 0;
    std::uint32_t node = 0; // index + 1, 0 for none
  };

  // 32 bytes, two to a cache line.
  struct node {
    const char* key;
    std::uint32_t size : 31;
    std::uint32_t cut : 1;
    std::uint32_t missed; // hits that it may have had before it came, at most
    counts count;

    std::string_view text() const { return {key, size}; }
    std::uint64_t most() const { return count.hits + missed; }
  };

  counts& at(std::string_view key, bool cut, std::uint64_t hash);
  counts& insert(slot& free, std::uint32_t tag, std::string_view key, bool cut);
  bool has_room(std::size_t bytes) const;
  const char* store(std::string_view key);
  void drop_a_quarter();
  static void enter(std::vector<slot>& slots, std::uint32_t tag, std::size_t index);
  void grow();

  table_limits limits_;
  std::uint64_t seed_;
  std::vector<slot> slots_;
  std::vector<node> nodes_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  std::size_t stored_bytes_ = 0;
  std::size_t most_ = 0;
  std::uint64_t missed_ = 0;
  counts other_;
};

/// Counts distinct 64-bit values up to a limit.
///
/// Bound:  16 bytes a value (32 while it grows), for at most `limit` values; after that it no
///         longer tells new ones apart, and `size()` is a lower bound.
class distinct_set {
public:
  explicit distinct_set(std::size_t limit = 1'000'000);

  void add(std::uint64_t value);
  std::size_t size() const { return size_; }
  /// False once a value was turned away: there are more than `size()`.
  bool complete() const { return complete_; }

  std::vector<std::uint64_t> values() const;
  void restore(const std::vector<std::uint64_t>& values, bool complete);

private:
  void grow();

  std::size_t limit_;
  std::size_t size_ = 0;
  bool complete_ = true;
  std::vector<std::uint64_t> slots_; // 0 is free
};

/// A hash in the manner of wyhash: 16 bytes a multiplication.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed);

/// One hash out of two.
std::uint64_t combine(std::uint64_t a, std::uint64_t b);

/// Drawn once a process: who writes into the log cannot choose keys that collide. Whoever goes on
/// with the hashes of an earlier one sets it, before any table is made.
std::uint64_t& process_seed();

} // namespace log_analytics
