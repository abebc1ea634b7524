#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/launch/launch.hpp>
#include <troupe/options.hpp>
#include <troupe/settings.hpp>

namespace troupe::detail {

/// What can be asked of a stage while it runs: known without its functions, which go with the run.
struct stage_shape {
  std::string_view what;
  std::string name;
  bool passes_on = false; ///< a split or a join
  bool has_workers = false;
  bool resizable = false;
  bool dealt_to = false;
  bool paced = false;
  bool adapts = false; ///< the number of its workers follows its load
  troupe::thread thread = troupe::thread::shared;
  batch_size batch = automatic;
  std::string how;                 ///< the strategy of a junction
  std::size_t item_bytes = 0;      ///< of what comes in
  std::vector<std::size_t> inputs; ///< the stages that feed it
};

std::vector<stage_shape> shapes_of(const graph& flow);

/// Changes a run, and does not own it: a copy may outlive it, and does nothing then.
class run_changes {
public:
  run_changes(running_actors actors, const graph& flow)
      : actors_(std::move(actors)),
        shapes_(std::make_shared<const std::vector<stage_shape>>(shapes_of(flow))) {}

  const std::vector<stage_shape>& shapes() const noexcept { return *shapes_; }
  const std::shared_ptr<run_state>& state() const noexcept { return actors_.state; }
  bool over() const { return actors_.state->ended(); }

  /// As `run::configure`.
  void configure(const std::string& stage, const settings& s) const;

private:
  void check_room(std::size_t stage, const worker_range& range) const;
  void retune(std::size_t stage, const settings& s) const;

  running_actors actors_;
  std::shared_ptr<const std::vector<stage_shape>> shapes_;
};

} // namespace troupe::detail
