#include <troupe/ops/end_caller.hpp>

#include <exception>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

struct ended_msg {
  using internal_message = void;
  report end;
};

/// An actor of the system's, and not the thread that ends the run: that may be anybody's, who holds
/// locks. It is there before the end, so that the actor system is still there for what `f` starts.
class end_caller final : public actor_base {
public:
  end_caller(caf::actor_config& cfg, std::shared_ptr<run_state> run,
             std::function<void(const report&)> f)
      : actor_base{cfg}, run_{std::move(run)}, function_{std::move(f)} {}

  const char* name() const override { return "troupe.on_end"; }

  void on_exit() override {
    function_ = nullptr;
    run_ = nullptr;
  }

protected:
  caf::message_handler handlers() override {
    return {[this](const ended_msg& msg) {
      call(msg.end);
      quit();
    }};
  }

private:
  void call(const report& end) {
    const auto f = std::exchange(function_, nullptr);
    try {
      f(end);
    } catch (...) {
      run_->fail_at_end(
          {errc::stage_failed,
           {},
           "the run's on_end threw: " + describe(std::current_exception()).message()});
    }
  }

  std::shared_ptr<run_state> run_;
  std::function<void(const report&)> function_;
};

} // namespace

void call_at_end(const std::shared_ptr<run_state>& run, std::function<void(const report&)> f) {
  if (!f)
    refuse("run", "on_end", "nothing", "a function");
  if (run->ended()) {
    f(run->result());
    return;
  }
  const auto caller = spawn<end_caller>(run->system(), run, std::move(f));
  on_actor_gone(caller, [held = run_state::hold_answer(run)] {});
  run->tell_at_end([caller](const report& end) { anon_send(caller, ended_msg{end}); });
}

} // namespace troupe::detail
