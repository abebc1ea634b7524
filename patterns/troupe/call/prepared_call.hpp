#pragma once

#include <memory>
#include <string>
#include <utility>

#include <troupe/call/call_supervisor.hpp>
#include <troupe/call_options.hpp>
#include <troupe/run.hpp>
#include <troupe/service/asked_core.hpp>

namespace troupe::detail {

/// Spawns the actor of a served call.
struct call_starter {
  caf::actor_system& system;
  const context& ctx;
  const call_setup& setup;

  caf::actor operator()(const std::shared_ptr<request_account>& account) const;
};

template <class Req, class Resp>
void answer_asked(void* asked, result<untyped>&& r) {
  auto& call = *static_cast<asked_call<Req, Resp>*>(asked);
  call.finish(with_type<Resp>(r, call.account->name()));
}

template <class Req, class Resp>
caf::message_handler begin_asked(call_supervisor& to) {
  return {[&to](asked_msg<Req, Resp>& msg) {
    auto& item = msg.asked->item;
    to.begin({msg.asked, std::addressof(item.request.get()), item.ctx ? &*item.ctx : nullptr,
              answer_asked<Req, Resp>});
  }};
}

asked_setup setup_of(const std::string& name, const call_options& o, pattern_kind kind,
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
    const call_setup setup{chain, function, begin_asked<Req, Resp>, options.workers,
                           options.restarts};
    auto core = std::make_shared<asked_core<Req, Resp>>(sys, setup_of(name, options, kind, run),
                                                        call_starter{sys, run.ctx, setup},
                                                        chain->controls());
    if (run.watch != nullptr)
      run.watch->watch(core->shown());
    return core;
  }
};

} // namespace troupe::detail
