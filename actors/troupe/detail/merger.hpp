#pragma once

#include <cstddef>
#include <optional>

#include <troupe/detail/router_actor.hpp>
#include <troupe/policy/reorder_buffer.hpp>

namespace troupe::detail {

/// Passes on the batches of several actors as one stream: as they come, or in the order of the
/// batches that a distributor numbered.
///
/// Shape: a link from each sender, one edge out.
/// Bound: holds only the senders' own buffers. In order this cannot block: whoever works on the
/// next
///        batch in order has buffers of its own, which nobody else can take.
class merger final : public router_actor {
public:
  enum class order { as_completed, in_order };

  merger(caf::actor_config& cfg, caf::actor supervisor, order o)
      : router_actor(cfg, std::move(supervisor)), order_(o) {}

  const char* name() const override { return "troupe.merger"; }

private:
  void on_data(data_msg& msg) override;
  void on_demand(demand_msg& msg) override;
  void on_end() override;
  void on_enough() override;
  void release() override { held_ = {}; }

  void pass_on(batch_ptr batch);
  void return_home(batch_ptr batch, std::size_t want);
  void quit_if_done();

  order order_;
  reorder_buffer<batch_ptr> held_;
  std::size_t ended_ = 0;
  std::size_t away_ = 0;
  std::size_t want_ = 1;
};

} // namespace troupe::detail
