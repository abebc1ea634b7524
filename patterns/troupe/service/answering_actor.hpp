#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/service/deadlines.hpp>
#include <troupe/service/request_account.hpp>

namespace troupe::detail {

/// An actor that answers the calls of a service: when it ends, and why.
///
/// End: told to, it goes on until what is inside has been answered, or the limit is over, or the
///      context that the service was started with ends.
class answering_actor : public deadline_actor {
public:
  struct end_msg {
    using internal_message = void;
    duration limit{};
  };

  answering_actor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                  const troupe::context& ctx);

  void on_exit() override;

protected:
  caf::message_handler handlers() override;
  /// What is open is answered with an error.
  virtual void give_up(const error& why) = 0;
  /// Whether nothing is at work that nobody waits for any more: the end waits for that, too.
  virtual bool is_idle() const { return true; }
  void end_if_empty();
  bool is_ending() const noexcept { return ending_; }
  const std::string& service() const noexcept { return account_->name(); }

  std::shared_ptr<request_account> account_;

private:
  struct limit_msg {
    using internal_message = void;
    error reason;
  };

  void begin();
  void end(duration limit);
  void stop(error reason);

  troupe::context ctx_;
  std::size_t callback_ = 0;
  std::optional<error> reason_; ///< why it ended early
  bool ending_ = false;
};

} // namespace troupe::detail
