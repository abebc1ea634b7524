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
  ends rest;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (open[i])
      parts.push_back(all[i]);
    else
      add_part(rest, all[i], true);
  }
  // Any of them will do to remember the others.
  add_part(parts.front(), rest, false);
  return parts;
}

} // namespace troupe::detail
