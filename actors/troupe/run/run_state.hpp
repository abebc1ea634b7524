#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/context.hpp>
#include <troupe/kernel/metric_block.hpp>
#include <troupe/kernel/tuning.hpp>
#include <troupe/report.hpp>
#include <troupe/run/crash_record.hpp>
#include <troupe/run/dead_letter_office.hpp>
#include <troupe/run/roster.hpp>
#include <troupe/run/stage_controls.hpp>
#include <troupe/run/system_book.hpp>

namespace troupe::detail {

/// So many workers for this stage, or between so many.
struct crew_wish {
  std::size_t stage = 0;
  std::size_t min = 1;
  std::size_t max = 1;
};

/// What is known of a stage's workers besides what each of them counts.
struct crew_gauge {
  explicit crew_gauge(std::size_t branches) : branch_sent(branches) {}

  std::atomic<std::size_t> workers{1}; ///< active ones
  std::atomic<std::size_t> wanted{1};  ///< how many the distributor is to use
  std::atomic<bool> told{false};       ///< it has been told, and has not looked yet
  std::atomic<std::size_t> busy{0};
  std::atomic<duration::rep> waiting_since{0}; ///< the first of those without a worker; 0: none
  std::atomic<std::uint64_t> redelivered{0};
  std::atomic<std::uint64_t> restarts{0};
  std::vector<std::atomic<std::uint64_t>> branch_sent; ///< items, where there are branches
};

/// One named stage of a running flow: what its actors count.
struct stage_state {
  struct input {
    std::size_t stage = 0;
    std::optional<std::uint32_t> branch = {};
    std::size_t capacity = 0;
  };

  std::string name;
  std::string_view what;  ///< "stage", "rate_limit", …
  bool passes_on = false; ///< a join that hands on what comes as it is
  pattern_kind kind = pattern_kind::pipeline;
  std::size_t capacity = 0;
  std::vector<input> inputs;                         ///< the stages that feed it
  std::vector<std::unique_ptr<metric_block>> blocks; ///< one for each actor that counts
  std::unique_ptr<crew_gauge> crew;
  shared_kit kit; ///< empty: its workers share nothing
  std::unique_ptr<crash_record> crashes;
  std::unique_ptr<tuning_slot> tuned; ///< null: it has no rate
};

/// What the actors of a run share with its handle and its observers: counters, the halt flag, and
/// the report once all are gone. From then on it needs no actor system.
class run_state final : public listed {
public:
  run_state(caf::actor_system& sys, std::vector<stage_state> stages, const context& ctx,
            dead_letter_sink dead_letters, std::string name);

  graph_sample sample() const override;
  bool ended() const override;
  troupe::standing standing() const override;
  std::uint64_t actors_left() const override { return actors_.load(std::memory_order_relaxed); }

  caf::actor_system& system() const noexcept { return system_; }
  const std::vector<stage_state>& stages() const noexcept { return stages_; }
  /// Where a further worker of this stage counts.
  metric_block* add_block(std::size_t stage);
  crew_gauge& crew(std::size_t stage) noexcept { return *stages_[stage].crew; }
  /// For a distributor that has been told: how many of its workers to use.
  std::size_t wanted_workers(std::size_t stage) noexcept {
    crew(stage).told.exchange(false); // not a store: `wanted` must not be read before it
    return crew(stage).wanted.load(std::memory_order_relaxed);
  }
  /// The last wish for each stage counts. True: the supervisor must be told that there are some.
  bool wish(const crew_wish& w);
  std::vector<crew_wish> take_wishes();
  void count_redelivered(std::size_t stage, std::uint64_t items) noexcept;
  /// How many workers have something to do, and since when something waits for one.
  void show_crew(std::size_t stage, std::size_t busy, time_point waiting_since) noexcept;
  /// The index of a stage; throws std::invalid_argument where there is none of that name.
  std::size_t index_of(const std::string& stage) const;

  const std::atomic<bool>& halted() const noexcept { return halted_; }
  context& ctx() noexcept { return ctx_; }
  time_point now() const noexcept { return clock_.now(); }

