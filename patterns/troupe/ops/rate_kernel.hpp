#pragma once

#include <cstddef>
#include <optional>

#include <caf/fwd.hpp>

#include <troupe/kernel/item_account.hpp>
#include <troupe/kernel/kernel.hpp>
#include <troupe/limit_policy.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/policy/pacer.hpp>

namespace troupe::detail {

/// Books the items that went on, on every way out.
struct passing {
  batch_base& in;
  item_account& counts;
  std::size_t from;
  ~passing() { counts.deliver(in.cursor - from); }
};

/// A rate limit over batches, without the type of the items: how many of a batch may go on is
/// decided at once, since what is allowed at one instant does not depend on how it is asked for.
class rate_kernel_base : public kernel {
public:
  rate_kernel_base(rate r, const rate_limit_options& options, caf::actor_system& sys);

  bool step(batch_base& in, batch_base* out, kernel_host& host) final;
  std::optional<time_point> due() const final { return pacer_.due(); }
  void expire(time_point now, batch_base* out, kernel_host& host) final;
  bool waits() const noexcept final { return pacer_.due().has_value(); }
  void retune(const tuning& t, time_point now) final;

private:
  /// Moves the next `n` items, and counts them.
  virtual void hand_on(batch_base& in, batch_base& out, std::size_t n, kernel_host& host) = 0;
  /// Shows the items that are left to whom it may concern.
  virtual void show_rest(batch_base& in, const error& why, kernel_host& host) = 0;
  void shed_rest(batch_base& in, kernel_host& host);

  pacer pacer_;
  limit mode_;
};

} // namespace troupe::detail
