#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <troupe/settings.hpp>

namespace troupe::detail {

class kernel;
class shared_breaker;

/// What the workers of a running stage or service share, as far as it can be seen and changed.
class stage_controls {
public:
  stage_controls() = default;
  stage_controls(const stage_controls&) = delete;
  stage_controls& operator=(const stage_controls&) = delete;
  virtual ~stage_controls() = default;

  /// Throws std::invalid_argument for what it does not have, or a value out of range.
  virtual void configure(const settings& s) = 0;
  /// The outermost; null: it has none.
  virtual std::shared_ptr<shared_breaker> breaker() const = 0;
  /// For tests: actors besides those that are known otherwise.
  virtual std::vector<caf::actor> workers() const { return {}; }
};

/// What is made of a node for one run, where its workers share something.
struct shared_kit {
  std::shared_ptr<stage_controls> controls;
  std::function<std::unique_ptr<kernel>(caf::actor_system&)> make_kernel;
};

} // namespace troupe::detail
