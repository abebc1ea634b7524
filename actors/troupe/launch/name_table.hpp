#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace troupe::detail {

struct node;

/// The names of a flow's nodes. A flow that is made of another one shares with it what they have in
/// common: a tree by the bits of the names' hashes, of which nothing is changed.
///
/// Cost: `find` and `with` take the logarithm of its size; `merge` of tables that have grown out of
///       one, of what has been added since; of others, of the smaller.
class name_table {
public:
  name_table() = default;

  std::size_t size() const noexcept { return size_of(root_); }
  /// The node of that name; null: there is none.
  const node* find(std::string_view name) const;
  /// With one more. Errors: std::invalid_argument if its name is taken.
  name_table with(const node& n) const;
  /// Both. Errors: std::invalid_argument if they have a name for different nodes.
  static name_table merge(const name_table& first, const name_table& second);
  /// Whether a node is in both.
  static bool overlap(const name_table& a, const name_table& b);

private:
  struct entry;
  using entry_ptr = std::shared_ptr<const entry>;
  struct entry {
    const node* named;
    std::size_t size; ///< of this and all below
    entry_ptr next[2];
  };

  explicit name_table(entry_ptr root) : root_(std::move(root)) {}

  static std::size_t size_of(const entry_ptr& e) noexcept { return e == nullptr ? 0 : e->size; }
  static entry_ptr make(const node& n, entry_ptr left, entry_ptr right);
  static entry_ptr add(const entry_ptr& to, const node& n, std::size_t hash);
  static entry_ptr add_all(entry_ptr to, const entry_ptr& from, unsigned depth);
  static entry_ptr merge(const entry_ptr& a, const entry_ptr& b, unsigned depth);
  static bool any_in(const entry_ptr& few, const name_table& many);

  entry_ptr root_;
};

} // namespace troupe::detail
