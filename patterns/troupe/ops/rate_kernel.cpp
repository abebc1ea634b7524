#include <troupe/ops/rate_kernel.hpp>

#include <algorithm>

#include <troupe/caf/compat.hpp>
#include <troupe/rate_limit.hpp>

namespace troupe::detail {

rate_kernel_base::rate_kernel_base(rate r, const rate_limit_options& options,
                                   caf::actor_system& sys)
    : pacer_(r, options.burst, now(sys)), mode_(options.mode) {}

bool rate_kernel_base::step(batch_base& in, batch_base* out, kernel_host& host) {
  const auto now = host.now();
  const auto wanted = std::min(in.left(), out->limit - out->size());
  const auto passed
      = mode_ == limit::shed ? pacer_.pass_or_refuse(now, wanted) : pacer_.pass(now, wanted);
  const auto cursor = in.cursor;
  hand_on(in, *out, passed, host);
  const auto handed_on = in.cursor - cursor;
  if (host.times_items() && handed_on > 0) {
    const auto ended = host.now();
    for (std::size_t i = 0; i < handed_on; ++i)
      host.took((ended - now) / handed_on, ended);
  }
  if (mode_ == limit::shed && handed_on == passed && passed < wanted)
    shed_rest(in, host);
  return false;
}

void rate_kernel_base::shed_rest(batch_base& in, kernel_host& host) {
  host.counts().shed(in.left());
  if (host.shows(loss::shed))
    show_rest(in, {errc::rate_limited, {}, "the rate limit was reached"}, host);
  in.cursor = in.size();
}

void rate_kernel_base::expire(time_point, batch_base*, kernel_host&) { pacer_.wake(); }

void rate_kernel_base::retune(const tuning& t, time_point now) { pacer_.set(now, t.rate, t.burst); }

node rate_limit_node(std::string name, rate r, const rate_limit_options& options) {
  const auto where = "rate_limit \"" + name + "\"";
  check_limit(where, r);
  check_limit(where, options.burst);
  auto n = serial_node(std::move(name), "rate_limit", {.buffer = options.buffer});
  n.kind = pattern_kind::rate_limiter;
  n.paced = true;
  return n;
}

} // namespace troupe::detail
