#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <troupe/flow.hpp>
#include <troupe/inbox/inbox_actor.hpp>
#include <troupe/inbox/inbox_source.hpp>
#include <troupe/policy/overflow.hpp>
#include <troupe/result.hpp>
#include <troupe/sources.hpp>

namespace troupe {

template <class T>
struct inbox_options {
  count capacity = 1024; ///< items
  troupe::overflow overflow = troupe::overflow::backpressure;
  std::function<void(T)> on_drop = {}; ///< gets each item that the overflow policy drops
};

/// The end of an inbox that items are put into. Copyable; callable from any thread.
template <class T>
class inbox_ref {
public:
  /// Never waits. `full`: refused, try later; `dropped`: this item was given up; `closed`: no run
  /// takes items any more. The item is moved from only if it was accepted or dropped.
  offer_result offer(T&& item) { return queue_->offer(item); }
  offer_result offer(const T& item) requires std::copy_constructible<T> { return offer(T(item)); }

  /// Waits for room until `limit` is over. Errors: errc::timed_out, errc::closed, or what `offer`
  /// refuses for another reason: errc::overflow. With an error, the item was not moved from. Blocks
  /// the calling thread, so not for an actor.
  result<void> push(T&& item, time_span limit) { return queue_->push(item, limit); }
  result<void> push(const T& item, time_span limit) requires std::copy_constructible<T> {
    return push(T(item), limit);
  }

  /// No further items; what is inside is still delivered, then the flow ends.
  void close() { queue_->close(); }

  /// An actor that takes T and std::vector<T> as messages and answers `true`, or a caf::error when
  /// an item was refused. T must be a CAF message type. Only while the inbox feeds a run.
  caf::actor actor() requires std::copy_constructible<T> {
    return queue_->as_actor([queue = queue_](caf::actor_system& sys) {
      return detail::spawn<detail::inbox_actor<T>>(sys, queue);
    });
  }

private:
  template <class U>
  friend std::pair<inbox_ref<U>, flow<U>> inbox(std::string name, inbox_options<U> options);
  explicit inbox_ref(std::shared_ptr<detail::inbox_queue<T>> queue) : queue_(std::move(queue)) {}

  std::shared_ptr<detail::inbox_queue<T>> queue_;
};

/// Begins a flow with what is put into a bounded queue from outside, by threads or by CAF actors.
///
///     auto [in, orders] = troupe::inbox<order>("orders", {.capacity = 100});
///     auto r = troupe::start(sys, orders | troupe::stage("book", book) | …);
///     if (in.offer(o) == troupe::offer_result::full) …
///
/// Shape:  flow<T>; one actor; order kept. Feeds one run at a time: a second one fails.
/// Bound:  `capacity` items in the queue; beyond it `overflow` decides.
/// Errors: std::invalid_argument for a capacity < 1. What is dropped is counted and goes to
///         `on_drop`, and to the dead letters of a run that wants to see such.
/// Drain:  the queue is closed to new items and what it holds is delivered.
template <class T>
std::pair<inbox_ref<T>, flow<T>> inbox(std::string name, inbox_options<T> options = {}) {
  detail::check_count("inbox", name, "capacity", options.capacity);
  auto queue = std::make_shared<detail::inbox_queue<T>>(name, options.capacity, options.overflow,
                                                        std::move(options.on_drop));
  auto n = detail::source_node(std::move(name), "inbox", {});
  n.holds = options.capacity;
  n.source.make = [queue](std::size_t, caf::actor_system& sys) {
    return std::make_unique<detail::inbox_source<T>>(queue, sys);
  };
  return {inbox_ref<T>{std::move(queue)}, detail::begin_flow<T>(std::move(n))};
}

} // namespace troupe
