#pragma once

#include <optional>
#include <string>

#include <troupe/condition.hpp>

namespace troupe {

/// What is measured at an instant, for who judges a rule by it.
class rule_reading {
public:
  rule_reading() = default;
  rule_reading(const rule_reading&) = default;
  rule_reading& operator=(const rule_reading&) = default;
  virtual ~rule_reading() = default;

  /// What `c` compares, of a growth: what is to grow. Nothing where it is not known.
  virtual std::optional<double> value(const condition& c) const = 0;

  /// The stage that holds this one up; empty: nobody.
  virtual std::string root_of(const std::string& /*stage*/) const { return {}; }
};

} // namespace troupe
