#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <troupe/detail/item_kernel.hpp>
#include <troupe/result.hpp>

namespace troupe::detail {

/// A user's function in the hands of a worker. What it throws costs one call, and the function is
/// made anew for the next: whatever state it was in is not to be trusted.
template <class Req, class Resp, class F>
class worker_function {
public:
  worker_function(std::shared_ptr<const F> original, std::string name)
      : original_(std::move(original)), name_(std::move(name)) {}

  /// `keep`: the request is needed again.
  result<Resp> operator()(Req& request, bool keep, context& ctx) {
    crashed_ = false;
    try {
      if (!function_)
        function_.emplace(*original_);
      result<Resp> r = call_on(*function_, request, keep, ctx);
      if (!r && r.error().stage().empty())
        r = tl::unexpected<error>{std::move(r.error()).with_stage(name_)};
      return r;
    } catch (const std::exception& e) {
      return crash(e.what());
    } catch (...) {
      return crash("something that is not a std::exception");
    }
  }

  /// Whether the last call threw.
  bool crashed() const noexcept { return crashed_; }

private:
  result<Resp> crash(const char* what) {
    function_.reset();
    crashed_ = true;
    return tl::unexpected<error>{
        {errc::worker_died, name_, std::string{"the worker threw: "} + what}};
  }

  std::shared_ptr<const F> original_;
  std::optional<F> function_;
  std::string name_;
  bool crashed_ = false;
};

} // namespace troupe::detail
