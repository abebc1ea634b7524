#pragma once

#include <memory>
#include <string>
#include <utility>

#include <troupe/call/untyped.hpp>
#include <troupe/pool/worker_function.hpp>

namespace troupe::detail {

/// The function of a served call, in the hands of one worker.
class served_function {
public:
  served_function() = default;
  served_function& operator=(const served_function&) = delete;
  virtual ~served_function() = default;

  /// The same for another worker; of one that was never called.
  virtual std::unique_ptr<served_function> another() const = 0;
  virtual result<untyped> call(const untyped& request, context& ctx) = 0;
  /// Whether the last call threw.
  virtual bool crashed() const noexcept = 0;

protected:
  served_function(const served_function&) = default;
};

template <class Req, class Resp, class F>
class typed_function final : public served_function {
public:
  /// `keeps`: the request is needed after an attempt.
  typed_function(std::shared_ptr<const F> original, std::string service, bool keeps)
      : function_(std::move(original), std::move(service)), keeps_(keeps) {}

  std::unique_ptr<served_function> another() const override {
    return std::make_unique<typed_function>(*this);
  }
  result<untyped> call(const untyped& request, context& ctx) override {
    auto r = function_(*static_cast<Req*>(request.get()), keeps_, ctx);
    return without_type(r);
  }
  bool crashed() const noexcept override { return function_.crashed(); }

private:
  worker_function<Req, Resp, F> function_;
  bool keeps_;
};

} // namespace troupe::detail
