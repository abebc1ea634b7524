#include <troupe/broadcast.hpp>

namespace troupe::detail {

node split_node(std::string name, std::string_view what, item_type items) {
  node n;
  n.name = std::move(name);
  n.role = role::split;
  n.what = what;
  n.kind = pattern_kind::fan_out;
  n.output = items;
  return n;
}

std::vector<ends> open_parts(const std::vector<ends>& all, const std::vector<bool>& open) {
  std::vector<ends> parts;
  std::vector<node_ptr> closed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (open[i])
      parts.push_back(all[i]);
    else
      closed.push_back(all[i].last.node);
  }
  // Any of them will do to remember the others.
  auto& keeper = parts.front().closed;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!open[i])
      keeper.insert(keeper.end(), all[i].closed.begin(), all[i].closed.end());
  keeper.insert(keeper.end(), closed.begin(), closed.end());
  return parts;
}

} // namespace troupe::detail
