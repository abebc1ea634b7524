#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <troupe/alert.hpp>
#include <troupe/detail/growth_window.hpp>
#include <troupe/rule_reading.hpp>
#include <troupe/threshold.hpp>

namespace troupe::detail {

/// Whether what a rule says is so, part by part. Three-valued: what is not known makes a `&&` with
/// something false false, a `||` with something true true, and all else unknown.
///
/// Bound:  a value for each comparison, a time for each part, and the points of a growth.
class rule_state {
public:
  explicit rule_state(const threshold& rule);

  /// `open`: an alert is, so that a part that was passed stays so until it is back by its
  /// hysteresis. `rule` is that of the constructor.
  std::optional<bool> feed(const threshold& rule, time_point now, const rule_reading& reading,
                           bool open);

  /// Forgets what has been, but for the last values: for how long parts have held, and growth.
  void forget();

  /// Which comparison it was that decided: the first that is passed, or was the last time.
  std::size_t deciding() const noexcept { return deciding_; }
  /// Its value when it was last known.
  double value() const noexcept { return parts_[deciding_].value.value_or(0); }

  /// The values in words, for a rule that has more than one, or another than it shows.
  std::string in_words(const threshold& rule, alert_state what) const;

private:
  struct part {
    std::optional<double> value{}; ///< the last that was known
    bool passed = false;
    std::optional<growth_window> growth{};
  };

  std::optional<bool> judge(part& p, const condition& c, time_point now,
                            const rule_reading& reading, bool open);
  static std::optional<double> measure(part& p, const condition& c, time_point now,
                                       const rule_reading& reading);
  std::optional<bool> held(std::size_t step, time_point now, duration hold,
                           std::optional<bool> truth);

  std::vector<part> parts_;                      // as the rule's conditions
  std::vector<std::optional<time_point>> since_; // as its steps: since when each is so
  std::size_t deciding_ = 0;
};

} // namespace troupe::detail
