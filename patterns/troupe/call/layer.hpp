#pragma once

#include <memory>
#include <string>
#include <utility>

#include <troupe/result.hpp>

// A call's policies are layers around its function, outermost first. Each has
//
//     run(host, attempt, done): calls done(result&&) exactly once, now or later
//
// and passes what it lets through to its `next`; the innermost one calls the function. The host is
// who runs them: the actor of a served call, which never waits, or the worker of a stage, which
// waits in its own thread. It has now(), sleep(attempt, d, k) and rng(); that of a served call also
// has timers and attempts beside each other. A host that ends drops what waits, and then `done` is
// not called. A result goes on by reference: it may throw when it is moved (see held.hpp).
//
// In a stage the types of the layers nest, and the compiler makes one function of them (chain.hpp):
// a call costs some 50 ns there. When served it costs microseconds, so its layers are linked while
// the program runs, and know neither each other nor the types of request and answer: they are
// compiled once, in served_chain.cpp, and another call costs its user little time to compile.
namespace troupe::detail {

/// What a layer around others knows of itself.
template <class Resp, class State, class Next>
struct layer {
  using response = Resp;

  std::shared_ptr<State> state; ///< shared by all that make this call
  Next next;
};

template <class Resp>
result<Resp> refusal(errc code, const std::string& name, std::string text, duration retry_after) {
  return tl::unexpected<error>{error{code, name, std::move(text)}.with_retry_after(retry_after)};
}

} // namespace troupe::detail
