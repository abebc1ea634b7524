#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/kernel/item_kernel.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/held.hpp>

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
      if constexpr (is_result<std::remove_cvref_t<answer_t<F, Req>>>) {
        return named(call_on(*function_, request, keep, ctx));
      } else if constexpr (std::is_void_v<answer_t<F, Req>>) {
        call_on(*function_, request, keep, ctx);
        return {};
      } else {
        return call_on(*function_, request, keep, ctx);
      }
    } catch (const std::exception& e) {
      return crash(e.what());
    } catch (...) {
      return crash("something that is not a std::exception");
    }
  }

  /// Whether the last call threw.
  bool crashed() const noexcept { return crashed_; }

private:
  template <class Answer>
  result<Resp> named(Answer&& r) const {
    if (!r)
      return named_error(r.error());
    if constexpr (std::same_as<Answer, std::remove_cvref_t<Answer>>)
      return moved(r);
    else
      return r;
  }

  // Not inlined: where the function never fails, g++ 12 would warn of an error that is not there.
  [[gnu::noinline]] tl::unexpected<error> named_error(const error& e) const {
    return tl::unexpected<error>{e.stage().empty() ? error{e}.with_stage(name_) : e};
  }

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
