#include <troupe/web_hook.hpp>

#include <list>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/detail/alert_line.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/web/http_post.hpp>
#include <troupe/web/http_url.hpp>
#include <troupe/web/web_hook_body.hpp>
#include <troupe/with_retry.hpp>

namespace troupe {

namespace {

/// Whether a server that answered this, or 0 for nothing, may say something else next time.
bool may_change(unsigned status) {
  return status == 0 || status == 408 || status == 429 || status >= 500;
}

class hook final : public alert_listener {
public:
  hook(const std::string& url, web_hook_options options)
      : to_{detail::parse_http_url("web_hook", url)}, timeout_{options.timeout},
        policy_{.attempts = options.attempts, .backoff = options.backoff},
        frame_{std::move(options.receiver), std::move(options.labels),
               std::move(options.external_url)} {
    validate(policy_, "web_hook");
    if (timeout_ <= duration::zero())
      detail::refuse("web_hook", "timeout", detail::as_text(timeout_), "more than 0 ms");
  }

  // Without path and query, which may hold a secret.
  std::string name() const override { return "web hook " + to_.authority(); }

  void on_alert(const alert& a) override {
    const auto at = detail::wall_time(a.at, std::chrono::steady_clock::now(),
                                      std::chrono::system_clock::now());
    const auto body = detail::web_hook_body(a, at, frame_);
    const call here{*this};
    unsigned status = 0;
    auto policy = policy_;
    policy.retry_if = [&status](const error&) { return may_change(status); };
    const auto done = with_retry(
        [&](context& ctx) {
          status = 0;
          return attempt(body, ctx, status);
        },
        policy, *here.ctx);
    if (!done)
      throw std::runtime_error(done.error().message() + " (attempt "
                               + std::to_string(done.error().attempts()) + ')');
  }

  void give_up() noexcept override {
    const std::lock_guard lock{mutex_};
    for (auto& ctx : calls_)
      ctx.cancel();
  }

private:
  /// One that is under way, for `give_up`.
  struct call {
    explicit call(hook& h) : owner{h} {
      const std::lock_guard lock{owner.mutex_};
      ctx = owner.calls_.emplace(owner.calls_.end(), context::background());
    }
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    ~call() {
      const std::lock_guard lock{owner.mutex_};
      owner.calls_.erase(ctx);
    }

    hook& owner;
    std::list<context>::iterator ctx;
  };

  result<void> attempt(const std::string& body, const context& ctx, unsigned& status) const {
    const auto answer = detail::http_post(to_, body, timeout_, ctx);
    if (!answer)
      return tl::unexpected{answer.error()};
    status = answer->status;
    if (status >= 200 && status < 300)
      return {};
    auto text = to_.authority() + " answered " + std::to_string(status);
    if (!answer->reason.empty())
      text += ' ' + answer->reason;
    return tl::unexpected{
        error{errc::stage_failed, {}, std::move(text)}.with_retry_after(answer->retry_after)};
  }

  const detail::http_url to_;
  const duration timeout_;
  const retry policy_;
  const detail::web_hook_frame frame_;
  std::mutex mutex_;
  std::list<context> calls_; ///< of each monitor that has this
};

} // namespace

std::shared_ptr<alert_listener> web_hook(std::string url, web_hook_options options) {
  return std::make_shared<hook>(url, std::move(options));
}

} // namespace troupe
