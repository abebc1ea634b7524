#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
  call_worker(caf::actor_config& cfg, std::unique_ptr<served_function> function)
      : actor_base(cfg), function_(std::move(function)) {}

  const char* name() const override { return "troupe.call_worker"; }

protected:
  caf::message_handler handlers() override;

private:
  std::unique_ptr<served_function> function_;
};

} // namespace troupe::detail
