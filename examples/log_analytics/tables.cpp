#include "tables.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>
#include <random>
#include <utility>

namespace log_analytics {

namespace {

constexpr std::uint64_t secret_a = 0xa0761d6478bd642f;
constexpr std::uint64_t secret_b = 0xe7037ed1a0b428db;
constexpr std::uint64_t most_missed = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t block_size = std::size_t{256} * 1024;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Int>
std::uint64_t load(const char* p) {
  Int value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

} // namespace

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  const char* p = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = seed ^ secret_a;
  for (; left > 16; left -= 16, p += 16)
    hash = mix(load<std::uint64_t>(p) ^ secret_b, load<std::uint64_t>(p + 8) ^ hash);
  // The last 1 to 16 bytes, as two words that may overlap.
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = load<std::uint64_t>(p);
    b = load<std::uint64_t>(p + left - 8);
  } else if (left >= 4) {
    a = load<std::uint32_t>(p);
    b = load<std::uint32_t>(p + left - 4);
  } else if (left > 0) {
    a = load<std::uint8_t>(p) << 16 | load<std::uint8_t>(p + left / 2) << 8
        | load<std::uint8_t>(p + left - 1);
  }
  return mix(secret_b ^ text.size(), mix(a ^ secret_b, b ^ hash));
}

std::uint64_t combine(std::uint64_t a, std::uint64_t b) { return mix(a ^ secret_a, b ^ secret_b); }

std::uint64_t& process_seed() {
  static std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

// -- top_table ----------------------------------------------------------------

top_table::top_table(table_limits limits)
    : limits_(limits), seed_(process_seed()), slots_(std::size_t{256}) {}

std::uint64_t top_table::add(std::string_view key, std::uint64_t bytes) {
  const bool cut = key.size() > limits_.key_bytes;
  if (cut)
    key = key.substr(0, limits_.key_bytes);
  const auto hash = hash_of(key, seed_);
  at(key, cut, hash).add(bytes);
  return hash;
}

void top_table::add(const row& r) { at(r.key, r.cut, hash_of(r.key, seed_)).add(r.count); }

counts& top_table::at(std::string_view key, bool cut, std::uint64_t hash) {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (;;) {
    const auto mask = slots_.size() - 1;
    auto i = tag & mask;
    for (; slots_[i].node != 0; i = (i + 1) & mask) {
      if (slots_[i].tag != tag)
        continue;
      auto& found = nodes_[slots_[i].node - 1];
      if (found.text() == key && (found.cut == 1) == cut)
        return found.count;
    }
    if (has_room(key.size()))
      return insert(slots_[i], tag, key, cut);
    if (key.size() > limits_.total_bytes || nodes_.empty())
      return other_;
    drop_a_quarter();
  }
}

bool top_table::has_room(std::size_t bytes) const {
  return nodes_.size() < limits_.keys && bytes <= limits_.total_bytes - stored_bytes_;
}

counts& top_table::insert(slot& free, std::uint32_t tag, std::string_view key, bool cut) {
  constexpr std::uint32_t size_bits = 0x7fff'ffff;
  nodes_.push_back({store(key),
                    static_cast<std::uint32_t>(key.size()) & size_bits,
                    cut,
                    static_cast<std::uint32_t>(std::min(missed_, most_missed)),
                    {}});
  most_ = std::max(most_, nodes_.size());
  free = {tag, static_cast<std::uint32_t>(nodes_.size())};
  if (nodes_.size() * 2 > slots_.size())
    grow();
  return nodes_.back().count;
}

const char* top_table::store(std::string_view key) {
  stored_bytes_ += key.size();
  if (key.size() > block_left_ || blocks_.empty()) {
    const auto size = std::max(std::min(block_size, limits_.total_bytes), key.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size + 1));
    block_left_ = size;
  }
  // Blocks are filled from the end, so that one number tells where the room is.
  block_left_ -= key.size();
  char* at = blocks_.back().get() + block_left_;
  std::copy(key.begin(), key.end(), at);
  return at;
}

