#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/link/messages.hpp>

namespace troupe::detail {

/// An actor with edges: items come in batches, which go home empty, as demand. Both are the batch
/// itself, put into the neighbour's mailbox.
class linked_actor : public actor_base {
public:
  using actor_base::actor_base;

  /// Downstream: items. The receiver owes the batch, emptied, as demand.
  void send_data(batch_ptr batch, const endpoint& to) {
    batch->homeward = false;
    batch->port = to.port;
    send_mail(to.actor, std::move(batch), false);
  }

  /// Upstream: an emptied batch; further ones should hold `want` items. Overtakes data.
  void send_demand(batch_ptr batch, const endpoint& to, std::size_t want) {
    batch->homeward = true;
    batch->port = to.port;
    batch->want = want;
    send_mail(to.actor, std::move(batch), true);
  }

protected:
  virtual void on_data(batch_ptr /*batch*/, std::uint32_t /*inlet*/) { assert(false); }
  virtual void on_demand(batch_ptr /*batch*/, std::uint32_t /*outlet*/) { assert(false); }

private:
  void on_mail(mail_ptr m) final {
    batch_ptr batch{static_cast<batch_base*>(m.detach()), false};
    const auto port = batch->port;
    if (batch->homeward)
      on_demand(std::move(batch), port);
    else
      on_data(std::move(batch), port);
  }
};

} // namespace troupe::detail
