#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <troupe/detail/curve.hpp>
#include <troupe/detail/listener_set.hpp>
#include <troupe/detail/rule_book.hpp>
#include <troupe/detail/stall_watch.hpp>
#include <troupe/monitor.hpp>

namespace troupe::detail {

/// All that a monitor knows. The actor writes, any thread reads; runs are sampled without
/// a lock held.
class monitor_state {
public:
  /// How many ended runs keep their last metrics.
  static constexpr std::size_t ended_kept = 16;

  monitor_state(monitor_options options, std::shared_ptr<listener_set> listeners);

  /// Errors: std::invalid_argument for an option out of range.
  static void check(const monitor_options& options);

  duration period() const noexcept { return options_.sample_every; }

  // -- any thread --

  /// Takes the sample that the first period is measured from. The actor is to `admit` next.
  void add(std::shared_ptr<const observable> run);

  std::vector<graph_metrics> metrics() const;
  std::vector<metrics_at> curves(const std::string& run) const;
  std::vector<alert> history() const;
  std::vector<alert> open_alerts() const;
  std::uint64_t dropped_alerts() const;

  // -- the actor only --

  void admit();

  /// Samples and judges every run; whether one is still alive.
  bool sample_all();

  /// The monitor ends: resolves what is open, and forgets the runs. Of those that are over the
  /// last sample is judged first.
  void finish(time_point now);

private:
  struct watched {
    std::shared_ptr<const observable> run;
    graph_sample last;
    std::optional<graph_metrics> metrics;
    rule_book rules;
    stall_watch stalls{};
    std::shared_ptr<curve> past; // what it has to show: mutex_
    bool fresh = false;          // this period has a sample
    bool over = false;
  };
  /// What others may read of a run.
  struct shown {
    graph_metrics metrics;
    std::shared_ptr<curve> past;
  };

  void sample(watched& w);
  void weigh_process();
  void judge(watched& w);
  void judge_process();
  void note(std::vector<alert> said);
  void publish_news();
  void publish();

  monitor_options options_;
  const std::shared_ptr<listener_set> listeners_;

  // The actor only.
  std::vector<watched> runs_;
  rule_book process_rules_;
  std::vector<alert> news_;              // of this period
  std::optional<graph_metrics> process_; // of the newest sample in this period
  time_point process_at_{};

  mutable std::mutex mutex_; // all below
  std::vector<watched> incoming_;
  std::deque<shown> ended_;
  std::vector<shown> live_;
  std::vector<alert> open_;
  std::deque<alert> history_;
  std::uint64_t dropped_ = 0;
};

} // namespace troupe::detail
