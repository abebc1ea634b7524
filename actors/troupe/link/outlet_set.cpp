#include <troupe/link/outlet_set.hpp>

#include <algorithm>
#include <utility>

#include <troupe/link/linked_actor.hpp>

namespace troupe::detail {

void outlet_set::add(edge_plan plan, bool numbers) {
  outlets_.push_back({outlet{type_, plan}, numbers});
  open_.push_back(nullptr);
}

void outlet_set::disconnect() noexcept {
  outlets_.clear();
  open_.clear();
}

batch_base* outlet_set::open_another(std::size_t to) {
  if (room_ == 0)
    return nullptr;
  const bool numbers = outlets_[to].numbers;
  // Numbers rise in the order of the items: the batch that was being filled is complete.
  if (numbers && last_ != to && open_[last_] != nullptr)
    send(last_);
  auto* const batch = outlets_[to].out.open();
  if (batch == nullptr) {
    blocked_at_ = to;
    return nullptr;
  }
  open_[to] = batch;
  last_ = numbers ? to : last_;
  if (batch->size() == 0) {
    batch->first = item_;
    if (numbers)
      batch->marks.assign(1, {next_sequence_++, true});
  }
  return batch;
}

void outlet_set::send(std::size_t to) {
  auto& s = outlets_[to];
  open_[to] = nullptr;
  s.sent += s.out.current()->size();
  s.rests = 0;
  if (keeps_hold_)
    s.lent.emplace_back(s.out.current());
  s.out.send_now(*self_, now_);
}

void outlet_set::home(batch_ptr batch, std::size_t from) {
  auto& s = outlets_[from];
  if (s.lost)
    return;
  if (keeps_hold_)
    s.lent.erase(std::find(s.lent.begin(), s.lent.end(), batch));
  room_ += batch->carried;
  s.out.home(std::move(batch));
}

void outlet_set::send_due() {
  for (std::size_t i = 0; i < outlets_.size(); ++i)
    if (open_[i] != nullptr && outlets_[i].out.ledger().should_send(open_[i]->size()))
      send(i);
}

void outlet_set::rest(std::size_t to, std::uint64_t number) {
  auto& s = outlets_[to];
  if (s.rests != number && !s.satisfied && open_[to] == nullptr && s.out.settled()
      && s.out.send_rest(*self_, now_, number))
    s.rests = number;
}

bool outlet_set::pass_on_rest(std::size_t to, order_mark rest) {
  auto& s = outlets_[to];
  std::vector<order_mark> marks{rest};
  if (s.numbers)
    marks.push_back({next_sequence_, true});
  if (s.lost || !s.out.open_empty(std::move(marks))) {
    blocked_at_ = to;
    return false;
  }
  next_sequence_ += s.numbers ? 1 : 0;
  send(to);
  return true;
}

void outlet_set::flush() {
  for (std::size_t i = 0; i < outlets_.size(); ++i)
    if (open_[i] != nullptr && open_[i]->size() > 0)
      send(i);
}

void outlet_set::end() {
  flush();
  for (auto& s : outlets_)
    if (!s.lost)
      s.out.end(*self_);
}

std::deque<batch_ptr> outlet_set::lose(std::size_t to) {
  auto& s = outlets_[to];
  s.lost = true;
  if (open_[to] != nullptr && open_[to]->size() > 0) {
    open_[to]->carried = open_[to]->size();
    s.lent.emplace_back(open_[to]);
  }
  open_[to] = nullptr;
  s.out.disconnect();
  auto lost = std::exchange(s.lent, {});
  for (const auto& batch : lost)
    room_ += batch->carried;
  return lost;
}

bool outlet_set::settled() const noexcept {
  return std::all_of(outlets_.begin(), outlets_.end(),
                     [](const slot& s) { return s.lost || s.out.settled(); });
}

std::size_t outlet_set::busy() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(outlets_.begin(), outlets_.end(),
                    [](const slot& s) { return !s.lost && s.out.ledger().items_away() > 0; }));
}

bool outlet_set::any_satisfied() const noexcept {
  return std::any_of(outlets_.begin(), outlets_.end(), [](const slot& s) { return s.satisfied; });
}

bool outlet_set::all_satisfied() const noexcept {
  return std::all_of(outlets_.begin(), outlets_.end(), [](const slot& s) { return s.satisfied; });
}

} // namespace troupe::detail
