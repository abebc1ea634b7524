#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include <troupe/call/scope.hpp>
#include <troupe/call/untyped.hpp>

namespace troupe::detail {

class call_supervisor;

/// What a served call's layer does with an answer. Can only be moved, like the permits and places
/// that it holds.
class on_answer {
public:
  template <class F>
  requires(!std::same_as<F, on_answer>) on_answer(F f) // NOLINT: any function is one
      : function_(std::make_unique<holding<F>>(std::move(f))) {}

  void operator()(result<untyped>&& r) { function_->call(std::move(r)); }

private:
  struct holder {
    holder() = default;
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;
    virtual ~holder() = default;
    virtual void call(result<untyped>&& r) = 0;
  };
  template <class F>
  struct holding final : holder {
    explicit holding(F f) : function(std::move(f)) {}
    void call(result<untyped>&& r) override { function(std::move(r)); }
    F function;
  };

  std::unique_ptr<holder> function_;
};

/// One layer of a served call, whatever is around it and inside of it.
class served_layer {
public:
  served_layer() = default;
  served_layer(const served_layer&) = delete;
  served_layer& operator=(const served_layer&) = delete;
  virtual ~served_layer() = default;

  virtual void run(call_supervisor& host, scoped_attempt&& attempt, on_answer&& done) = 0;

  served_layer* next = nullptr; ///< null in the innermost one
};

/// The one that follows a layer, as the layer sees it.
struct following {
  served_layer* of;

  template <class Done>
  void run(call_supervisor& host, scoped_attempt attempt, Done done) {
    of->next->run(host, std::move(attempt), on_answer{std::move(done)});
  }
};

/// What a fallback gives in place of an answer.
class served_fallback {
public:
  served_fallback() = default;
  served_fallback(const served_fallback&) = delete;
  served_fallback& operator=(const served_fallback&) = delete;
  virtual ~served_fallback() = default;

  virtual void note(const untyped& good) = 0;
  virtual result<untyped> instead(const untyped& request, const error& why) = 0;
};

} // namespace troupe::detail
