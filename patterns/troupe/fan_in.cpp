#include <troupe/fan_in.hpp>

namespace troupe::detail {

node fan_in_node(std::string name, const fan_in_options& options, std::size_t inputs) {
  node n;
  n.name = std::move(name);
  n.role = role::join;
  n.what = "fan_in";
  n.kind = pattern_kind::fan_in;
  n.how = options.merge.name();
  n.buffer = options.buffer;
  switch (options.merge.chosen()) {
  case merge::rule::first_available:
    n.join.how = joining::as_they_come;
    break;
  case merge::rule::in_order:
    n.join.how = joining::in_order;
    break;
  default:
    n.join.how = joining::by_item;
    break;
  }
  n.join.overtakes = options.merge.chosen() == merge::rule::priority;
  if (options.merge.chosen() == merge::rule::weighted)
    n.join.weights = check_weights("fan_in", n.name, options.merge.weights(), inputs);
  return n;
}

namespace {

[[noreturn]] void refuse_order(const node& join, const std::string& valid) {
  refuse("fan_in", join.name, "merge", "in_order", valid);
}

} // namespace

void check_order(const node& join, const std::vector<ends>& parts, const node* split) {
  if (split == nullptr) {
    if (parts.size() != 1)
      refuse_order(join, "the lanes of one fan_out, broadcast or partition: independent flows have "
                         "no order between them");
    return;
  }
  for (const auto& part : parts)
    for (const auto* n = part.last.node.get(); n != split; n = n->upstreams.front().node.get())
      if (!n->answers_each)
        refuse_order(join, "branches whose stages answer item by item: \"" + n->name + "\" ("
                               + std::string{n->what} + ") does not");
}

} // namespace troupe::detail
