#include <troupe/launch/crew.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

#include <troupe/caf/compat.hpp>

namespace troupe::detail {

crew::crew(std::shared_ptr<spawner> makes, std::size_t stage, caf::actor distributor,
           caf::actor merger, std::vector<caf::actor> workers)
    : makes_(std::move(makes)), stage_(stage), distributor_(std::move(distributor)),
      merger_(std::move(merger)), workers_(std::move(workers)), active_(workers_.size()),
      min_(workers_.size()) {
  for (const auto& block : makes_->state().stages()[stage].blocks)
    blocks_.push_back(block.get());
  if (const auto& n = makes_->flow().at(stage); n.most_workers() > n.workers)
    set_range(n.workers, n.most_workers());
}

void crew::set_range(std::size_t min, std::size_t max) {
  min_ = min;
  resizer_.reset();
  const auto& n = makes_->flow().at(stage_);
  if (min < max)
    resizer_.emplace(resizer_options{
        .min = min, .max = max, .cooldown = n.pool.cooldown, .wait_target = n.pool.wait_target});
}

std::size_t crew::wanted(time_point now) {
  if (!resizer_)
    return active_;
  const auto& load = makes_->state().crew(stage_);
  const auto since = load.waiting_since.load(std::memory_order_relaxed);
  const auto waited = since == 0 ? duration::zero() : now.time_since_epoch() - duration{since};
  const auto change
      = resizer_->decide(now, active_, load.busy.load(std::memory_order_relaxed), waited);
  return static_cast<std::size_t>(static_cast<long long>(active_) + change);
}

std::optional<duration> crew::look_after() const {
  const bool waits
      = makes_->state().crew(stage_).waiting_since.load(std::memory_order_relaxed) != 0;
  if (!resizer_ || (active_ == min_ && !waits))
    return std::nullopt;
  constexpr duration soonest = std::chrono::milliseconds{20};
  return std::max<duration>(soonest, makes_->flow().at(stage_).pool.cooldown);
}

bool crew::has(const caf::actor& worker) const {
  return std::find(workers_.begin(), workers_.end(), worker) != workers_.end();
}

caf::actor crew::make(metric_block* block) {
  auto worker = makes_->worker(stage_, block);
  if (paused_)
    anon_send_urgent(worker, pause_msg{true});
  if (plan_)
    anon_send_urgent(worker, plan_msg{*plan_});
  workers_.push_back(worker);
  blocks_.push_back(block);
  return worker;
}

void crew::tell(std::vector<caf::actor> added, caf::actor successor_of) {
  auto& shown = makes_->state().crew(stage_);
  shown.workers.store(std::min(active_, workers_.size()), std::memory_order_relaxed);
  shown.wanted.store(active_, std::memory_order_relaxed);
  // However often the number changes, one message at a time waits for a busy distributor.
  if (!shown.told.exchange(true) || !added.empty())
    detail::anon_send(distributor_, crew_msg{std::move(added), merger_, std::move(successor_of)});
}

std::vector<caf::actor> crew::resize(std::size_t n) {
  std::vector<caf::actor> added;
  try {
    while (workers_.size() < n) {
      makes_->make_room(stage_);
      added.push_back(make(makes_->state().add_block(stage_)));
    }
  } catch (const std::system_error&) {
    n = workers_.size(); // no thread for more, or no room within the limits
  }
  active_ = n;
  const auto& flow = makes_->flow();
  if (!added.empty() && flow.at(stage_).role == role::stage) {
    // The edge behind them holds what it held: each may have less of it out.
    plan_ = flow.plan_out(stage_, 0, std::max(workers_.size(), flow.at(stage_).most_workers()));
    for (const auto& worker : workers_)
      anon_send_urgent(worker, plan_msg{*plan_});
  }
  tell(added, nullptr);
  return added;
}

std::optional<caf::actor> crew::lose(const caf::actor& worker) {
  const auto at = std::find(workers_.begin(), workers_.end(), worker);
  const auto index = at - workers_.begin();
  auto* const block = blocks_[static_cast<std::size_t>(index)];
  workers_.erase(at);
  blocks_.erase(blocks_.begin() + index);
  if (closed_)
    return std::nullopt;
  const auto& flow = makes_->flow();
  if (!flow.at(stage_).pool.replaces && !(flow.numbers(stage_) && !workers_.empty())) {
    active_ = std::min(active_, workers_.size());
    tell({}, nullptr);
    return std::nullopt;
  }
  auto successor = make(block);
  makes_->state().crew(stage_).restarts.fetch_add(1, std::memory_order_relaxed);
  tell({successor}, worker);
  return successor;
}

void crew::close() {
  closed_ = true;
  if (merger_)
    anon_send(merger_, lanes_msg{});
}

void crew::pause(bool paused) {
  paused_ = paused;
  for (const auto& worker : workers_)
    anon_send_urgent(worker, pause_msg{paused});
}

void crew::release() {
  workers_.clear();
  distributor_ = nullptr;
  merger_ = nullptr;
  makes_ = nullptr;
}

} // namespace troupe::detail
