#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/gather/gather_actor.hpp>
#include <troupe/result.hpp>
#include <troupe/service/response_promise.hpp>

namespace troupe::detail {

/// How a service is asked: the function is called once, from any thread.
template <class Req, class Resp>
using ask_function
    = std::function<void(const Req&, const context&, std::function<void(result<Resp>&&)>)>;

/// A gather_job of known types.
template <class Req, class Resp>
class gather_request final : public gather_job {
public:
  using services = std::vector<ask_function<Req, Resp>>;
  using answers = std::vector<result<Resp>>;
  using done_function = std::function<void(result<answers>&&)>;

  gather_request(std::shared_ptr<const services> s, held<Req> request, const context& ctx,
                 done_function done)
      : services_(std::move(s)), request_(std::move(request)), ctx_(ctx),
        answers_(services_->size()), done_(std::move(done)) {}
  gather_request(const gather_request&) = delete;
  gather_request& operator=(const gather_request&) = delete;

  /// Also a request that never reached the actor is answered.
  ~gather_request() override {
    if (done_)
      finish(error{errc::closed, {}, "the service has ended"});
  }

  context& ctx() override { return ctx_; }

  void ask(std::size_t service, const context& ctx, gathered_function done) override {
    const auto hand_on = [done = std::move(done)](result<Resp>&& r) {
      auto answer = boxed(r);
      const bool success = answer->has_value();
      done({std::move(answer), success});
    };
    try {
      (*services_)[service](request_.get(), ctx, hand_on);
    } catch (...) { // the copy of the request
      hand_on(tl::unexpected<error>{not_handed_on("request")});
    }
  }

  void keep(std::size_t service, gathered_answer answer) override {
    answers_[service] = std::static_pointer_cast<result<Resp>>(answer.value);
    note(*answers_[service]);
  }

  void close(std::size_t service, error why) override {
    answers_[service] = std::make_shared<result<Resp>>(tl::unexpect, std::move(why));
  }

  const error* first_error() const override { return first_error_ ? &*first_error_ : nullptr; }

  void finish(std::optional<error> failure) override {
    const auto done = std::exchange(done_, nullptr);
    if (failure) {
      done(tl::unexpected<error>{std::move(*failure)});
      return;
    }
    answers all;
    all.reserve(answers_.size());
    for (auto& a : answers_) {
      try {
        hand_over(*a, all);
      } catch (...) {
        all.push_back(tl::unexpected<error>{not_handed_on("answer")});
      }
    }
    done(std::move(all));
  }

private:
  // As `moved`, but into its place.
  static void hand_over(result<Resp>& a, answers& all) {
    if (!a)
      all.push_back(tl::unexpected<error>{std::move(a).error()});
    else if constexpr (std::is_void_v<Resp>)
      all.emplace_back();
    else
      all.emplace_back(tl::in_place, std::move(*a));
  }

  void note(const result<Resp>& r) {
    if (!r && !first_error_)
      first_error_ = r.error();
  }

  std::shared_ptr<const services> services_;
  held<Req> request_;
  context ctx_;
  std::vector<std::shared_ptr<result<Resp>>> answers_;
  std::optional<error> first_error_;
  done_function done_;
};

} // namespace troupe::detail
