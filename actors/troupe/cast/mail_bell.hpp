#pragma once

#include <atomic>
#include <functional>

namespace troupe::detail {

/// Wakes an actor that waits, on its own thread, for a file or pipe instead of its mailbox: who
/// puts something into the mailbox rings.
///
/// Bound: one descriptor, from the first wait on. It is closed with the bell, which must therefore
///        outlive whoever rings: as a member of the actor it does.
class mail_bell {
public:
  mail_bell() = default;
  mail_bell(const mail_bell&) = delete;
  mail_bell& operator=(const mail_bell&) = delete;
  ~mail_bell();

  /// From any thread, once the message is in the mailbox.
  void ring() const noexcept;
  /// Until `descriptor` can be read, or there is mail. Errors: std::system_error where the process
  /// has no descriptor left.
  void wait(int descriptor, const std::function<bool()>& has_mail);

private:
  int event_ = -1;
  std::atomic<int> armed_{-1}; ///< what to write to; -1: nobody waits
};

/// Whether `descriptor` can be read, or says that it has ended.
bool can_be_read(int descriptor, int wait_ms = 0) noexcept;

} // namespace troupe::detail
