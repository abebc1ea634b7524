#pragma once

#include <memory>
#include <string>

#include <troupe/call/call_supervisor.hpp>
#include <troupe/call_options.hpp>
#include <troupe/run.hpp>
#include <troupe/service/actor_core.hpp>

namespace troupe::detail {

/// Spawns the actor of a served call.
struct call_starter {
  caf::actor_system& system;
  const context& ctx;
  const call_setup& setup;

  caf::actor operator()(const std::shared_ptr<request_account>& account) const;
};

template <class Req, class Resp>
void answer_call(void* pending, result<untyped>&& r) {
  auto& call = *static_cast<pending_call<Req, Resp>*>(pending);
  call.finish(with_type<Resp>(r, call.account->name()));
}

template <class Req, class Resp>
caf::message_handler begin_call(call_supervisor& to) {
  return {[&to](call_msg<Req, Resp>& msg) {
    auto& item = msg.call->item;
    to.begin({msg.call, std::addressof(item.request.get()), item.ctx ? &*item.ctx : nullptr,
              answer_call<Req, Resp>});
  }};
}

actor_core_setup setup_of(const std::string& name, const call_options& o, pattern_kind kind,
                          const run_options& run);

/// A call that is about to be served: what its layers share is there, its actors are not.
template <class Req, class Resp>
struct prepared_call {
  using request = Req;
  using response = Resp;

  std::string name;
  call_options options;
  pattern_kind kind;
  std::shared_ptr<served_chain> chain;
  std::shared_ptr<const served_function> function;

  std::shared_ptr<service_core<Req, Resp>> serve(caf::actor_system& sys,
                                                 const run_options& run) const {
    const call_setup setup{chain, function, begin_call<Req, Resp>, options.workers,
                           options.restarts};
    auto core = std::make_shared<actor_core<Req, Resp>>(sys, setup_of(name, options, kind, run),
                                                        call_starter{sys, run.ctx, setup},
                                                        chain->controls());
    if (run.watch != nullptr)
      run.watch->watch(core->shown());
    return core;
  }
};

} // namespace troupe::detail
