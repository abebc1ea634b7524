#include <troupe/launch/graph.hpp>

#include <algorithm>
#include <unordered_map>

namespace troupe::detail {

namespace {

// What has left a merge can be overtaken no more: behind one where that matters little is to wait.
std::size_t buffer_into(const node& n, bool overtaken) {
  constexpr std::size_t little = 4;
  if (!overtaken || n.buffer.is_given())
    return n.buffer;
  return n.batch.is_automatic() ? little
                                : std::max<std::size_t>(little, 2 * std::size_t{n.batch.items()});
}

} // namespace

graph::graph(const ends& e) : nodes_(in_flow_order(e)), out_of_(nodes_.size()) {
  std::unordered_map<const node*, std::size_t> index;
  std::vector<bool> overtaken; // whether something upstream lets items overtake others
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    into_.push_back(edges_.size());
    overtaken.push_back(false);
    for (const auto& up : nodes_[i]->upstreams) {
      const auto from = index.at(up.node.get());
      edges_.push_back({from, up.branch, i});
      out_of_[from].push_back({up.branch, i});
      overtaken[i] = overtaken[i] || overtaken[from] || at(from).join.overtakes;
    }
    buffers_.push_back(buffer_into(at(i), overtaken[i]));
    index.emplace(nodes_[i].get(), i);
  }
  into_.push_back(edges_.size());
  find_joins();
}

// Not every branch leads to the join: of what goes into a sink the join would wait in vain.
void graph::find_joins() {
  for (const auto& e : edges_) {
    const auto split = split_before(e.to);
    if (split == nowhere)
      continue;
    const auto branch = beginning(e)->branch;
    for (auto& w : out_of_[split])
      if (w.branch == branch)
        w.join = e.to;
  }
}

std::span<const graph::edge> graph::into(std::size_t i) const {
  return std::span{edges_}.subspan(into_[i], into_[i + 1] - into_[i]);
}

std::size_t graph::after(std::size_t i, std::uint32_t branch) const {
  const auto& all = out_of_[i];
  const auto found
      = std::find_if(all.begin(), all.end(), [&](const way& w) { return w.branch == branch; });
  return found == all.end() ? nowhere : found->to;
}

std::size_t graph::branches(std::size_t i) const { return out_of_[i].size(); }

namespace {

bool is_crew(const node& n) { return n.most_workers() > 1 || n.pool.resizable; }

} // namespace

bool graph::has_distributor(std::size_t i) const {
  const auto& n = at(i);
  return (n.role == role::stage || n.role == role::sink) && (is_crew(n) || n.deal.lanes);
}

bool graph::deals_items(std::size_t i) const {
  const auto& n = at(i);
  // In turn, whole batches are as fair in the long run; and only whole ones are cheap to put in
  // order again.
  return has_distributor(i) && n.deal.make && (n.deal.how == dealing::by_key || !numbers(i));
}

bool graph::has_merger(std::size_t i) const {
  const auto& n = at(i);
  return (n.role == role::stage || n.role == role::source) && is_crew(n) && !n.deal.lanes;
}

// Of the innermost branch around this edge the first one; null: it is in none.
const graph::edge* graph::beginning(const edge& e) const {
  const auto* at_hand = &e;
  while (at(at_hand->from).role != role::split) {
    auto from = at_hand->from;
    // What is between a join and its split is not around it.
    if (const auto split = split_before(from); split != nowhere)
      from = split;
    if (into(from).empty())
      return nullptr;
    at_hand = &into(from).front();
  }
  return at_hand;
}

std::size_t graph::split_before(std::size_t join) const {
  if (at(join).role != role::join || at(into(join).front().from).deal.lanes)
    return nowhere;
  const auto* const begin = beginning(into(join).front());
  return begin != nullptr ? begin->from : nowhere;
}

std::size_t graph::join_behind(std::size_t split, std::uint32_t branch) const {
  for (const auto& w : out_of_[split])
    if (w.branch == branch)
      return w.join;
  return nowhere;
}

bool graph::numbers(std::size_t i, std::uint32_t branch) const {
  const auto& n = at(i);
  if (n.role == role::split) {
    const auto join = join_behind(i, branch);
    return join != nowhere && at(join).join.restores == nodes_[i].get();
  }
  if (n.deal.lanes)
    return at(after(i)).join.how == joining::in_order;
  return n.role == role::stage && is_crew(n) && is_in_order(i);
}

bool graph::is_in_order(std::size_t i) const {
  if (at(i).order == emit::in_order)
    return true;
  // Inside of branches that are put in order again, everything else would be undone there.
  const auto* const begin = into(i).empty() ? nullptr : beginning(into(i).front());
  return begin != nullptr && numbers(begin->from, begin->branch);
}

std::size_t graph::senders(std::size_t i) const {
  const auto& n = at(i);
  return n.role == role::split || n.role == role::join ? 1 : n.most_workers();
}

edge_plan graph::plan_out(std::size_t i, std::uint32_t branch) const {
  return plan_out(i, branch, senders(i));
}

edge_plan graph::plan_out(std::size_t i, std::uint32_t branch, std::size_t workers) const {
  const auto& from = at(i);
  auto to = after(i, branch);
  std::size_t buffer = buffers_[to];
  // A source may ask for less than the stage behind it would allow.
  if (from.role == role::source)
    buffer = std::min<std::size_t>(buffer, from.buffer);
  // What a merger passes on stays the sender's.
  while (at(to).passes_on() && after(to) != nowhere) {
    to = after(to);
    buffer = std::min(buffer, buffers_[to]);
  }
  if (deals_items(to))
    return plan_edge(std::max<std::size_t>(1, buffer / 2), from.output.bytes, workers, 1);
  return plan_edge(buffer, from.output.bytes, workers, at(to).most_workers());
}

edge_plan graph::plan_deal(std::size_t i) const {
  const auto& n = at(i);
  const auto buffer = buffers_[i];
  auto plan = plan_edge(std::max<std::size_t>(1, buffer - buffer / 2),
                        at(into(i).front().from).output.bytes, 1, n.most_workers());
  plan.receivers = 1; // each outlet has its own
  return plan;
}

std::size_t graph::batch_in(const edge& e) const {
  auto from = e;
  while (at(from.from).passes_on())
    from = into(from.from).front();
  return plan_out(from.from, from.branch).capacity;
}

std::size_t graph::bound(const edge& e) const {
  std::size_t items = 0;
  if (!at(e.from).passes_on())
    items += senders(e.from) * plan_out(e.from, e.branch).items;
  if (deals_items(e.to))
    items += plan_deal(e.to).items;
  return items;
}

std::size_t graph::helpers(std::size_t i) const {
  return (has_distributor(i) ? 1 : 0) + (has_merger(i) ? 1 : 0);
}

} // namespace troupe::detail
