#pragma once

#include <any>
#include <atomic>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include <caf/fwd.hpp>

#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/kernel/item_account.hpp>
#include <troupe/kernel/tuning.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/on_error.hpp>

namespace troupe::detail {

/// What became of one item.
enum class disposition {
  delivered, ///< handled; its results, if any, are in the output batch
  filtered,  ///< refused on purpose
  held,      ///< kept inside; counts as in flight until handed on
  again,     ///< not finished: call again with the same item and a new output batch
  failed,    ///< the function returned an error; the operation's `fault` has it
};

/// Why an item failed.
struct item_fault {
  error why;
  bool thrown = false; ///< else the function returned it
};

/// What to do about an item that failed: unless it says otherwise, go on with the next.
struct remedy {
  bool stays
      = false; ///< stop here, with the item at the cursor: it is tried later, or the run fails
  bool renew = false; ///< stop, here or behind the item: the kernel is not to be used again
};

/// An item that is lost, for the dead-letter sink.
struct item_view {
  bool kept = false; ///< whether it is intact
  bool prints = false;
  std::function<std::any()> copy;
  std::function<std::string()> print;
};

/// What a kernel sees of the actor that runs it.
class kernel_host {
public:
  kernel_host(const std::atomic<bool>& halted, context& ctx, loss shown)
      : halted_(halted), ctx_(ctx), shown_(shown) {}
  kernel_host(const kernel_host&) = delete;
  kernel_host& operator=(const kernel_host&) = delete;
  virtual ~kernel_host() = default;

  /// Whether the run was cancelled: nothing further may be started.
  bool halted() const noexcept { return halted_.load(std::memory_order_relaxed); }
  context& ctx() noexcept { return ctx_; }
  item_account& counts() noexcept { return counts_; }
  /// Whether items are slow enough here to be timed one by one.
  bool times_items() const noexcept { return times_items_; }
  virtual time_point now() const noexcept = 0;
  /// An item took `d`, and was done at `at`; the next one, if any, is begun.
  virtual void took(duration d, time_point at) noexcept = 0;
  virtual remedy failed(item_fault fault, const batch_base& in, const item_view& item) = 0;
  /// No further input is wanted.
  virtual void enough() = 0;
  /// The run ends with this error, unless it fails before: once all that is under way is done.
  virtual void end_with(error reason) = 0;
  /// The run is not over before `actor` is gone.
  virtual void keep(const caf::actor& actor) = 0;

  /// Whether somebody wants to see what is lost in this way. See `give_up`.
  bool shows(loss what) const noexcept { return (shown_ & what) != loss::none; }
  /// Shows what is lost, which is counted apart from this.
  virtual void show(const error& why, const item_view& item) noexcept = 0;

protected:
  bool times_items_ = false;

private:
  const std::atomic<bool>& halted_;
  context& ctx_;
  loss shown_;
  item_account counts_;
};

/// What a stage or sink does to its items; made anew for each actor, so it may have state.
class kernel {
public:
  kernel() = default;
  kernel(const kernel&) = delete;
  kernel& operator=(const kernel&) = delete;
  virtual ~kernel() = default;

  /// Works on `in` from its cursor until it is used up, `out` is full or the host says no more.
  /// `out` is null for a sink. True: the kernel is not to be used again (`remedy::renew`).
  [[nodiscard]] virtual bool step(batch_base& in, batch_base* out, kernel_host& host) = 0;

  /// The input is complete: hands on what is held. False: `out` is full, call again.
  virtual bool finish(batch_base*, kernel_host&) { return true; }

  /// When `expire` wants to be called, for kernels that wait.
  virtual std::optional<time_point> due() const { return std::nullopt; }
  /// Hands on what is due, as far as `out` has room; `due` stays in the past until it is all out.
  virtual void expire(time_point, batch_base*, kernel_host&) {}
  /// Whether it takes up nothing before `due`: `step` has left items where they were.
  virtual bool waits() const noexcept { return false; }

  /// Whether it needs no input at all.
  virtual bool wants_nothing() const noexcept { return false; }

  /// For those with a rate.
  virtual void retune(const tuning&, time_point /*now*/) {}

  /// Items that fail will be looked at, so they are to outlive the call of the function.
  virtual void keep_items() {}
};

/// How a source is doing after having been asked for items.
enum class supply {
  more,    ///< the batch is full or it is time to look at the mailbox; ask again
  later,   ///< nothing now: ask at `due`, or when told that there is something
  unready, ///< nothing now: ask when `descriptor` can be read
  ended,
};

/// What a source's actor offers to its kernel.
struct source_services {
  caf::actor_system& system;
  /// From any thread: there is something after `supply::later`.
  std::function<void()> notify;
  /// The run is not over before this actor is gone.
  std::function<void(const caf::actor&)> keep;
};

/// Shows what is lost outside of actors to whom it may concern, from any thread. While it exists,
/// the run is not over.
struct loss_report {
  loss wanted = loss::none;
  std::function<void(const error& why, const item_view& item)> show = {};

  bool wants(loss what) const noexcept { return (wanted & what) != loss::none; }
};

/// Where a source's items come from; made anew for each run, by the thread that starts it. What may
/// block or fail belongs into `open`, which the source's actor calls.
class source_kernel {
public:
  source_kernel() = default;
  source_kernel(const source_kernel&) = delete;
  source_kernel& operator=(const source_kernel&) = delete;
  virtual ~source_kernel() = default;

  /// Puts items into `out` up to its limit. What it throws fails the run.
  virtual supply fill(batch_base& out, kernel_host& host) = 0;

  virtual std::optional<time_point> due() const { return std::nullopt; }
  /// What `supply::unready` waits for.
  virtual int descriptor() const noexcept { return -1; }

  /// Called once, by the thread that starts the run, if somebody wants to see what is lost.
  virtual void report_to(loss_report) {}
  /// Called once, before anything else but `close`. What it throws fails the run.
  virtual void open(source_services) {}
  /// Called once, when the actor ends, before what is in flight is counted as abandoned.
  virtual void close(kernel_host&) noexcept {}
  /// Whether the kernel itself counts what it received; `fill` then only hands it on.
  virtual bool counts_received() const noexcept { return false; }

  /// The run drains: nothing new is to be let in. What is inside may still be handed out.
  virtual bool drains() { return false; }
};

/// Whatever was thrown, in words; an `error` as it is.
error describe(const std::exception_ptr& thrown);
/// For a handler: what it has caught.
item_fault caught();

} // namespace troupe::detail
