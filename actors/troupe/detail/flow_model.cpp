#include <troupe/detail/flow_model.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::detail {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

double rate(double items, double seconds) noexcept { return seconds > 0 ? items / seconds : 0.0; }

// Fewer say little: the first of them are those that stood there already.
constexpr double enough_items = 20;
// What a source could give that has hardly worked at all is not seen from its work.
constexpr double enough_work = 0.01;
// So much more is tried at a time, where nobody knows how much there is.
constexpr double stride = 4;
// Whoever does so many waits for nobody in between.
constexpr double quick_items = 50'000;
// Above this there is nothing left of the processors.
constexpr double all_of_it = 0.9;
// With input at hand, and room for what results, a worker has nothing else to do.
constexpr double busy_enough = 0.85;

double busy_threads(const flow_view& view) {
  double sum = 0;
  for (const auto& s : view.stages)
    sum += s.own_thread ? 0.0 : s.busy;
  return rate(sum, view.span);
}

bool is_machine_full(const flow_view& view, const advisor_bounds& bounds) {
  return (bounds.threads > 0
          && busy_threads(view) >= all_of_it * static_cast<double>(bounds.threads.value()))
         || (bounds.cores > 0 && view.cpu >= all_of_it * bounds.cores);
}

} // namespace

flow_model::flow_model(const flow_view& view, const advisor_bounds& bounds)
    : view_(view), bounds_(bounds) {
  measure_stages();
  measure_sources();
}

void flow_model::measure_stages() {
  const bool machine_full = is_machine_full(view_, bounds_);
  for (std::size_t i = 0; i < view_.stages.size(); ++i) {
    const auto& s = view_.stages[i];
    const bool judged = s.finished > 0 && !s.is_source() && s.kind != pattern_kind::fan_in
                        && s.inputs.size() < 2 && !machine_full;
    hidden_.push_back(judged && view_.is_full(i) && !view_.is_held(i)
                      && view_.utilization(i) < busy_enough);
    const auto spent = hidden_[i] ? static_cast<double>(s.workers) * view_.span : s.busy;
    true_rates_.push_back(s.finished > 0 && spent > 0 ? s.finished / spent : infinite);
    selectivity_.push_back(s.finished > 0 ? s.emitted / s.finished : 1.0);
  }
}

void flow_model::measure_sources() {
  now_.assign(view_.stages.size(), 0);
  for (std::size_t i = 0; i < view_.stages.size(); ++i)
    if (view_.stages[i].is_source())
      now_[i] = rate(view_.stages[i].finished, view_.span);
  offered_ = now_;
  // What only fills or empties a buffer is not what the flow gives.
  double least = 1;
  const auto rates = rates_at(1);
  for (std::size_t i = 0; i < view_.stages.size(); ++i)
    if (rates[i] * view_.span >= enough_items)
      least = std::min(least, rate(view_.stages[i].finished, view_.span) / rates[i]);
  for (std::size_t i = 0; i < view_.stages.size(); ++i) {
    const auto& s = view_.stages[i];
    if (!s.is_source())
      continue;
    if (view_.is_held(i)) {
      const auto free = 1 - s.held;
      offered_[i] = free >= enough_work ? now_[i] / free : now_[i] * stride;
    }
    now_[i] *= least;
    throughput_ += now_[i];
  }
}

double flow_model::offered() const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < offered_.size(); ++i)
    sum += view_.stages[i].is_source() ? offered_[i] : 0.0;
  return sum;
}

std::vector<double> flow_model::rates_at(double factor) const {
  std::vector<double> in(view_.stages.size(), 0);
  std::vector<double> out(view_.stages.size(), 0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    for (const auto& e : view_.stages[i].inputs)
      in[i] += out[e.from] * e.share;
    if (view_.stages[i].is_source())
      in[i] = std::min(offered_[i], now_[i] * factor);
    out[i] = in[i] * selectivity_[i];
  }
  return in;
}

