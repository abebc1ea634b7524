#pragma once

#include <caf/config.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/ref_counted.hpp>

#include <troupe/caf/caf_version.hpp>

namespace troupe::detail {

/// A message that is an object of ours, owned by reference, and sent as often as it is needed: CAF
/// allocates nothing for it and looks up no handler. In one mailbox at a time.
class mail : public caf::ref_counted {
#if !TROUPE_CAF_1X
  friend class actor_base;

  // What CAF's mailboxes link together, and dispose of when it is taken out: one reference to us.
  class envelope final : public caf::mailbox_element {
  public:
    explicit envelope(mail& m) : owner(m) {}
    void request_deletion(bool) const noexcept override { owner.deref(); }
    caf::type_erased_tuple& content() override { return no_content; }
    const caf::type_erased_tuple& content() const override { return no_content; }
    caf::message move_content_to_message() override { return {}; }
    caf::message copy_content_to_message() const override { return {}; }

    static caf::empty_type_erased_tuple no_content; ///< also tells these elements from others

    mail& owner;
  };

  envelope envelope_{*this};
#endif
};

using mail_ptr = caf::intrusive_ptr<mail>;

#if TROUPE_CAF_1X
struct mail_msg {
  using internal_message = void;
  mail_ptr content;
};
#endif

} // namespace troupe::detail
