#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <troupe/caf/compat.hpp>
#include <troupe/supervise/supervised_child.hpp>
#include <troupe/supervise/supervision_state.hpp>
#include <troupe/supervisor_spec.hpp>

namespace troupe::detail {

/// What a handle asks a supervisor's actor for. Answered exactly once: if by nobody else, by its
/// own end, wherever it was on its way.
struct supervisor_request {
  enum class kind { add, terminate, restart, remove };
  struct answer {
    errc refusal = errc::closed;
    caf::actor actor = {};
    std::string text = {};
  };

  kind what = kind::add;
  std::string child = {};
  child_recipe recipe = {};
  child_options options = {};
  std::promise<answer> reply = {};
  bool answered = false;

  void give(answer a) {
    answered = true;
    reply.set_value(std::move(a));
  }
  ~supervisor_request() {
    if (!answered)
      reply.set_value({});
  }
};

struct supervisor_request_msg {
  using internal_message = void;
  std::shared_ptr<supervisor_request> request;
};

struct supervisor_stop_msg {
  using internal_message = void;
};

/// Carries out what a supervision_machine decides: spawns, watches, ends and kills children.
///
/// Children do not watch it: it kills those that are left when it ends itself, however that comes
/// about, so that none outlives it, and 10,000 of them are let go one by one at equal cost.
class tree_supervisor final : public actor_base {
public:
  /// `up`: a parent to tell when the first children are up.
  tree_supervisor(caf::actor_config& cfg, std::shared_ptr<supervision_state> state,
                  std::shared_ptr<const supervisor_spec> spec, child_up up);

  const char* name() const override { return "troupe.supervisor"; }
  void on_exit() override;

private:
  using id = supervision_machine::id;
  using order = supervision_machine::order;

  caf::message_handler handlers() override;
  void on_exit_msg(const caf::error& reason) override;

  template <class F>
  void decide(F f);
  void begin();
  void accept(std::shared_ptr<supervisor_request> request);
  void gone(id child, std::uint64_t run, const caf::error& reason);

  void perform(const order& o);
  void start(id child, std::uint64_t run);
  bool spawn_child(id child, std::uint64_t run, supervision_state::slot& fresh);
  void end_child(const order& o);
  void forget(id child);
  void answer(const order& o);
  void tell(const order& o);
  void end();
  void set_timer();

  struct open_request {
    std::shared_ptr<supervisor_request> request;
    id child = 0; ///< that was to be added
  };

  std::shared_ptr<supervision_state> state_;
  std::shared_ptr<const supervisor_spec> spec_;
  child_up up_;
  std::unordered_map<std::uint64_t, open_request> open_;
  std::uint64_t requests_ = 0;
  std::optional<time_point> timer_; ///< the earliest that is set
  caf::error reason_;               ///< why it was asked to end
};

} // namespace troupe::detail
