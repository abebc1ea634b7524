#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <caf/error.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/inbox_queue.hpp>

namespace troupe::detail {

/// Lets CAF actors put items into an inbox. Never waits: the answer says what became of an item.
template <class T>
class inbox_gate final : public actor_base {
public:
  inbox_gate(caf::actor_config& cfg, std::shared_ptr<inbox_queue<T>> queue)
      : actor_base(cfg), queue_(std::move(queue)) {}

  const char* name() const override { return "troupe.inbox_gate"; }
  void on_exit() override { queue_ = nullptr; }

private:
  caf::message_handler handlers() override {
    return {
        [this](T& item) { return answer(queue_->offer(std::move(item))); },
        [this](std::vector<T>& items) -> caf::result<bool> {
          std::size_t refused = 0;
          for (auto& item : items)
            if (const auto got = queue_->offer(std::move(item));
                got == offer_result::full || got == offer_result::closed)
              ++refused;
          if (refused == 0)
            return true;
          return make_error(caf::sec::runtime_error,
                            std::to_string(refused) + " of " + std::to_string(items.size())
                                + " items refused: the inbox is full or closed");
        },
    };
  }

  static caf::result<bool> answer(offer_result got) {
    switch (got) {
    case offer_result::full:
      return make_error(caf::sec::runtime_error, "refused: the inbox is full");
    case offer_result::closed:
      return make_error(caf::sec::runtime_error, "refused: the inbox is closed");
    case offer_result::accepted:
    case offer_result::dropped:
      break;
    }
    return true;
  }

  std::shared_ptr<inbox_queue<T>> queue_;
};

} // namespace troupe::detail
