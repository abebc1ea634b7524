#include <troupe/run/run_state.hpp>

#include <stdexcept>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/wait_within.hpp>
#include <troupe/link/messages.hpp>

namespace troupe::detail {

run_state::run_state(caf::actor_system& sys, std::vector<stage_state> stages, const context& ctx,
                     dead_letter_sink dead_letters, std::string name)
    : system_(sys), name_(std::move(name)), clock_(sys), stages_(std::move(stages)), ctx_(ctx),
      dead_letters_(std::move(dead_letters)), started_(detail::now(sys)) {}

std::shared_ptr<run_state> run_state::make_presence(const std::shared_ptr<run_state>& state) {
  // The deleter lives as long as `presence_` refers to it, so it must not keep the state that long.
  auto finish_it = [kept = state](run_state* s) mutable {
    const auto last = std::move(kept);
    s->finish();
  };
  std::shared_ptr<run_state> presence{state.get(), std::move(finish_it)};
  state->presence_ = presence;
  state->listing_ = std::make_unique<listing>(system_book::of(state->system_), state);
  return presence;
}

void run_state::keep(const caf::actor& actor, seats seat) {
  actors_.fetch_add(1, std::memory_order_relaxed);
  on_actor_gone(actor, [presence = presence_.lock(), seat = std::move(seat)]() mutable {
    seat.give_back(); // before the run can be over
    if (presence != nullptr)
      presence->actors_.fetch_sub(1, std::memory_order_relaxed);
  });
}

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

void run_state::end_with(error reason) {
  const std::lock_guard lock{mutex_};
  if (!reason_at_end_)
    reason_at_end_ = std::move(reason);
}

void run_state::begin_drain(duration limit) {
  draining_.store(true, std::memory_order_relaxed);
  anon_send_urgent(roster_->supervisor(), drain_msg{limit});
}

void run_state::begin_stop() {
  halt({});
  anon_send_urgent(roster_->supervisor(), stop_msg{});
}

troupe::standing run_state::standing() const {
  if (ended())
    return troupe::standing::over;
  if (halted())
    return troupe::standing::stopping;
  if (let_go_.load(std::memory_order_relaxed))
    return troupe::standing::let_go;
  return draining_.load(std::memory_order_relaxed) ? troupe::standing::draining
                                                   : troupe::standing::running;
}

std::shared_ptr<system_book> run_state::book() const {
  const std::lock_guard lock{mutex_};
  return listing_ == nullptr ? nullptr : listing_->book();
}

error run_state::end_of_context() const {
  if (ctx_.why().code() == errc::deadline_exceeded)
    return {errc::deadline_exceeded, {}, "the deadline of the run's context has passed"};
  return {errc::cancelled, {}, "the run's context was cancelled"};
}

void run_state::show(std::size_t stage, const error& why, const item_view& item) noexcept {
  auto letter = letter_of(stages_[stage].name, why, now(), item);
  letter.run = name_;
  // Whoever wants to know of every loss would not know of the next.
  if (const auto thrown = dead_letters_.deliver(letter))
    halt({errc::stage_failed, letter.stage, "the run's dead_letters threw: " + thrown->message()});
}

loss_report run_state::report_of(std::size_t stage) const {
  return {shown(), [presence = presence_.lock(), stage](const error& why, const item_view& item) {
            presence->show(stage, why, item);
          }};
}

metric_block* run_state::add_block(std::size_t stage) {
  const std::lock_guard lock{blocks_mutex_};
  return stages_[stage].blocks.emplace_back(std::make_unique<metric_block>()).get();
}

bool run_state::wish(const crew_wish& w) {
  const std::lock_guard lock{wishes_mutex_};
  const bool first = wishes_.empty();
  std::erase_if(wishes_, [&](const crew_wish& old) { return old.stage == w.stage; });
  wishes_.push_back(w);
  return first;
}

std::vector<crew_wish> run_state::take_wishes() {
  const std::lock_guard lock{wishes_mutex_};
  return std::exchange(wishes_, {});
}

void run_state::count_redelivered(std::size_t stage, std::uint64_t items) noexcept {
  crew(stage).redelivered.fetch_add(items, std::memory_order_relaxed);
}

void run_state::show_crew(std::size_t stage, std::size_t busy, time_point waiting_since) noexcept {
  auto& shown = crew(stage);
  shown.busy.store(busy, std::memory_order_relaxed);
  shown.waiting_since.store(
      std::chrono::duration_cast<duration>(waiting_since.time_since_epoch()).count(),
      std::memory_order_relaxed);
}

bool run_state::ended() const {
  const std::lock_guard lock{mutex_};
  return report_.has_value();
}

void run_state::finish() {
  auto last = collect(true);
  report::stage_list stages;
  for (const auto& stage : last.stages)
    stages.emplace_back(stage.name, stage.totals);
  // User code lives no longer than the run: neither in the sink nor in what makes kernels.
  dead_letters_.close();
  for (auto& stage : stages_)
    stage.kit.make_kernel = nullptr;
  if (roster_ != nullptr)
    roster_->clear();
  end_calls tell;
  const auto end = conclude(std::move(stages), std::move(last), tell);
  for (const auto& f : tell)
    f(end);
}

report run_state::conclude(report::stage_list stages, graph_sample last, end_calls& tell) {
  const std::lock_guard lock{mutex_};
  auto reason = reason_ ? reason_ : reason_at_end_;
  if (reason && reason->code() == errc::none)
    reason.reset();
  listing_ = nullptr;
  report_.emplace(std::move(stages), std::move(reason), last.at - started_);
  last_ = std::move(last);
  tell.swap(tell_);
  over_.notify_all();
  return *report_;
}

void run_state::tell_at_end(std::function<void(const report&)> tell) {
  std::unique_lock lock{mutex_};
  if (!report_) {
    tell_.push_back(std::move(tell));
    return;
  }
  const auto end = *report_;
  lock.unlock();
  tell(end);
}

std::shared_ptr<void> run_state::hold_answer(const std::shared_ptr<run_state>& state) {
  {
    const std::lock_guard lock{state->mutex_};
    ++state->answer_held_;
  }
  return {state.get(), [kept = state](run_state* s) {
            const std::lock_guard lock{s->mutex_};
            if (--s->answer_held_ == 0)
              s->over_.notify_all();
          }};
}

void run_state::fail_at_end(error reason) {
  const std::lock_guard lock{mutex_};
  if (report_ && !report_->error())
    report_ = report{report_->stages(), std::move(reason), report_->elapsed()};
}

bool run_state::settled() const {
  const std::lock_guard lock{mutex_};
  return report_.has_value() && answer_held_ == 0;
}

bool run_state::wait(std::optional<duration> limit) const {
  std::unique_lock lock{mutex_};
  const auto over = [this] { return report_.has_value() && answer_held_ == 0; };
  if (!limit) {
    over_.wait(lock, over);
    return true;
  }
  return wait_within(over_, lock, *limit, over);
}

report run_state::result() const {
  const std::lock_guard lock{mutex_};
  return *report_;
}

} // namespace troupe::detail