// Those seen least, and of equal ones the oldest. What is left keeps its order.
void top_table::drop_a_quarter() {
  const auto worse = [this](std::uint32_t a, std::uint32_t b) {
    const auto x = nodes_[a].most();
    const auto y = nodes_[b].most();
    return x != y ? x < y : a < b;
  };
  std::vector<std::uint32_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto quarter = std::max<std::size_t>(1, nodes_.size() / 4);
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(quarter - 1);
  std::nth_element(order.begin(), last, order.end(), worse);
  const auto best_dropped = *last;
  missed_ = nodes_[best_dropped].most();

  std::vector<std::uint32_t> tags(nodes_.size());
  for (const auto& s : slots_)
    if (s.node != 0)
      tags[s.node - 1] = s.tag;
  const auto nodes = std::exchange(nodes_, {});
  const auto blocks = std::exchange(blocks_, {});
  nodes_.reserve(nodes.size());
  stored_bytes_ = 0;
  std::fill(slots_.begin(), slots_.end(), slot{});
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const auto& n = nodes[i];
    const bool dropped = n.most() < missed_ || (n.most() == missed_ && i <= best_dropped);
    if (dropped) {
      other_.add(n.count);
      continue;
    }
    nodes_.push_back(n);
    nodes_.back().key = store(n.text());
    enter(slots_, tags[i], nodes_.size());
  }
}

void top_table::enter(std::vector<slot>& slots, std::uint32_t tag, std::size_t index) {
  const auto mask = slots.size() - 1;
  auto i = tag & mask;
  while (slots[i].node != 0)
    i = (i + 1) & mask;
  slots[i] = {tag, static_cast<std::uint32_t>(index)};
}

void top_table::grow() {
  std::vector<slot> larger(slots_.size() * 2);
  for (const auto& s : slots_)
    if (s.node != 0)
      enter(larger, s.tag, s.node);
  slots_ = std::move(larger);
}

std::vector<row> top_table::top(std::size_t count) const {
  std::vector<std::uint32_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0U);
  count = std::min(count, order.size());
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), middle, order.end(), [this](auto a, auto b) {
    const auto& x = nodes_[a];
    const auto& y = nodes_[b];
    return x.count.hits != y.count.hits ? x.count.hits > y.count.hits : x.text() < y.text();
  });
  std::vector<row> rows;
  rows.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& n = nodes_[order[i]];
    rows.push_back({n.text(), n.cut == 1, n.count, n.missed});
  }
  return rows;
}

std::vector<row> top_table::rows() const {
  std::vector<row> all;
  all.reserve(nodes_.size());
  for (const auto& n : nodes_)
    all.push_back({n.text(), n.cut == 1, n.count, n.missed});
  return all;
}

void top_table::restore(const std::vector<row>& rows, const table_rest& rest) {
  for (const auto& r : rows) {
    missed_ = r.missed; // which a new key takes
    add(r);
  }
  other_.add(rest.other);
  missed_ = rest.missed;
  most_ = std::max(most_, rest.most);
}

counts top_table::total() const {
  auto sum = other_;
  for (const auto& n : nodes_)
    sum.add(n.count);
  return sum;
}

// -- distinct_set -------------------------------------------------------------

distinct_set::distinct_set(std::size_t limit) : limit_(limit), slots_(std::size_t{256}) {}

void distinct_set::add(std::uint64_t value) {
  value += value == 0; // 0 marks a free slot
  const auto mask = slots_.size() - 1;
  auto i = value & mask;
  for (; slots_[i] != 0; i = (i + 1) & mask)
    if (slots_[i] == value)
      return;
  if (size_ >= limit_) {
    complete_ = false;
    return;
  }
  slots_[i] = value;
  ++size_;
  if (size_ * 2 > slots_.size())
    grow();
}

std::vector<std::uint64_t> distinct_set::values() const {
  std::vector<std::uint64_t> all;
  all.reserve(size_);
  std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(all),
               [](std::uint64_t value) { return value != 0; });
  return all;
}

void distinct_set::restore(const std::vector<std::uint64_t>& values, bool complete) {
  for (const auto value : values)
    add(value);
  complete_ = complete_ && complete;
}

void distinct_set::grow() {
  std::vector<std::uint64_t> larger(slots_.size() * 2);
  const auto mask = larger.size() - 1;
  for (const auto value : slots_) {
    if (value == 0)
      continue;
    auto i = value & mask;
    while (larger[i] != 0)
      i = (i + 1) & mask;
    larger[i] = value;
  }
  slots_ = std::move(larger);
}

} // namespace log_analytics
