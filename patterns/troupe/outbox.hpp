#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/flow.hpp>
#include <troupe/inbox/outbox_queue.hpp>
#include <troupe/result.hpp>
#include <troupe/sinks.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe {

struct outbox_options {
  count capacity = 1024;         ///< items that wait for a receiver
  count buffer = default_buffer; ///< most items on the edge into it
};

/// The end of an outbox that items are taken from. Copyable; callable from any thread.
template <class T>
class outbox_ref {
public:
  /// Never waits. Empty: nothing there now.
  std::optional<T> try_receive() { return receivers_->queue->try_receive(); }

  /// Waits until `limit` is over. Errors: errc::timed_out; errc::closed once the run has ended and
  /// all is taken; errc::cancelled or errc::deadline_exceeded from `ctx`. Blocks the calling
  /// thread, so not for an actor. Of a run that was over before its sink had begun it knows
  /// nothing: then it waits, as before a start.
  result<T> receive(time_span limit, const context& ctx = detail::never_cancelled()) {
    return receivers_->queue->receive(limit, ctx);
  }

private:
  /// Shared by all copies: when the last one goes, nobody can receive.
  struct receivers {
    std::shared_ptr<detail::outbox_queue<T>> queue;
    explicit receivers(std::shared_ptr<detail::outbox_queue<T>> q) : queue(std::move(q)) {}
    receivers(const receivers&) = delete;
    receivers& operator=(const receivers&) = delete;
    ~receivers() { queue->orphan(); }
  };

  template <class U>
  friend auto outbox(std::string name, outbox_options options);
  explicit outbox_ref(std::shared_ptr<detail::outbox_queue<T>> queue)
      : receivers_(std::make_shared<receivers>(std::move(queue))) {}

  std::shared_ptr<receivers> receivers_;
};

/// Ends a flow in a bounded queue, from which threads outside take what they want, when they want.
///
///     auto [out, end] = troupe::outbox<answer>("answers", {.capacity = 100});
///     auto r = troupe::start(sys, requests | troupe::stage("ask", ask) | end);
///     while (auto a = out.receive(1s)) …   // try_receive() does not wait
///
/// Shape:  a pair: the receiving end, and a sink for flow<U>, U convertible to T; one actor, on a
///         thread of its own; order kept, each item to one receiver. Serves one run: a second one
///         fails, saying so.
/// Bound:  `capacity` items in the queue, then `buffer` on the edge; then demand stops upstream.
///         So a run with nobody who receives does not end by itself; `drain` abandons what has no
///         room within its limit, `stop` at once, both counted.
/// Errors: std::invalid_argument for a capacity or buffer < 1. An item counts as delivered when it
///         is in the queue, and stays there when the run is over: nothing more is lost. When the
///         last receiving end goes, the sources are told to end, and what comes is filtered.
/// Cost:   a lock for each item. Under CAF's testing scheduler, where nobody can wait for room, a
///         full queue fails the run, and `receive` does not drive it: run the jobs, then try.
template <class T>
auto outbox(std::string name, outbox_options options = {}) {
  detail::check_count("outbox", name, "capacity", options.capacity);
  auto queue = std::make_shared<detail::outbox_queue<T>>(name, options.capacity);
  auto sink = detail::pipe_of{[=]<class U>(const flow<U>& f) {
    if constexpr (std::constructible_from<T, U&&>) {
      auto n = detail::sink_node(name, "outbox", {.buffer = options.buffer, .thread = thread::own});
      n.holds = options.capacity;
      return detail::extend<void>(
          f, detail::with_fresh(std::move(n), [queue] { return detail::outbox_op<U, T>{queue}; }));
    } else {
      static_assert(detail::never<U>, "troupe: this outbox does not hold the item type that the "
                                      "flow hands it");
      return flow<detail::invalid>{};
    }
  }};
  return std::pair{outbox_ref<T>{queue}, std::move(sink)};
}

} // namespace troupe
