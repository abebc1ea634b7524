#pragma once

#include <cstddef>
#include <vector>

#include <troupe/detail/flow_view.hpp>

namespace troupe::detail {

/// How many workers each stage has, the rate that this gives, and what stands in the way of more.
struct flow_plan {
  std::vector<std::size_t> workers;
  double throughput = 0; ///< items a second that the sources give together
  flow_limit limit{};
};

/// What a flow would give with other numbers of workers, after DS2.
///
/// Shape:  rates are linear in those of the sources: these grow together, each up to what it could
///         give, until a stage, the processors or the memory allow no more.
class flow_model {
public:
  flow_model(const flow_view& view, const advisor_bounds& bounds);

  /// What the sources give now; less than that where it has not come through.
  double throughput() const noexcept { return throughput_; }
  /// What the sources could give.
  double offered() const noexcept;
  /// What it gives, and what holds it to that.
  flow_plan as_it_is() const;
  /// With as many as are needed, of the stages that are changed while the flow runs; `anew`: and
  /// of those that can be composed with more. At least as many as there are.
  flow_plan best(bool anew) const;
  /// With these numbers.
  flow_plan with(const std::vector<std::size_t>& workers) const;

  /// Items a second that reach a stage when the sources give so many together.
  double rate_at(std::size_t stage, double throughput) const;
  /// Items a second that a worker does while it works; infinity: not known, or no work at all.
  double true_rate(std::size_t stage) const noexcept { return true_rates_[stage]; }
  /// How many workers do that rate in `busy_at_most` of their time.
  std::size_t needed(std::size_t stage, double rate) const;
  /// It has input, is not held back, and still not busy: its work is not all that takes it time.
  bool waits_for_itself(std::size_t stage) const noexcept { return hidden_[stage]; }
  /// Nor is it others that it waits for: an item is too quick for that. It is busy with passing on.
  bool is_mostly_hops(std::size_t stage) const noexcept;
  /// Mean seconds from the sources to the end; `plan` null: as measured.
  double passage(const flow_plan* plan) const;
  /// Bytes that a further worker takes: an actor with its numbers, or with a stack.
  static std::uint64_t bytes_of_worker(const stage_view& s) noexcept;

private:
  struct reach {
    const std::vector<std::size_t>* workers; ///< null: as many as may be
    bool anew = false;
  };

  void measure_stages();
  void measure_sources();
  std::vector<double> rates_at(double factor) const;
  std::size_t most_workers(std::size_t stage, bool anew) const;
  bool can_grow(std::size_t stage, bool anew) const;
  /// What forbids this rate; its `cause` is `source` where nothing does.
  flow_limit obstacle(double factor, const reach& r) const;
  flow_limit obstacle_of_machine(const std::vector<double>& rates, double factor,
                                 const reach& r) const;
  limit_cause cause_of(std::size_t stage, const reach& r) const;
  flow_plan highest(const reach& r) const;
  double wait_after(std::size_t stage, const flow_plan& plan, double rate, bool stays_full) const;

  const flow_view& view_;
  const advisor_bounds& bounds_;
  double throughput_ = 0;
  std::vector<double> true_rates_;
  std::vector<double> selectivity_;
  std::vector<bool> hidden_;
  std::vector<double> now_;     ///< by stage: of a source, its rate now
  std::vector<double> offered_; ///< and what it could give
};

} // namespace troupe::detail
