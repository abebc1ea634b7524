#pragma once

#include <utility>

#include <troupe/cast/mail_bell.hpp>
#include <troupe/cast/source_actor.hpp>

namespace troupe::detail {

/// A source that waits for a descriptor and for its mailbox at once, on a thread of its own. Apart
/// from other sources, so that these need not look whether to ring for each message.
class reading_source_actor final : public source_actor {
public:
  using source_actor::enqueue;
  using source_actor::source_actor;

#if TROUPE_CAF_1X
  bool enqueue(caf::mailbox_element_ptr mail, caf::scheduler* sched) override {
    const bool taken = source_actor::enqueue(std::move(mail), sched);
    bell_.ring();
    return taken;
  }
#else
  void enqueue(caf::mailbox_element_ptr mail, caf::execution_unit* unit) override {
    source_actor::enqueue(std::move(mail), unit);
    bell_.ring();
  }
#endif

private:
  void wait_for_input(int descriptor) override;

  mail_bell bell_;
};

} // namespace troupe::detail
