#include <troupe/service/request_account.hpp>

#include <algorithm>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/caf/wait_within.hpp>
#include <troupe/detail/elapsed.hpp>
#include <troupe/service/driven_future.hpp>

namespace troupe::detail {

namespace {

bool is_refusal(errc e) noexcept {
  return e == errc::breaker_open || e == errc::rate_limited || e == errc::pool_full;
}

} // namespace

request_account::request_account(caf::actor_system& sys, std::string name, pattern_kind kind,
                                 std::size_t most, std::size_t workers)
    : system_(sys), most_(most), started_(detail::now(sys)), at_work_(workers) {
  run_ = name;
  stage_.name = std::move(name);
  stage_.kind = kind;
  stage_.workers = workers;
  stage_.capacity = most;
}

void request_account::enlist(head_count heads) {
  const auto book = system_book::of(system_);
  auto room = book->reserve({{"serve: service \"" + name() + "\"", heads}});
  auto entry = std::make_unique<listing>(book, weak_from_this());
  const std::scoped_lock lock{mutex_};
  room_ = std::move(room);
  listing_ = std::move(entry);
}

void request_account::will_end(troupe::standing how) {
  const std::scoped_lock lock{mutex_};
  standing_ = std::max(standing_, how);
}

troupe::standing request_account::standing() const {
  const std::scoped_lock lock{mutex_};
  return report_ ? troupe::standing::over : standing_;
}

std::uint64_t request_account::actors_left() const {
  const std::scoped_lock lock{mutex_};
  return alive_;
}

time_point request_account::now() const { return detail::now(system_); }

std::optional<error> request_account::enter(visit& v) {
  const std::scoped_lock lock{mutex_};
  if (shut_) // then there may be no clock any more
    return error{errc::closed, stage_.name, "the service has ended"};
  v.since = now();
  auto& c = stage_.totals;
  ++c.received;
  if (c.in_flight < most_) {
    ++c.in_flight;
    if (free_places_.empty()) {
      free_places_.push_back(visits_.size());
      visits_.emplace_back();
      free_places_.reserve(visits_.capacity()); // `leave` must not fail
    }
    v.place = free_places_.back();
    free_places_.pop_back();
    visits_[v.place] = v.since;
    return std::nullopt;
  }
  ++c.shed;
  return error{errc::pool_full, stage_.name,
               std::to_string(most_) + " requests are not answered yet, which is in_flight"};
}

void request_account::leave(errc outcome, const visit& v) noexcept {
  const auto took = std::max(duration::zero(), duration{now() - v.since});
  {
    const std::scoped_lock lock{mutex_};
    if (report_) // it was counted as abandoned
      return;
    visits_[v.place].reset();
    free_places_.push_back(v.place);
    auto& c = stage_.totals;
    --c.in_flight;
    if (outcome == errc::none) {
      ++c.delivered;
      ++c.emitted;
    } else if (outcome == errc::cancelled || outcome == errc::deadline_exceeded) {
      ++c.dropped;
    } else if (is_refusal(outcome)) {
      ++c.shed;
    } else {
      ++c.failed;
    }
    stage_.latency.record(static_cast<std::uint64_t>(took.count()));
  }
  left_.notify_all();
}

void request_account::begin_work(std::size_t worker) {
  const auto at = now();
  const std::scoped_lock lock{mutex_};
  at_work_[worker] = at;
}

void request_account::end_work(std::size_t worker) {
  const auto at = now();
  const std::scoped_lock lock{mutex_};
  if (const auto since = std::exchange(at_work_[worker], std::nullopt); since && !report_)
    stage_.busy += elapsed(*since, at);
}

void request_account::belongs_to(const std::string& run) {
  const std::scoped_lock lock{mutex_};
  if (!run.empty())
    run_ = run;
}

void request_account::restart() {
  const std::scoped_lock lock{mutex_};
  if (!report_)
    ++stage_.totals.restarts;
}

void request_account::show(std::shared_ptr<shared_breaker> breaker) {
  const std::scoped_lock lock{mutex_};
  breaker_ = std::move(breaker);
}

void request_account::turn_away() {
  const std::scoped_lock lock{mutex_};
  if (report_)
    return;
  ++stage_.totals.received;
  ++stage_.totals.shed;
}

void request_account::shut() {
  const std::scoped_lock lock{mutex_};
  shut_ = true;
}

bool request_account::wait_empty(duration limit) {
  if (inside() == 0)
    return true;
  if (is_testing(system_))
    return drive_empty(limit);
  std::unique_lock lock{mutex_};
  const auto empty = [this] { return stage_.totals.in_flight == 0; };
  return wait_within(left_, lock, limit, empty);
}

void request_account::keep(const caf::actor& actor, troupe::thread where) {
  const bool own_thread = where == troupe::thread::own && !is_testing(system_);
  seats seat;
  {
    const std::scoped_lock lock{mutex_};
    kept_.insert(actor.id());
    ++alive_;
    seat = room_.split(own_thread);
  }
  on_actor_gone(actor,
                [me = shared_from_this(), id = actor.id(), seat = std::move(seat)]() mutable {
                  seat.give_back();
                  me->has_left();
                  me->is_gone(id);
                });
}

// Before anybody hears that it is gone: who has waited for the end finds nothing of it.
void request_account::has_left() {
  std::unique_ptr<listing> last;
  const std::scoped_lock lock{mutex_};
  if (--alive_ == 0 && report_)
    last.swap(listing_);
}

void request_account::forget(const caf::actor& actor) { is_gone(actor.id()); }

void request_account::is_gone(caf::actor_id actor) {
  {
    const std::scoped_lock lock{mutex_};
    kept_.erase(actor);
  }
  left_.notify_all();
}

bool request_account::is_over() const {
  const std::scoped_lock lock{mutex_};
  return report_ && kept_.empty();
}

void request_account::wait_gone() {
  const auto gone = [this] { return report_ && kept_.empty(); };
  std::unique_lock lock{mutex_};
  if (gone())
    return;
  if (!is_testing(system_)) {
    left_.wait(lock, gone);
    return;
  }
  lock.unlock();
  drive_until(system_, [&] {
    const std::scoped_lock held{mutex_};
    return gone();
  });
}

bool request_account::drive_empty(duration limit) {
  return virtual_time::drive(
             system_, [this] { return inside() == 0; }, limit)
         == virtual_time::driven::done;
}

std::size_t request_account::inside() const {
  const std::scoped_lock lock{mutex_};
  return stage_.totals.in_flight;
}

report request_account::finish(std::optional<error> reason) {
  const std::scoped_lock lock{mutex_};
  if (!report_) {
    ended_at_ = now();
    auto& c = stage_.totals;
    c.abandoned += std::exchange(c.in_flight, 0);
    report_.emplace(report::stage_list{{stage_.name, c}}, std::move(reason), ended_at_ - started_);
    if (const auto breaker = std::exchange(breaker_, nullptr))
      stage_.breaker = breaker->state();
    room_.give_back();
    if (alive_ == 0)
      listing_ = nullptr;
    left_.notify_all();
  }
  return *report_;
}

graph_sample request_account::sample() const {
  const auto usage = read_process_usage();
  const std::scoped_lock lock{mutex_};
  const auto at = report_ ? ended_at_ : now();
  auto stage = stage_;
  if (!report_) {
    for (const auto& since : at_work_)
      if (since)
        stage.busy += elapsed(*since, at);
    for (const auto& since : visits_)
      if (since)
        stage.running.push_back(elapsed(*since, at));
  }
  if (breaker_)
    stage.breaker = breaker_->state();
  graph_sample all{
      .name = run_, .at = at, .stages = {std::move(stage)}, .actors = report_ ? 0U : 1U};
  add_usage(all, usage);
  return all;
}

bool request_account::ended() const {
  const std::scoped_lock lock{mutex_};
  return report_.has_value();
}

stage_metrics request_account::metrics() const {
  graph_sample start;
  start.at = started_;
  return metrics_between(start, sample()).stages.front();
}

} // namespace troupe::detail
