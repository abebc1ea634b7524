#include <troupe/run.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <troupe/detail/refusal.hpp>
#include <troupe/launch/launch.hpp>
#include <troupe/launch/spawner.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/ops/end_caller.hpp>
#include <troupe/ops/run_handle.hpp>
#include <troupe/policy/stall.hpp>

namespace troupe {

run::run() noexcept = default;
run::run(std::unique_ptr<detail::run_handle> handle) noexcept : handle_(std::move(handle)) {}
run::run(run&&) noexcept = default;

run& run::operator=(run&& other) noexcept {
  run old{std::move(handle_)}; // Drains what this owned.
  handle_ = std::move(other.handle_);
  return *this;
}

run::~run() {
  if (handle_ != nullptr)
    handle_->end();
}

detail::run_handle& run::handle() const {
  if (handle_ == nullptr)
    throw std::logic_error("run: this run is empty; it was moved from, or never started");
  return *handle_;
}

report run::wait() {
  handle().wait("wait", std::nullopt);
  return handle().state().result();
}

std::optional<report> run::wait_for(time_span limit) {
  if (!handle().wait("wait_for", limit))
    return std::nullopt;
  return handle().state().result();
}

report run::drain(time_span limit) {
  if (!done()) {
    handle().refuse_wait("drain");
    handle().state().begin_drain(limit);
  }
  return wait();
}

report run::stop() {
  if (!done()) {
    handle().refuse_wait("stop");
    handle().state().begin_stop();
  }
  return wait();
}

bool run::done() const { return handle().over(); }

void run::on_end(std::function<void(const report&)> f) const {
  detail::call_at_end(handle().shared_state(), std::move(f));
}

graph_metrics run::metrics() const {
  const auto& s = handle().state();
  graph_sample start;
  start.at = s.started();
  return metrics_between(start, s.sample());
}

graph_metrics run::rates() { return handle().rates(); }

std::string run::why() const { return to_string(stall_in(handle().state().sample())); }

stage_metrics run::metrics(const std::string& stage) const {
  const auto index = handle().state().index_of(stage);
  return metrics().stages[index];
}

breaker_handle run::breaker(const std::string& stage) const {
  const auto& controls = handle().state().stages()[handle().state().index_of(stage)].kit.controls;
  return breaker_handle{controls == nullptr ? nullptr : controls->breaker()};
}

const topology& run::topology() const { return handle().topology(); }

void run::configure(const std::string& stage, const settings& s) {
  handle().changes().configure(stage, s);
}

void run::pause(const std::string& stage) { handle().pause(stage, true); }

void run::resume(const std::string& stage) { handle().pause(stage, false); }

run start(caf::actor_system& sys, const flow<void>& f, run_options options) {
  const auto& ends = detail::access::of(f);
  if (ends.last.node == nullptr)
    throw std::invalid_argument("start: the flow is empty; begin it with a source");
  const detail::graph flow{ends};
  auto actors = detail::start_actors(sys, flow, options.ctx,
                                     {std::move(options.dead_letters), options.dead_letters_for},
                                     std::move(options.name));
  if (options.watch != nullptr)
    options.watch->watch(actors.state);
  return run{std::make_unique<detail::run_handle>(std::move(actors), flow, options.drain_limit)};
}

run start(caf::actor_system& sys, const flow<void>& f, observer& watch, const context& ctx) {
  return start(sys, f, run_options{.watch = &watch, .ctx = ctx});
}

const detail::run_handle& handle_of(const run& r) { return r.handle(); }

void begin_drain(const run& r, duration limit) noexcept {
  if (!r.done())
    handle_of(r).state().begin_drain(limit);
}

void drain_unattended(run r, duration limit) noexcept {
  if (const auto handle = std::exchange(r.handle_, nullptr); handle && !handle->over())
    handle->state().begin_drain(limit);
}

namespace detail {

std::shared_ptr<run_state> state_of(const run& r) { return handle_of(r).shared_state(); }

std::vector<caf::actor> actors_of(const run& r, const std::string& stage) {
  const auto& handle = handle_of(r);
  return handle.actors().workers(handle.state().index_of(stage));
}

std::vector<caf::actor> actors_of(const run& r) {
  auto all = handle_of(r).actors().all();
  if (auto supervisor = handle_of(r).actors().supervisor())
    all.push_back(std::move(supervisor));
  return all;
}

} // namespace detail

} // namespace troupe
