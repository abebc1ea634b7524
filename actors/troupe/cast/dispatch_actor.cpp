#include <troupe/cast/dispatch_actor.hpp>

#include <string>
#include <utility>

namespace troupe::detail {

dispatch_actor::dispatch_actor(caf::actor_config& cfg, user_actor_setup common,
                               dispatch_setup setup, std::size_t room)
    : user_actor(cfg, std::move(common)), in_(batch_sizer{setup.batch}), out_(setup.items, room),
      make_dispatch_(std::move(setup.make_dispatch)) {}

caf::message_handler dispatch_actor::handlers() {
  return caf::message_handler{
      [this](end_msg) {
        in_.end();
        pump();
      },
      [this](enough_msg msg) {
        unwanted_.push_back(msg.outlet);
        take_unwanted();
        pump();
      },
      [this](full_msg msg) {
        if (full_.size() <= msg.outlet)
          full_.resize(msg.outlet + 1);
        full_[msg.outlet].note(msg.number);
        pending_.note(msg.number);
        pump();
      },
  }
      .or_else(common_handlers());
}

void dispatch_actor::on_data(batch_ptr batch, std::uint32_t) {
  in_.push(std::move(batch));
  pump();
}

void dispatch_actor::on_demand(batch_ptr batch, std::uint32_t outlet) {
  out_.home(std::move(batch), outlet);
  pump();
}

void dispatch_actor::wire(wire_msg& msg) {
  in_.connect(std::move(msg.upstream.front()));
  try {
    kernel_ = make_dispatch_();
  } catch (...) {
    break_down(describe(std::current_exception()));
    return;
  }
  for (std::size_t i = 0; i < msg.downstream.size(); ++i)
    connect(i, msg.downstream[i]);
  on_connected();
  take_unwanted();
  pump();
}

// Not before we are wired; that nothing is wanted may come first.
void dispatch_actor::take_unwanted() {
  if (out_.size() == 0)
    return;
  for (const auto outlet : std::exchange(unwanted_, {}))
    out_.satisfy(outlet);
  if (is_satisfied() && !std::exchange(satisfied_, true))
    in_.tell_enough(*this);
}

void dispatch_actor::release() {
  in_.disconnect();
  out_.disconnect();
  kernel_ = nullptr;
  make_dispatch_ = nullptr;
}

void dispatch_actor::pump() {
  if (kernel_ == nullptr || is_deserted())
    return;
  clock_ = now();
  out_.begin(*this, clock_);
  if (may_work() && clear_the_way())
    deal();
  if (may_work()) {
    out_.send_due();
    on_dealt(resting_);
    if (!pending_.empty() && !in_.empty())
      pass_on_full();
  }
  if (may_work() && in_.exhausted())
    finish();
  show_load(); // behind all that is sent: whoever is ended now has said what it sent
  if (in_.exhausted() || !may_work())
    stand(phase::ended, clock_);
  else
    stand(in_.empty() ? phase::idle : phase::held_back, clock_);
  publish();
  if (may_work() && is_done())
    quit();
}

bool dispatch_actor::step(batch_base& in) {
  if (in.rests())
    return pass_on_rest(in.marks.front());
  try {
    kernel_->step(in, out_);
  } catch (...) {
    const auto why = describe(std::current_exception());
    counts().fail(1);
    error located{
        why.code(), {}, "item " + std::to_string(in.index_of(in.cursor)) + ": " + why.message()};
    if (shows(loss::failed))
      show(error{located}.with_attempts(1), kernel_->view(in));
    break_down(std::move(located));
    return false;
  }
  return in.left() == 0;
}

void dispatch_actor::deal() {
  while (may_work() && !in_.empty()) {
    auto& batch = in_.front();
    if (!std::exchange(batch.taken_up, true)) {
      batch.first = dealt_;
      dealt_ += batch.size();
      counts().receive(batch.size());
    }
    const auto cursor = batch.cursor;
    begin_call(clock_, batch.index_of(batch.cursor), batch.left(), worth_timing);
    const bool used_up = step(batch);
    const auto items = batch.cursor - cursor;
    const auto filtered = out_.take_skipped();
    const duration spent = now() - clock_;
    clock_ += spent;
    out_.begin(*this, clock_);
    busy_ += spent;
    in_.sizer().record(items, spent);
    counts().filter(filtered);
    counts().deliver(items - filtered);
    if (!used_up)
      return;
    resting_ = batch.rests();
    in_.pop(*this);
  }
}

void dispatch_actor::pass_on_full() {
  pending_.remove_if([this](std::uint64_t number) {
    const bool ours = is_asked(number);
    if (!ours && !is_full(number))
      return false;
    if (!ours)
      in_.tell_full(*this, number);
    return true;
  });
}

// Not while one of them can still work: there may soon be room for more.
bool dispatch_actor::is_full(std::uint64_t number) const {
  for (std::size_t i = 0; i < out_.size(); ++i)
    if (out_.is_busy(i) && (i >= full_.size() || !full_[i].has(number)))
      return false;
  return true;
}

} // namespace troupe::detail
