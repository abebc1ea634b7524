#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include <troupe/detail/router_actor.hpp>
#include <troupe/policy/dispatch.hpp>

namespace troupe::detail {

/// Hands whole batches to one of several workers: to the least loaded, and only as many as keep it
/// busy, so that a slow worker does not collect work that another could do.
///
/// Shape: one edge in, a link to each worker; batches are numbered in order of arrival.
/// Bound: holds only the sender's own buffers.
class distributor final : public router_actor {
public:
  distributor(caf::actor_config& cfg, caf::actor supervisor)
      : router_actor(cfg, std::move(supervisor)) {}

  const char* name() const override { return "troupe.distributor"; }

private:
  void on_wired() override { dispatch_.emplace(downstream_.size()); }
  void on_data(data_msg& msg) override;
  void on_demand(demand_msg& msg) override;
  void on_end() override;
  void on_enough() override;
  void release() override { waiting_.clear(); }

  void dispatch();

  std::optional<least_loaded_dispatch> dispatch_;
  std::deque<batch_ptr> waiting_;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_item_ = 0;
  std::size_t batches_ahead_ = 1; ///< how many a worker may have at once
  std::size_t satisfied_ = 0;
  bool ended_ = false;
};

} // namespace troupe::detail
