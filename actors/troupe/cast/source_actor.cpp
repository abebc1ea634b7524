#include <troupe/cast/source_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::detail {

source_actor::source_actor(caf::actor_config& cfg, user_actor_setup common,
                           const std::function<std::unique_ptr<source_kernel>()>& make_kernel,
                           outlet out)
    : user_actor(cfg, std::move(common)), out_(std::move(out)),
      sizer_(out_.ledger().plan().capacity) {
  try {
    kernel_ = make_kernel();
    if (state().shown() != loss::none)
      kernel_->report_to(state().report_of(this->stage()));
  } catch (...) {
    unmade_ = std::current_exception();
  }
}

caf::message_handler source_actor::handlers() {
  return caf::message_handler{
      [this](pump_msg) {
        pump_sent_ = false;
        open();
        pump();
      },
      [this](finish_msg) {
        open();
        if (kernel_ == nullptr || !kernel_->drains())
          ended_ = true;
        pump();
      },
      [this](enough_msg) {
        ended_ = true;
        pump();
      },
  }
      .or_else(common_handlers());
}

void source_actor::on_demand(batch_ptr batch, std::uint32_t) {
  out_.home(std::move(batch));
  pump();
}

void source_actor::wire(wire_msg& msg) {
  out_.connect(std::move(msg.downstream.front()));
  wired_ = true;
  // An urgent finish may have overtaken this.
  if (ended_)
    pump();
}

void source_actor::settle() noexcept {
  if (kernel_ != nullptr)
    kernel_->close(*this);
}

void source_actor::release() {
  out_.disconnect();
  kernel_ = nullptr;
}

void source_actor::open() {
  if (halted() || std::exchange(opened_, true)) // a run whose context was over calls no function
    return;
  try {
    if (unmade_)
      std::rethrow_exception(std::exchange(unmade_, nullptr));
    kernel_->open({state().system(),
                   [self = caf::actor{this}] { detail::anon_send(self, pump_msg{}); },
                   [s = &state()](const caf::actor& actor) { s->keep(actor); }});
  } catch (...) {
    break_down(describe(std::current_exception()));
  }
}

remedy source_actor::failed(item_fault fault, const batch_base&, const item_view&) {
  const auto index = std::to_string(counts().totals().received);
  break_down({fault.why.code(), {}, "making item " + index + ": " + fault.why.message()});
  return {.stays = true};
}

// One slice: as many items as fit into the batch, or into the time that the mailbox may wait.
supply source_actor::fill(batch_base& out) {
  const auto before = out.size();
  const auto began = clock_;
  out.limit = std::min(out_.ledger().limit(), before + sizer_.want());
  auto state = supply::more;
  std::optional<item_fault> fault;
  begin_call(began, counts().totals().received, out.limit > before ? out.limit - before : 1,
             std::max(worth_timing, sizer_.per_item()));
  try {
    state = kernel_->fill(out, *this);
  } catch (...) {
    fault = caught();
  }
  const auto made = out.size() - before;
  clock_ = now();
  const duration spent = clock_ - began;
  busy_ += spent;
  if (made > 0) {
    if (!kernel_->counts_received())
      counts().receive(made);
    counts().deliver(made);
    counts().emit(made);
    sizer_.record(made, spent);
    block().latency.record(static_cast<std::uint64_t>(spent.count()) / made, made);
  }
  if (fault)
    failed(std::move(*fault), out, {});
  return state;
}

void source_actor::pump_again() {
  if (!std::exchange(pump_sent_, true))
    detail::send(this, caf::actor{this}, pump_msg{});
}

// Until there is no room or nothing to give, or the mailbox has its turn. What it does then.
phase source_actor::produce() {
  constexpr duration longest = std::chrono::microseconds{250};
  const auto began = clock_;
  while (opened_ && may_work() && !ended_) {
    auto* const batch = out_.open();
    if (batch == nullptr)
      return phase::held_back;
    const auto state = fill(*batch);
    ended_ = ended_ || state == supply::ended;
    out_.send_if_due(*this, clock_);
    unready_ = state == supply::unready;
    if (state == supply::later)
      if (const auto due = kernel_->due())
        wake_at(*due);
    if (unready_ || state == supply::later)
      return phase::idle;
    if (!ended_ && (out_.current() != nullptr || clock_ - began >= longest)) {
      pump_again();
      return phase::working;
    }
  }
  return phase::idle;
}

void source_actor::pump() {
  if (!wired_)
    return;
  unready_ = false;
  clock_ = now();
  out_.send_if_due(*this, clock_);
  auto then = produce();
  if (ended_ && may_work()) {
    if (out_.current() != nullptr && out_.current()->size() > 0)
      out_.send_now(*this, clock_);
    out_.end(*this);
  }
  if (is_paused())
    then = phase::paused;
  else if (ended_ || !may_work())
    then = phase::ended;
  stand(then, clock_);
  publish();
  if (out_.ended() && out_.settled())
    quit();
  else if (unready_ && may_work())
    wait_for_input(kernel_->descriptor());
}

} // namespace troupe::detail
