#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <troupe/launch/blueprint.hpp>

namespace troupe::detail {

/// A flow's nodes and edges, and what follows from how they stand together: who needs a distributor
/// or a merger, and how much each edge may hold.
class graph {
public:
  struct edge {
    std::size_t from = 0;
    std::uint32_t branch = 0; ///< of a node with several outputs
    std::size_t to = 0;
  };

  explicit graph(const ends& e);

  const std::vector<node_ptr>& nodes() const noexcept { return nodes_; }
  const node& at(std::size_t i) const { return *nodes_[i]; }
  const std::vector<edge>& edges() const noexcept { return edges_; }
  std::span<const edge> into(std::size_t i) const;
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  /// Where an output of this node leads; `nowhere` if the flow is still open there.
  std::size_t after(std::size_t i, std::uint32_t branch = 0) const;
  std::size_t branches(std::size_t i) const;

  /// Whether the node's workers are behind a distributor; else it has exactly one.
  bool has_distributor(std::size_t i) const;
  /// Whether that looks at single items.
  bool deals_items(std::size_t i) const;
  /// Whether the node's results are merged into one stream.
  bool has_merger(std::size_t i) const;
  /// Whether what this node deals out, of a split into that branch, is put in order
  /// again behind it.
  bool numbers(std::size_t i, std::uint32_t branch = 0) const;
  /// The join that this branch leads to; `nowhere` if it ends in a sink.
  std::size_t join_behind(std::size_t split, std::uint32_t branch) const;
  /// The split whose branches this join brings together; `nowhere` if its inputs are no branches.
  std::size_t split_before(std::size_t join) const;
  /// Whether several parts with an order between them are processed where this node stands.
  bool is_in_order(std::size_t i) const;

  /// For each actor that sends from here into that branch.
  edge_plan plan_out(std::size_t i, std::uint32_t branch = 0) const;
  edge_plan plan_out(std::size_t i, std::uint32_t branch, std::size_t workers) const;
  /// For an item distributor and all its workers together.
  edge_plan plan_deal(std::size_t i) const;
  /// The most items in a batch that comes in over this edge.
  std::size_t batch_in(const edge& e) const;
  /// The most items on this edge.
  std::size_t bound(const edge& e) const;
  /// Actors besides those that run the node's function.
  std::size_t helpers(std::size_t i) const;

private:
  void find_joins();
  const edge* beginning(const edge& e) const;
  std::size_t senders(std::size_t i) const;

  struct way {
    std::uint32_t branch;
    std::size_t to;
    std::size_t join = nowhere;
  };

  std::vector<node_ptr> nodes_;
  std::vector<edge> edges_;              ///< by where they lead
  std::vector<std::size_t> into_;        ///< index of the first edge into each node
  std::vector<std::vector<way>> out_of_; ///< each node
  std::vector<std::size_t> buffers_;     ///< by node: items on the edge into it
};

} // namespace troupe::detail