double flow_model::rate_at(std::size_t stage, double throughput) const {
  double low = 0;
  double high = throughput_ > 0 ? std::max(1.0, throughput / throughput_) : 0;
  // Each source stops growing at its own rate, so the factor is not simply the quotient.
  const auto sum = [&](double factor) {
    double all = 0;
    for (std::size_t i = 0; i < now_.size(); ++i)
      all += std::min(offered_[i], now_[i] * factor);
    return all;
  };
  for (int more = 0; more < 64 && sum(high) < throughput * (1 - 1e-9); ++more)
    high *= 2;
  for (int i = 0; i < 60; ++i) {
    const auto middle = (low + high) / 2;
    (sum(middle) < throughput ? low : high) = middle;
  }
  return rates_at(high)[stage];
}

std::size_t flow_model::needed(std::size_t stage, double rate) const {
  if (!std::isfinite(true_rates_[stage]) || rate <= 0)
    return 1;
  const auto exact = rate / (true_rates_[stage] * advisor::busy_at_most);
  const auto most = static_cast<double>(bounds_.most_workers.value());
  return static_cast<std::size_t>(std::clamp(std::ceil(exact - 1e-6), 1.0, most));
}

bool flow_model::is_mostly_hops(std::size_t stage) const noexcept {
  return hidden_[stage] && !view_.stages[stage].own_thread && true_rates_[stage] > quick_items;
}

bool flow_model::can_grow(std::size_t stage, bool anew) const {
  const auto& s = view_.stages[stage];
  if (s.kind == pattern_kind::rate_limiter || s.breaker_open || is_mostly_hops(stage))
    return false;
  return s.resized == resizing::parallel || s.resized == resizing::workers
         || (anew && s.resized == resizing::anew);
}

std::size_t flow_model::most_workers(std::size_t stage, bool anew) const {
  const auto now = view_.stages[stage].workers;
  return can_grow(stage, anew) ? std::max<std::size_t>(now, bounds_.most_workers) : now;
}

limit_cause flow_model::cause_of(std::size_t stage, const reach& r) const {
  const auto& s = view_.stages[stage];
  if (s.kind == pattern_kind::rate_limiter && waits_for_itself(stage))
    return limit_cause::rate;
  if (s.breaker_open)
    return limit_cause::breaker;
  if (is_mostly_hops(stage))
    return limit_cause::hops;
  if (s.resized == resizing::not_now)
    return limit_cause::function;
  if (!can_grow(stage, r.anew && r.workers == nullptr))
    return limit_cause::one_worker;
  const auto workers = r.workers != nullptr ? (*r.workers)[stage] : most_workers(stage, r.anew);
  return workers >= std::size_t{bounds_.most_workers} ? limit_cause::most_workers
                                                      : limit_cause::function;
}

flow_limit flow_model::obstacle(double factor, const reach& r) const {
  const auto rates = rates_at(factor);
  double worst = 1;
  flow_limit found;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    if (view_.stages[i].is_source() || !std::isfinite(true_rates_[i]))
      continue;
    const auto workers = r.workers != nullptr ? (*r.workers)[i] : most_workers(i, r.anew);
    const auto load = rates[i] / (true_rates_[i] * static_cast<double>(workers));
    if (load > worst) {
      worst = load;
      found = {cause_of(i, r), view_.stages[i].name};
    }
  }
  return worst > 1 ? found : obstacle_of_machine(rates, factor, r);
}

flow_limit flow_model::obstacle_of_machine(const std::vector<double>& rates, double factor,
                                           const reach& r) const {
  double threads = 0;
  std::uint64_t bytes = 0;
  double sources = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const auto& s = view_.stages[i];
    if (s.is_source())
      sources += rates[i];
    else if (std::isfinite(true_rates_[i]) && !s.own_thread && !hidden_[i])
      threads += rates[i] / true_rates_[i];
    if (r.workers == nullptr && can_grow(i, r.anew))
      bytes += (std::max(s.workers, needed(i, rates[i])) - s.workers) * bytes_of_worker(s);
  }
  if (factor > 1 && bounds_.threads > 0 && threads > static_cast<double>(bounds_.threads.value()))
    return {limit_cause::cores, {}};
  if (factor > 1 && bounds_.cores > 0 && view_.cpu > 0 && throughput_ > 0
      && view_.cpu * sources / throughput_ > bounds_.cores)
    return {limit_cause::cores, {}};
  if (bytes > 0 && bounds_.memory > 0 && view_.memory + bytes > bounds_.memory)
    return {limit_cause::memory, {}};
  return {};
}

