#include <troupe/topology.hpp>

#include <ostream>
#include <utility>

#include <nlohmann/json.hpp>

#include <troupe/launch/graph.hpp>

namespace troupe {

namespace {

using json = nlohmann::ordered_json;

// Of a name that is not UTF-8 each byte that is no part of a character becomes U+FFFD.
std::string dumped(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string label(const topology::node& n) {
  auto text = n.what;
  if (n.workers > 1)
    text += " x" + std::to_string(n.workers);
  if (!n.order.empty())
    text += ", " + n.order;
  if (n.holds > 0)
    text += ", holds " + std::to_string(n.holds);
  return text;
}

} // namespace

topology::topology(const detail::graph& flow) {
  for (std::size_t i = 0; i < flow.nodes().size(); ++i) {
    const auto& n = flow.at(i);
    node shown{n.name, std::string{n.what}, n.workers, n.workers + flow.helpers(i), n.holds, n.how};
    if (shown.order.empty() && flow.has_merger(i) && n.role == detail::role::stage)
      shown.order = flow.is_in_order(i) ? "in_order" : "as_completed";
    nodes_.push_back(std::move(shown));
  }
  for (const auto& e : flow.edges())
    edges_.push_back({e.from, e.to, flow.bound(e)});
}

std::size_t topology::item_bound() const noexcept {
  std::size_t sum = 0;
  for (const auto& e : edges_)
    sum += e.bound;
  for (const auto& n : nodes_)
    sum += n.holds;
  return sum;
}

std::size_t topology::actor_count() const noexcept {
  std::size_t sum = 1;
  for (const auto& n : nodes_)
    sum += n.actors;
  return sum;
}

namespace {

// A line for each chain of nodes that simply follow each other; where streams part or meet, the
// node is named again.
class chains {
public:
  explicit chains(const topology& t)
      : t_(t), inputs_(t.nodes().size()), outputs_(t.nodes().size()), named_(t.nodes().size()) {
    for (const auto& e : t.edges()) {
      ++outputs_[e.from];
      ++inputs_[e.to];
    }
  }

  std::string text() {
    std::string all;
    for (std::size_t i = 0; i < t_.nodes().size(); ++i)
      if (inputs_[i] == 0 && outputs_[i] == 0)
        all += name(i) + '\n';
    for (const auto& e : t_.edges())
      if (!runs_through(e.from))
        all += name(e.from) + from(e) + '\n';
    return all;
  }

private:
  bool runs_through(std::size_t i) const { return inputs_[i] == 1 && outputs_[i] == 1; }

  std::string from(const topology::edge& e) {
    // What a merger passes on is on the edges into it.
    const auto arrow = e.bound > 0 ? " --" + std::to_string(e.bound) + "--> " : " --> ";
    auto text = arrow + name(e.to);
    if (runs_through(e.to))
      for (const auto& next : t_.edges())
        if (next.from == e.to)
          text += from(next);
    return text;
  }

  std::string name(std::size_t i) {
    const auto& n = t_.nodes()[i];
    const bool again = named_[i];
    named_[i] = true;
    return again ? n.name : n.name + " [" + label(n) + "]";
  }

  const topology& t_;
  std::vector<std::size_t> inputs_;
  std::vector<std::size_t> outputs_;
  std::vector<bool> named_;
};

} // namespace

std::string topology::to_text() const { return chains{*this}.text(); }

std::string topology::to_dot() const {
  std::string text = "digraph flow {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    text += "  n" + std::to_string(i)
            + " [label=" + dumped(nodes_[i].name + "  (" + label(nodes_[i]) + ")") + "];\n";
  for (const auto& e : edges_)
    text += "  n" + std::to_string(e.from) + " -> n" + std::to_string(e.to) + " [label=\""
            + std::to_string(e.bound) + "\"];\n";
  return text + "}\n";
}

std::string topology::to_json() const {
  auto nodes = json::array();
  for (const auto& n : nodes_) {
    json shown{{"name", n.name},
               {"kind", n.what},
               {"workers", n.workers},
               {"actors", n.actors},
               {"holds", n.holds}};
    if (!n.order.empty())
      shown["order"] = n.order;
    nodes.push_back(std::move(shown));
  }
  auto edges = json::array();
  for (const auto& e : edges_)
    edges.push_back({{"from", nodes_[e.from].name}, {"to", nodes_[e.to].name}, {"bound", e.bound}});
  return dumped(
      {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}, {"item_bound", item_bound()}});
}

topology detail::topology_of(const ends& flow) { return topology{graph{flow}}; }

std::ostream& operator<<(std::ostream& out, const topology& t) { return out << t.to_text(); }

} // namespace troupe
