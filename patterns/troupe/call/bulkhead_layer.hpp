#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/policy/bulkhead.hpp>

namespace troupe::detail {

/// The places of all that make one call. Who waits is known to the call's actor only: in the
/// workers of a stage nobody does.
class shared_bulkhead {
public:
  using ticket = bulkhead_gate::ticket;
  using entry = bulkhead_gate::entry;
  using verdict = bulkhead_gate::verdict;

  explicit shared_bulkhead(const bulkhead& options) : gate_(options), wait_(options.wait) {}

  duration wait() const noexcept { return wait_; }
  entry enter(time_point now);
  /// One that was told to wait: `granted` is called when it is its turn.
  void wait_for(ticket t, std::function<void()> granted);
  /// It goes away before.
  void cancel(ticket t);
  void leave(time_point now);

private:
  std::mutex mutex_;
  bulkhead_gate gate_;
  std::map<ticket, std::function<void()>> waiting_;
  std::deque<std::function<void()>> granted_; ///< not told yet
  bool telling_ = false;
  const duration wait_;
};

/// Lets at most so many attempts run at once; the others wait a while, or are refused.
template <class Resp, class Next>
struct bulkhead_layer : layer<Resp, shared_bulkhead, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    const auto e = this->state->enter(host.now());
    if (e.verdict == shared_bulkhead::verdict::admitted) {
      enter(host, std::move(attempt), std::move(done));
      return;
    }
    if constexpr (Host::has_timers) {
      if (e.verdict == shared_bulkhead::verdict::waits) {
        wait(host, std::move(attempt), std::move(done), e.number);
        return;
      }
    }
    refuse(host, done);
  }

private:
  template <class Host, class Done>
  static void refuse(Host& host, Done& done) {
    done(refusal<Resp>(errc::pool_full, host.service_name(),
                       "the bulkhead lets no more calls run at once", {}));
  }

  /// A place that is given back whatever happens.
  template <class Host>
  class held {
  public:
    held(shared_bulkhead& from, Host& host) : from_(&from), host_(&host) {}
    held(held&& other) noexcept : from_(std::exchange(other.from_, nullptr)), host_(other.host_) {}
    held& operator=(held&&) = delete;
    ~held() { leave(); }
    void leave() {
      if (auto* from = std::exchange(from_, nullptr))
        from->leave(host_->now());
    }

  private:
    shared_bulkhead* from_;
    Host* host_;
  };

  template <class Host, class Attempt, class Done>
  void enter(Host& host, Attempt attempt, Done done) {
    this->next.run(
        host, std::move(attempt),
        [place = held<Host>{*this->state, host}, done = std::move(done)](result<Resp>&& r) mutable {
          place.leave();
          done(std::move(r));
        });
  }

  template <class Host, class Attempt, class Done>
  void wait(Host& host, Attempt attempt, Done done, shared_bulkhead::ticket ticket) {
    struct waiter {
      Attempt attempt;
      Done done;
      bool granted = false;
    };
    auto p = std::make_shared<waiter>(waiter{std::move(attempt), std::move(done)});
    host.sleep(p->attempt, this->state->wait(), [this, &host, p, ticket] {
      if (p->granted && !p->attempt.over())
        enter(host, p->attempt, std::move(p->done));
      else
        leave_queue(host, *p, ticket);
    });
    // Not held by what may outlive the host.
    this->state->wait_for(ticket, [parked = std::weak_ptr{p}] {
      if (const auto w = parked.lock()) {
        w->granted = true;
        w->attempt.wake();
      }
    });
  }

  template <class Host, class Waiter>
  void leave_queue(Host& host, Waiter& p, shared_bulkhead::ticket ticket) {
    if (p.granted)
      this->state->leave(host.now());
    else
      this->state->cancel(ticket);
    if (auto why = p.attempt.over())
      p.done(result<Resp>{tl::unexpected<error>{std::move(*why)}});
    else
      refuse(host, p.done);
  }
};

} // namespace troupe::detail