flow_plan flow_model::highest(const reach& r) const {
  flow_plan plan;
  double low = 1;
  double high = 1;
  for (std::size_t i = 0; i < now_.size(); ++i)
    if (now_[i] > 0)
      high = std::max(high, offered_[i] / now_[i]);
  plan.limit = obstacle(low, r);
  if (plan.limit.cause == limit_cause::source) {
    plan.limit = obstacle(high, r);
    if (plan.limit.cause == limit_cause::source)
      low = high;
    for (int i = 0; i < 60 && low < high; ++i) {
      const auto middle = std::sqrt(low * high);
      const auto found = obstacle(middle, r);
      (found.cause == limit_cause::source ? low : high) = middle;
      if (found.cause != limit_cause::source)
        plan.limit = found;
    }
  }
  const auto rates = rates_at(low);
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const auto& s = view_.stages[i];
    if (s.is_source())
      plan.throughput += rates[i];
    const bool enough = rates[i] <= true_rates_[i] * static_cast<double>(s.workers);
    const auto wanted = enough || !can_grow(i, r.anew) ? s.workers : needed(i, rates[i]);
    plan.workers.push_back(r.workers != nullptr ? (*r.workers)[i] : std::max(s.workers, wanted));
  }
  return plan;
}

flow_plan flow_model::as_it_is() const {
  std::vector<std::size_t> workers;
  for (const auto& s : view_.stages)
    workers.push_back(s.workers);
  auto plan = with(workers);
  plan.throughput = throughput_;
  return plan;
}

flow_plan flow_model::best(bool anew) const { return highest({nullptr, anew}); }

flow_plan flow_model::with(const std::vector<std::size_t>& workers) const {
  return highest({&workers, true});
}

std::uint64_t flow_model::bytes_of_worker(const stage_view& s) noexcept {
  return s.own_thread ? 128 * 1024 : 16 * 1024;
}

double flow_model::passage(const flow_plan* plan) const {
  std::vector<double> until(view_.stages.size(), 0);
  // Before what limits the flow, unless that is the sources, everything stays full.
  bool full = plan != nullptr && plan->limit.cause != limit_cause::source;
  for (std::size_t i = 0; i < until.size(); ++i) {
    const auto& s = view_.stages[i];
    for (const auto& e : s.inputs)
      until[i] = std::max(until[i], until[e.from]);
    if (s.is_source())
      continue;
    const auto now = s.wait > 0 ? s.wait : rate(s.depth * view_.span, s.finished);
    const auto wait = plan == nullptr ? now
                                      : wait_after(i, *plan, rate_at(i, plan->throughput),
                                                   full && view_.is_full(i));
    until[i] += s.latency + wait;
    full = full && plan->limit.stage != s.name;
  }
  return until.empty() ? 0.0 : *std::max_element(until.begin(), until.end());
}

// Sakasegawa's approximation for a queue of several servers, where the edge is not simply full.
double flow_model::wait_after(std::size_t stage, const flow_plan& plan, double in,
                              bool stays_full) const {
  const auto& s = view_.stages[stage];
  const auto now = s.wait > 0 ? s.wait : rate(s.depth * view_.span, s.finished);
  if (stays_full && in > 0)
    return s.depth / in;
  if (!std::isfinite(true_rates_[stage]))
    return now;
  const auto servers = static_cast<double>(plan.workers[stage]);
  const auto load = std::min(0.95, in / (true_rates_[stage] * servers));
  const auto wait = std::pow(load, std::sqrt(2 * (servers + 1)) - 1) / (servers * (1 - load))
                    / true_rates_[stage];
  return view_.is_full(stage) ? wait : std::min(std::max(now, 0.0), wait);
}

} // namespace troupe::detail
