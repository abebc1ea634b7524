#include <troupe/detail/run_state.hpp>

#include <stdexcept>
#include <utility>

#include <troupe/detail/compat.hpp>

namespace troupe::detail {

run_state::run_state(caf::actor_system& sys, std::vector<stage_state> stages, const context& ctx,
                     std::function<void(const dead_letter&)> dead_letters)
    : system_(sys), stages_(std::move(stages)), ctx_(ctx), dead_letters_(std::move(dead_letters)),
      started_(detail::now(sys)) {}

std::shared_ptr<run_state> run_state::make_presence(const std::shared_ptr<run_state>& state) {
  // The deleter lives as long as `presence_` refers to it, so it must not keep the state that long.
  auto finish_it = [kept = state](run_state* s) mutable {
    const auto last = std::move(kept);
    s->finish();
  };
  std::shared_ptr<run_state> presence{state.get(), std::move(finish_it)};
  state->presence_ = presence;
  return presence;
}

void run_state::keep(const caf::actor& actor) {
  actors_.fetch_add(1, std::memory_order_relaxed);
  on_actor_gone(actor, [presence = presence_.lock()] {
    if (presence != nullptr)
      presence->actors_.fetch_sub(1, std::memory_order_relaxed);
  });
}

time_point run_state::now() const { return detail::now(system_); }

std::size_t run_state::index_of(const std::string& stage) const {
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (stages_[i].name == stage)
      return i;
  std::string names;
  for (const auto& s : stages_)
    names += (names.empty() ? "" : ", ") + s.name;
  throw std::invalid_argument("run: there is no stage \"" + stage + "\"; stages are: " + names);
}

void run_state::halt(const error& reason) {
  {
    const std::lock_guard lock{mutex_};
    if (!reason_)
      reason_ = reason;
  }
  halted_.store(true, std::memory_order_relaxed);
  ctx_.cancel();
}

void run_state::bury(const dead_letter& letter) {
  const std::lock_guard lock{dead_letters_mutex_};
  if (dead_letters_)
    dead_letters_(letter);
}

counters run_state::totals(std::size_t stage) const {
  counters sum;
  duration busy{};
  for (const auto& block : stages_[stage].blocks)
    block->add_to(sum, busy);
  return sum;
}

graph_sample run_state::sample() const { return collect(ended()); }

graph_sample run_state::collect(bool over) const {
  graph_sample all;
  all.stages.resize(stages_.size());
  // Downstream first: what moves meanwhile is then seen on the edge, never received before sent.
  for (auto i = stages_.size(); i-- > 0;) {
    const auto& stage = stages_[i];
    auto& out = all.stages[i];
    out.name = stage.name;
    out.kind = stage.kind;
    out.workers = stage.blocks.size();
    out.capacity = stage.capacity;
    for (const auto& block : stage.blocks) {
      block->add_to(out.totals, out.busy);
      block->latency.add_to(out.latency);
      block->wait.add_to(out.wait);
    }
    if (stage.upstreams.empty())
      continue;
    std::uint64_t sent = 0;
    for (const auto u : stage.upstreams)
      sent += totals(u).emitted;
    const auto on_edge = sent > out.totals.received ? sent - out.totals.received : 0;
    if (over) {
      // Sent, never taken up, and nobody is left to do it.
      out.totals.received += on_edge;
      out.totals.abandoned += on_edge;
    } else {
      out.mailbox_depth = on_edge;
    }
  }
  all.at = now();
  all.actors = actors_.load(std::memory_order_relaxed);
  const auto usage = read_process_usage();
  all.memory = usage.memory;
  all.cpu = usage.cpu;
  return all;
}

bool run_state::ended() const {
  const std::lock_guard lock{mutex_};
  return report_.has_value();
}

void run_state::finish() {
  const auto elapsed = now() - started_;
  report::stage_list stages;
  for (auto& stage : collect(true).stages)
    stages.emplace_back(std::move(stage.name), stage.totals);
  // User code lives in the sink's captures no longer than the run.
  dead_letters_ = nullptr;
  const std::lock_guard lock{mutex_};
  auto reason = reason_ && reason_->code() != errc::none ? reason_ : std::nullopt;
  report_.emplace(std::move(stages), std::move(reason), elapsed);
  over_.notify_all();
}

bool run_state::wait(std::optional<duration> limit) const {
  std::unique_lock lock{mutex_};
  const auto over = [this] { return report_.has_value(); };
  if (!limit) {
    over_.wait(lock, over);
    return true;
  }
  return over_.wait_for(lock, *limit, over);
}

report run_state::result() const {
  const std::lock_guard lock{mutex_};
  return *report_;
}

} // namespace troupe::detail
