#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <troupe/call/layer.hpp>
#include <troupe/limit_policy.hpp>
#include <troupe/policy/token_bucket.hpp>

namespace troupe::detail {

/// The tokens of all that make one call.
class shared_limit {
public:
  shared_limit(const limit_policy& p, time_point now);

  bool sheds() const noexcept { return mode_ == limit::shed; }
  bool allow(time_point now);
  reservation reserve(time_point now, duration longest);
  void cancel(const reservation& r, time_point now);
  duration retry_after(time_point now);
  void set_rate(time_point now, rate r);
  void set_burst(time_point now, amount burst);

private:
  const limit mode_;
  std::mutex mutex_;
  token_bucket bucket_;
};

/// Lets so many attempts begin in a time; the others wait, or are refused.
template <class Resp, class Next>
struct rate_limit_layer : layer<Resp, shared_limit, Next> {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    auto& tokens = *this->state;
    const auto now = host.now();
    if (tokens.sheds()) {
      if (tokens.allow(now))
        this->next.run(host, std::move(attempt), std::move(done));
      else
        refuse(host, now, done);
      return;
    }
    const auto left = attempt.remaining();
    const auto place = tokens.reserve(now, left.value_or(duration::max()));
    if (!place.ok())
      refuse(host, now, done);
    else if (place.act_at() <= now)
      this->next.run(host, std::move(attempt), std::move(done));
    else
      wait(host, std::move(attempt), std::move(done), place, place.act_at() - now);
  }

private:
  template <class Host, class Done>
  void refuse(Host& host, time_point now, Done& done) {
    done(refusal<Resp>(errc::rate_limited, host.service_name(), "the rate limit is reached",
                       this->state->retry_after(now)));
  }

  template <class Host, class Attempt, class Done>
  void wait(Host& host, Attempt attempt, Done done, const reservation& place, duration how_long) {
    struct parked {
      Attempt attempt;
      Done done;
    };
    auto p = std::make_shared<parked>(parked{std::move(attempt), std::move(done)});
    host.sleep(p->attempt, how_long, [this, &host, p, place] {
      if (auto why = p->attempt.over()) {
        this->state->cancel(place, host.now());
        p->done(result<Resp>{tl::unexpected<error>{std::move(*why)}});
      } else {
        this->next.run(host, p->attempt, std::move(p->done));
      }
    });
  }
};

} // namespace troupe::detail
