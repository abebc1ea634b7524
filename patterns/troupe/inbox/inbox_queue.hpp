#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/inbox/inbox_losses.hpp>
#include <troupe/inbox/inbox_store.hpp>
#include <troupe/kernel/kernel.hpp>
#include <troupe/launch/blueprint.hpp>
#include <troupe/policy/overflow.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe::detail {

/// The bounded queue between threads outside and the source actor inside. The only lock on a data
/// path of the library; held for a few instructions, and by the source once a batch.
template <class T>
class inbox_queue {
public:
  inbox_queue(std::string name, std::size_t capacity, troupe::overflow overflow,
              std::function<void(T)> on_drop)
      : name_(std::move(name)), overflow_(std::move(overflow)), on_drop_(std::move(on_drop)),
        items_(capacity, overflow_.chosen()) {
    if (overflow_.chosen() == overflow::action::redirect && overflow_.target<T>() == nullptr)
      refuse("inbox", name_, "overflow", "redirect to a function of another type",
             "a function that takes the inbox's item type");
  }

  /// The item is moved from only if it was accepted or dropped.
  offer_result offer(T& item) {
    std::unique_lock lock{mutex_};
    return put_in(item, lock);
  }

  /// The same; with an error it is not moved from.
  result<void> push(T& item, duration limit) {
    const auto until = from_now(limit);
    std::unique_lock lock{mutex_};
    if (overflow_.chosen() == overflow::action::backpressure && !wait_for_room(lock, until, limit))
      return fail(errc::timed_out, "inbox \"" + name_ + "\" stayed full");
    switch (put_in(item, lock)) {
    case offer_result::closed:
      return fail(errc::closed, "inbox \"" + name_ + "\" is closed");
    case offer_result::full:
      return fail(errc::overflow, "inbox \"" + name_ + "\" is full");
    case offer_result::accepted:
    case offer_result::dropped:
      break;
    }
    return {};
  }

  void close() {
    std::unique_lock lock{mutex_};
    closed_ = true;
    const auto notify = wake_source();
    lock.unlock();
    if (notify)
      notify();
    room_.notify_all();
  }

  template <class Spawn>
  caf::actor as_actor(Spawn spawn) {
    const std::lock_guard lock{mutex_};
    if (system_ == nullptr)
      throw std::logic_error("inbox \"" + name_
                             + "\": actor() needs a running flow; start it first");
    if (!actor_)
      actor_ = attend(spawn(*system_));
    return actor_;
  }

  /// An actor that is to end with the run. Null if there is none any more.
  template <class Spawn>
  caf::actor attendant(Spawn spawn_it) {
    const std::lock_guard lock{mutex_};
    return system_ == nullptr ? nullptr : attend(spawn_it(*system_));
  }

  /// One that was turned away before it got here, for a reason that `why()` makes.
  template <class Why>
  void count_shed(const item_view& item, Why why) {
    std::unique_lock lock{mutex_};
    items_.count_shed();
    const auto report = report_;
    lock.unlock();
    if (report && report->wants(loss::shed))
      report->show(why(), item);
  }

  // -- for the source ----------------------------------------------------------------------------

  /// A run in `sys` starts: what is offered from now on is its own.
  void claim(caf::actor_system& sys) {
    const std::lock_guard lock{mutex_};
    if (system_ != nullptr)
      throw std::logic_error("inbox \"" + name_ + "\" already feeds another run");
    system_ = &sys;
    ended_ = false;
  }

  void report_to(loss_report report) {
    const std::lock_guard lock{mutex_};
    report_ = std::make_shared<const loss_report>(std::move(report));
  }

  void attach(source_services services) {
    const std::lock_guard lock{mutex_};
    services_.emplace(std::move(services));
    for (const auto& a : attendants_)
      services_->keep(a);
  }

