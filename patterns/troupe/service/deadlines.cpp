#include <troupe/service/deadlines.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

void deadline_list::add(time_point at, std::weak_ptr<open_call> call) {
  calls_.emplace(at, std::move(call));
  if (calls_.size() < sweep_at_)
    return;
  std::erase_if(calls_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<std::size_t>(64, 2 * calls_.size());
}

std::vector<std::shared_ptr<open_call>> deadline_list::take_due(time_point now) {
  std::vector<std::shared_ptr<open_call>> due;
  const auto end = calls_.upper_bound(now);
  for (auto i = calls_.begin(); i != end; ++i)
    if (auto call = i->second.lock())
      due.push_back(std::move(call));
  calls_.erase(calls_.begin(), end);
  return due;
}

std::optional<time_point> deadline_list::next() const {
  if (calls_.empty())
    return std::nullopt;
  return calls_.begin()->first;
}

caf::message_handler deadline_actor::handlers() {
  return {
      [this](expire_msg& msg) {
        list_.add(msg.at, std::move(msg.call));
        look();
      },
      [this](look_msg msg) {
        if (msg.generation != generation_)
          return;
        looks_at_.reset();
        look();
      },
  };
}

void deadline_actor::look() {
  const auto at = detail::now(system());
  for (const auto& call : list_.take_due(at))
    call->give_up({errc::deadline_exceeded, {}, "the deadline of the call's context has passed"});
  const auto next = list_.next();
  if (!next || (looks_at_ && *looks_at_ <= *next))
    return;
  looks_at_ = next;
  send_after(this, elapsed(at, *next), look_msg{++generation_});
}

void watch_deadline(const caf::actor& deadlines, caf::actor_system& sys, duration left,
                    std::weak_ptr<open_call> call) {
  if (left < for_ever)
    detail::anon_send(deadlines, expire_msg{std::move(call), later(detail::now(sys), left)});
}

} // namespace troupe::detail
