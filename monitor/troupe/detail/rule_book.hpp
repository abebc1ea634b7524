#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/alert_machine.hpp>
#include <troupe/detail/stall_watch.hpp>
#include <troupe/metrics.hpp>

namespace troupe::detail {

/// What a period has shown of a run, or of the process.
struct period_view {
  time_point at{};
  const graph_metrics* metrics = nullptr; ///< of the run
  const graph_metrics* process = nullptr; ///< of all runs together
  const graph_sample* sample = nullptr;   ///< of the run, at the end of the period
  const stall_watch* stalls = nullptr;
  bool over = false; ///< it was the last one
};

/// The rules that hold for a run, or for the process, and what has come of them.
///
/// Bound:  one `alert_machine` for each rule; of a rule about any stage, one for each stage.
class rule_book {
public:
  /// The rules about the process.
  explicit rule_book(const std::vector<threshold>& all);
  /// Those about this run.
  rule_book(const std::vector<threshold>& all, const std::string& run);

  bool asks_for_stalls() const noexcept { return asks_for_stalls_; }

  /// What is to be told, in this order: alerts with the same root one after the other, that of the
  /// root itself first.
  std::vector<alert> judge(const period_view& view);

  /// What was watched is gone: resolves what is open.
  std::vector<alert> end(time_point at, std::string_view reason);

  void collect_open(std::vector<alert>& out) const;

private:
  struct entry {
    threshold rule;
    std::map<std::string, alert_machine> machines{}; ///< by stage; "" where it is about none
  };

  void add(const threshold& rule);
  void follow_stages(entry& e, const period_view& view, std::vector<alert>& out) const;

  std::string run_;
  std::vector<entry> entries_;
  bool asks_for_stalls_ = false;
};

} // namespace troupe::detail