  /// Nothing further may be started. The first reason is the one reported (errc::none: none).
  void halt(const error& reason);
  /// Nothing is stopped; the run ends with this error where it would have none. The first counts.
  void end_with(error reason);
  /// Does not wait. Nothing happens once the run is over.
  void begin_drain(duration limit);
  void begin_stop();
  /// Nobody has a handle of it any more.
  void let_go() noexcept { let_go_.store(true, std::memory_order_relaxed); }
  /// Null: the run is over.
  std::shared_ptr<system_book> book() const;
  /// What a context that is over means to the run.
  error end_of_context() const;
  crash_record& crashes(std::size_t stage) const noexcept { return *stages_[stage].crashes; }
  /// Of a stage with a rate.
  tuning_slot& tuned(std::size_t stage) const noexcept { return *stages_[stage].tuned; }

  /// What somebody wants to see of what is lost, besides what a stage buries.
  loss shown() const noexcept { return dead_letters_.also(); }
  /// Hands a lost item to the run's dead-letter sink, one at a time; waits while the sink is busy.
  /// A sink that throws fails the run. From any thread, as long as the run is not over.
  void show(std::size_t stage, const error& why, const item_view& item) noexcept;
  /// The same for who is no actor of the run.
  loss_report report_of(std::size_t stage) const;

  /// What the actors of a run hold together: when the last one lets go, the run is over.
  static std::shared_ptr<run_state> make_presence(const std::shared_ptr<run_state>& state);
  /// The run is not over before `actor` has left the registry with an empty mailbox. Only while
  /// another actor of the run lives. `seat`: the room that it has taken.
  void keep(const caf::actor& actor, seats seat = {});
  /// Who is let go of at the end. Before the run can be over.
  void set_roster(std::shared_ptr<roster> actors) { roster_ = std::move(actors); }

  /// `tell` is called once, when the report is there: now where it is, else in the thread that ends
  /// the run. It must do no more than send.
  void tell_at_end(std::function<void(const report&)> tell);
  /// While it is held, the run may be over, but `wait` does not answer.
  static std::shared_ptr<void> hold_answer(const std::shared_ptr<run_state>& state);
  /// What was told of the end threw: the error of the report, where it has none.
  void fail_at_end(error reason);
  /// Over, and nobody holds the answer.
  bool settled() const;

  /// Blocks the calling thread until it is settled; `limit` empty: no limit. False if it ran out.
  bool wait(std::optional<duration> limit) const;
  /// Only after the end.
  report result() const;

  time_point started() const noexcept { return started_; }

private:
  using end_calls = std::vector<std::function<void(const report&)>>;

  void finish();
  /// `tell`: who is to be told of the report.
  report conclude(report::stage_list stages, graph_sample last, end_calls& tell);
  counters totals(std::size_t stage) const;
  std::uint64_t sent_over(const stage_state::input& input) const;
  /// `over`: what is on an edge now stays there, and counts as abandoned.
  graph_sample collect(bool over) const;
  stage_sample collect(const stage_state& stage, time_point at, bool over) const;
  void look_at_edges(const stage_state& stage, stage_sample& out, bool over) const;

  caf::actor_system& system_;
  const std::string name_; ///< may be empty
  clock_reader clock_;
  std::vector<stage_state> stages_;
  context ctx_;
  dead_letter_office dead_letters_;
  time_point started_;
  std::weak_ptr<run_state> presence_;
  std::atomic<bool> halted_{false};
  std::atomic<bool> draining_{false};
  std::atomic<bool> let_go_{false};
  std::atomic<std::uint64_t> actors_{0};

  std::shared_ptr<roster> roster_;

  mutable std::mutex blocks_mutex_; ///< workers may be added while others read
  std::mutex wishes_mutex_;
  std::vector<crew_wish> wishes_; ///< one a stage at most
  mutable std::mutex mutex_;
  mutable std::condition_variable over_;
  std::optional<error> reason_;
  std::optional<error> reason_at_end_;
  std::optional<report> report_;
  end_calls tell_; ///< until the end
  std::size_t answer_held_ = 0;
  std::unique_ptr<listing> listing_; ///< as long as there are actors
  graph_sample last_;                ///< with the report: who asks later needs no clock
};

} // namespace troupe::detail
