#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/error.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/inbox/inbox_queue.hpp>

namespace troupe::detail {

/// Lets CAF actors put items into an inbox. Never waits: the answer says what became of an item.
template <class T>
class inbox_actor final : public actor_base {
public:
  inbox_actor(caf::actor_config& cfg, std::shared_ptr<inbox_queue<T>> queue)
      : actor_base(cfg), queue_(std::move(queue)) {}

  const char* name() const override { return "troupe.inbox_actor"; }
  void on_exit() override { queue_ = nullptr; }

private:
  caf::message_handler handlers() override {
    return {
        [this](T& item) -> caf::result<bool> {
          std::string broken;
          const auto got = offer(item, broken);
          return got ? answer(*got) : refusal("refused: " + broken);
        },
        [this](std::vector<T>& items) -> caf::result<bool> {
          std::size_t refused = 0;
          std::string broken;
          for (auto& item : items)
            if (const auto got = offer(item, broken);
                !got || *got == offer_result::full || *got == offer_result::closed)
              ++refused;
          if (refused == 0)
            return true;
          return refusal(std::to_string(refused) + " of " + std::to_string(items.size())
                         + " items refused: "
                         + (broken.empty() ? "the inbox is full or closed" : broken));
        },
    };
  }

  // Empty: the item's own code, or a hook, threw. That costs this item, not the actor.
  std::optional<offer_result> offer(T& item, std::string& broken) {
    try {
      return queue_->offer(item);
    } catch (...) {
      broken = describe(std::current_exception()).message();
      return std::nullopt;
    }
  }

  static caf::error refusal(std::string why) {
    return make_error(caf::sec::runtime_error, std::move(why));
  }

  static caf::result<bool> answer(offer_result got) {
    switch (got) {
    case offer_result::full:
      return refusal("refused: the inbox is full");
    case offer_result::closed:
      return refusal("refused: the inbox is closed");
    case offer_result::accepted:
    case offer_result::dropped:
      break;
    }
    return true;
  }

  std::shared_ptr<inbox_queue<T>> queue_;
};

} // namespace troupe::detail
