#pragma once

#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/detail/shared_breaker.hpp>

namespace troupe::detail {

/// A permit that is given back if nothing became of it.
class held_permit {
public:
  held_permit(shared_breaker& from, const permit& p) : from_(&from), permit_(p) {}
  held_permit(held_permit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), permit_(other.permit_) {}
  held_permit& operator=(held_permit&&) = delete;
  ~held_permit() {
    if (from_ != nullptr)
      from_->release(permit_);
  }
  void give_back(time_point now) { std::exchange(from_, nullptr)->release(permit_, now); }
  /// `e` is null for a success.
  void spend(const error* e, duration took, time_point now) {
    const auto what = judge(e);
    std::exchange(from_, nullptr)->record(permit_, what, took, now);
  }

private:
  // A function of the options that throws leaves what it was to judge: a failure, if it is one.
  troupe::outcome judge(const error* e) const {
    try {
      return classify(from_->options(), e);
    } catch (...) {
      return e == nullptr ? troupe::outcome::success : troupe::outcome::failure;
    }
  }

  shared_breaker* from_;
  permit permit_;
};

/// Whether this says that time was over, or the caller went, and not that something was refused.
inline bool ran_out(const error& e) noexcept {
  return e.code() != errc::breaker_open && e.code() != errc::rate_limited
         && e.code() != errc::pool_full;
}

/// Lets through what the breaker permits, and tells it what became of it. What never reached the
/// function because its time was over in a queue says nothing about it: the permit is given back.
template <class Resp, class Next>
struct breaker_layer : layer<Resp, shared_breaker, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    auto& breaker = *this->state;
    const auto began = host.begin_call();
    auto permit = breaker.admit(began);
    if (!permit) {
      done(refusal<Resp>(errc::breaker_open, host.service_name(), "the circuit breaker is open",
                         breaker.retry_after(began)));
      return;
    }
    const auto before = host.begun(attempt);
    auto inner = attempt;
    this->next.run(host, std::move(inner),
                   [&host, began, before, attempt = std::move(attempt),
                    held = held_permit{breaker, *permit},
                    done = std::move(done)](result<Resp>&& r) mutable {
                     const auto now = host.now();
                     if (r || host.begun(attempt) != before || !ran_out(r.error()))
                       held.spend(r ? nullptr : &r.error(), now - began, now);
                     else
                       held.give_back(now);
                     if (r)
                       host.answered(now);
                     done(std::move(r));
                   });
  }
};

} // namespace troupe::detail