  supply take(item_array<T>& into, std::size_t room, item_account& counts) {
    std::unique_lock lock{mutex_};
    items_.book(counts);
    if (items_.failed())
      throw error{errc::overflow,
                  {},
                  "the inbox overflowed its capacity of " + std::to_string(items_.capacity())};
    const auto n = items_.take(into, room);
    const bool empty = items_.empty();
    const bool complete = closed_ || draining_;
    waiting_ = empty && !complete;
    const auto state = !empty ? supply::more : complete ? supply::ended : supply::later;
    lock.unlock();
    if (n > 0)
      room_.notify_all();
    return state;
  }

  /// The run drains: nothing new, but what is inside.
  void drain() {
    {
      const std::lock_guard lock{mutex_};
      draining_ = true;
    }
    room_.notify_all();
  }

  /// The run ends: what is still inside is lost with it.
  void detach(kernel_host& host) noexcept {
    std::deque<T> rest;
    std::vector<caf::actor> attendants;
    std::shared_ptr<const loss_report> report;
    {
      const std::lock_guard lock{mutex_};
      items_.book(host.counts());
      rest = items_.clear();
      report.swap(report_);
      if (!services_) // the run ended before it came to that
        for (const auto& a : attendants_)
          host.keep(a);
      services_.reset();
      system_ = nullptr;
      attendants.swap(attendants_);
      actor_ = nullptr;
      ended_ = true;
      waiting_ = draining_ = false;
    }
    room_.notify_all();
    for (const auto& a : attendants)
      anon_exit(a);
  }

private:
  caf::actor attend(caf::actor a) {
    attendants_.push_back(a);
    if (services_)
      services_->keep(a);
    return a;
  }

  bool refuses() const noexcept { return closed_ || draining_ || ended_; }

  // Hooks and notifications come after the lock is let go.
  offer_result put_in(T& item, std::unique_lock<std::mutex>& lock) {
    inbox_losses<T> losses;
    const auto shed_before = items_.shed();
    const auto answer = refuses() ? offer_result::closed : items_.put(item, losses.dropped);
    if (answer == offer_result::dropped)
      losses.incoming = std::addressof(item);
    else if (items_.shed() != shed_before)
      losses.shed = std::addressof(item);
    if (losses.any())
      losses.report = report_;
    const auto notify = wake_source();
    lock.unlock();
    if (notify)
      notify();
    losses.tell(overflow_, on_drop_, items_.capacity());
    return answer;
  }

  std::function<void()> wake_source() {
    if (!services_ || !waiting_ || (items_.empty() && !closed_ && !items_.failed()))
      return {};
    waiting_ = false;
    return services_->notify;
  }

  bool wait_for_room(std::unique_lock<std::mutex>& lock, time_point until, duration limit) {
    const auto has_room = [this] { return refuses() || !items_.full(); };
    if (system_ != nullptr && is_testing(*system_)) {
      auto& sys = *system_;
      const auto looked = [&] {
        const std::lock_guard held{mutex_};
        return has_room();
      };
      lock.unlock();
      virtual_time::drive(sys, looked, limit);
      lock.lock();
      return has_room();
    }
    if (until != time_point::max())
      return room_.wait_until(lock, until, has_room);
    room_.wait(lock, has_room);
    return true;
  }

  const std::string name_;
  const troupe::overflow overflow_;
  const std::function<void(T)> on_drop_;

  std::mutex mutex_;
  std::condition_variable room_;
  inbox_store<T> items_;
  caf::actor_system* system_ = nullptr; ///< of the run that it feeds
  std::optional<source_services> services_;
  std::shared_ptr<const loss_report> report_; ///< likewise, if anybody listens
  caf::actor actor_;
  std::vector<caf::actor> attendants_; ///< they end with the run
  bool closed_ = false;                ///< by the user: for good
  bool draining_ = false;              ///< the run that it feeds lets nothing new in
  bool ended_ = false;                 ///< the run that it fed is over
  bool waiting_ = false;               ///< the source wants to be told of the next item
};

} // namespace troupe::detail
