#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace troupe {

namespace detail {
class graph;
struct ends;
} // namespace detail

/// A flow as data: nodes, edges and bounds, before or while it runs.
///
///     std::cout << flow.topology().to_text();
///     numbers [from] --1024--> square [map x4, in_order] --1024--> print [sink]
///
/// Units:  `bound` and `item_bound()` are items. They cover everything between the source's
///         function and the sink's: items in buffers, in mailboxes, being worked on, and kept by a
///         stage such as `batch`.
class topology {
public:
  struct node {
    std::string name;
    std::string what;        ///< "from", "map", "sink", …
    std::size_t workers = 1; ///< actors that run its function
    std::size_t actors = 1;  ///< with distributor and merger
    std::size_t holds = 0;   ///< items it may keep beyond its edges
    std::string order;       ///< of a parallel stage, or how a junction deals out or merges
  };
  struct edge {
    std::size_t from = 0; ///< index into nodes()
    std::size_t to = 0;
    std::size_t bound = 0; ///< items
  };

  topology() = default;
  explicit topology(const detail::graph& flow);

  const std::vector<node>& nodes() const noexcept { return nodes_; }
  const std::vector<edge>& edges() const noexcept { return edges_; }

  /// The most items that the whole flow can hold at once.
  std::size_t item_bound() const noexcept;
  /// How many actors a start spawns, the supervisor included.
  std::size_t actor_count() const noexcept;

  std::string to_text() const;
  /// Graphviz.
  std::string to_dot() const;
  std::string to_json() const;

private:
  std::vector<node> nodes_;
  std::vector<edge> edges_;
};

std::ostream& operator<<(std::ostream& out, const topology& t);

namespace detail {
/// Of a flow that has not been started.
topology topology_of(const ends& flow);
} // namespace detail

} // namespace troupe
