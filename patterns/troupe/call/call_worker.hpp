#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <caf/actor.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/call/served_function.hpp>

namespace troupe::detail {

/// From a served call's actor to one of its workers.
struct attempt_msg {
  using internal_message = void;
  std::uint64_t id = 0;
  std::size_t worker = 0;
  untyped request;
  context ctx;
  caf::actor answer_to;
};

/// And back.
struct attempted_msg {
  using internal_message = void;
  std::uint64_t id = 0;
  std::size_t worker = 0;
  bool crashed = false;
  result<untyped> answer;
};

/// Makes the attempts of served calls, one at a time.
class call_worker final : public actor_base {
public:
  call_worker(caf::actor_config& cfg, std::unique_ptr<served_function> function,
              std::string service)
      : actor_base(cfg), function_(std::move(function)), service_(std::move(service)) {}

  const char* name() const override { return "troupe.call_worker"; }

protected:
  caf::message_handler handlers() override;
  std::string own_thread_name() const override { return "tr:" + service_; }

private:
  std::unique_ptr<served_function> function_;
  std::string service_;
};

} // namespace troupe::detail
