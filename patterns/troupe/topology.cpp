#include <troupe/topology.hpp>

#include <array>
#include <cstdio>
#include <map>
#include <ostream>

namespace troupe {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
      out += code.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

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

topology::topology(const detail::node_ptr& last) {
  if (last == nullptr)
    return;
  std::map<const detail::node*, std::size_t> index;
  for (const auto& n : detail::in_flow_order(last)) {
    node shown{n->name, std::string{n->what}, n->workers, n->workers, n->holds, {}};
    if (n->workers > 1) {
      shown.actors += n->role == detail::role::stage ? 2 : 1;
      if (n->role == detail::role::stage)
        shown.order = n->order == emit::in_order ? "in_order" : "as_completed";
    }
    const auto to = nodes_.size();
    for (const auto& up : n->upstreams)
      edges_.push_back({index.at(up.get()), to, detail::bound_between(*up, *n)});
    index.emplace(n.get(), to);
    nodes_.push_back(std::move(shown));
  }
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

std::string topology::to_text() const {
  std::string text;
  if (edges_.empty() && !nodes_.empty())
    return nodes_.front().name + " [" + label(nodes_.front()) + "]\n";
  std::size_t at = nodes_.size();
  for (const auto& e : edges_) {
    if (e.from != at) {
      const auto& n = nodes_[e.from];
      text += (text.empty() ? "" : "\n") + n.name + " [" + label(n) + "]";
    }
    const auto& n = nodes_[e.to];
    text += " --" + std::to_string(e.bound) + "--> " + n.name + " [" + label(n) + "]";
    at = e.to;
  }
  return text + '\n';
}

std::string topology::to_dot() const {
  std::string text = "digraph flow {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    text += "  n" + std::to_string(i)
            + " [label=" + quoted(nodes_[i].name + "  (" + label(nodes_[i]) + ")") + "];\n";
  for (const auto& e : edges_)
    text += "  n" + std::to_string(e.from) + " -> n" + std::to_string(e.to) + " [label=\""
            + std::to_string(e.bound) + "\"];\n";
  return text + "}\n";
}

std::string topology::to_json() const {
  std::string text = "{\"nodes\":[";
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& n = nodes_[i];
    text += (i == 0 ? "" : ",") + std::string{"{\"name\":"} + quoted(n.name)
            + ",\"kind\":" + quoted(n.what) + ",\"workers\":" + std::to_string(n.workers)
            + ",\"actors\":" + std::to_string(n.actors) + ",\"holds\":" + std::to_string(n.holds);
    if (!n.order.empty())
      text += ",\"order\":" + quoted(n.order);
    text += '}';
  }
  text += "],\"edges\":[";
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const auto& e = edges_[i];
    text += (i == 0 ? "" : ",") + std::string{"{\"from\":"} + quoted(nodes_[e.from].name)
            + ",\"to\":" + quoted(nodes_[e.to].name) + ",\"bound\":" + std::to_string(e.bound)
            + '}';
  }
  return text + "],\"item_bound\":" + std::to_string(item_bound()) + '}';
}

std::ostream& operator<<(std::ostream& out, const topology& t) { return out << t.to_text(); }

} // namespace troupe
