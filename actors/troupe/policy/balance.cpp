#include <troupe/policy/balance.hpp>

#include <algorithm>
#include <cassert>
#include <string>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

void check(const balancer_options& o, count instances, std::string_view where) {
  constexpr long long most = 1'000'000;
  detail::check_count(where, "instances", instances, 1, most);
  detail::check_count(where, "failures", o.failures, 1, most);
  if (o.rest <= duration::zero())
    detail::refuse(where, "rest", detail::as_text(o.rest), "more than 0 ms");
  for (const auto w : o.weights)
    detail::check_count(where, "weights", w, 1, most);
  if (!o.weights.empty() && o.weights.size() != instances)
    detail::refuse(where, "weights", std::to_string(o.weights.size()) + " of them",
                   "one for each of the " + std::to_string(instances.value()) + " instances");
}

/// Spreads neighbouring numbers evenly over all (the finalizer of SplitMix64).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::size_t by_key(const std::vector<std::size_t>& from, std::uint64_t key) {
  const auto score = [&](std::size_t i) { return mix(key ^ mix(i)); };
  return *std::max_element(from.begin(), from.end(),
                           [&](std::size_t a, std::size_t b) { return score(a) < score(b); });
}

} // namespace

balancer_machine::balancer_machine(balancer_options options, count instances,
                                   std::string_view where)
    : options_(std::move(options)) {
  check(options_, instances, where);
  instances_.resize(instances);
  for (std::size_t i = 0; i < options_.weights.size(); ++i)
    instances_[i].weight = options_.weights[i].value();
}

// -- health --------------------------------------------------------------------------------------

bool balancer_machine::is_eligible(std::size_t i, time_point now) const {
  const auto& rests_until = instances_.at(i).rests_until;
  return !rests_until || now >= *rests_until;
}

time_point balancer_machine::rest_end(time_point now) const {
  return detail::later(now, options_.rest);
}

bool balancer_machine::settle(choice t) {
  auto& it = instances_.at(t.instance);
  assert(it.in_flight > 0);
  --it.in_flight;
  return t.epoch == it.epoch;
}

void balancer_machine::succeeded(choice t) {
  if (!settle(t))
    return;
  auto& it = instances_[t.instance];
  it.failures = 0;
  it.rests_until.reset();
  it.on_trial = false;
}

void balancer_machine::failed(choice t, time_point now) {
  if (!settle(t))
    return;
  auto& it = instances_[t.instance];
  ++it.failures;
  if (it.rests_until || it.failures >= options_.failures) {
    it.rests_until = rest_end(now);
    it.on_trial = false;
    ++it.epoch;
  }
}

void balancer_machine::gave_up(choice t) {
  auto& it = instances_.at(t.instance);
  // A trial that told nothing: the next request may be another.
  if (settle(t) && it.on_trial)
    it.rests_until = time_point::min();
}

// -- choice --------------------------------------------------------------------------------------

balancer_machine::choice balancer_machine::pick_with(time_point now, std::uint64_t key,
                                                     std::uint64_t a, std::uint64_t b) {
  auto from = eligible(now);
  const bool none = from.empty();
  if (none)
    for (std::size_t i = 0; i < instances_.size(); ++i)
      from.push_back(i);
  const auto chosen = choose(from, key, a, b);
  auto& it = instances_[chosen];
  if (it.rests_until && !none) {
    // From now on until the answer it is passed over, and what was sent before no longer counts.
    it.rests_until = rest_end(now);
    it.on_trial = true;
    ++it.epoch;
  }
  ++it.in_flight;
  it.last_pick = ++picks_;
  next_ = chosen + 1;
  return {chosen, it.epoch};
}

std::vector<std::size_t> balancer_machine::eligible(time_point now) const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < instances_.size(); ++i)
    if (is_eligible(i, now))
      indices.push_back(i);
  return indices;
}

std::size_t balancer_machine::choose(const std::vector<std::size_t>& from, std::uint64_t key,
                                     std::uint64_t a, std::uint64_t b) {
  switch (options_.how) {
  case balance::round_robin:
    return next_in_turn(from);
  case balance::least_loaded:
    return least_loaded(from);
  case balance::power_of_two: {
    const auto n = from.size();
    const auto first = a % n;
    // Another one than the first, each alike.
    const auto second = n == 1 ? first : (first + 1 + b % (n - 1)) % n;
    return instances_[from[second]].in_flight < instances_[from[first]].in_flight ? from[second]
                                                                                  : from[first];
  }
  case balance::weighted:
    return by_weight(from);
  case balance::sticky:
    return by_key(from, key);
  }
  return from.front();
}

std::size_t balancer_machine::next_in_turn(const std::vector<std::size_t>& from) const {
  const auto next = std::lower_bound(from.begin(), from.end(), next_);
  return next == from.end() ? from.front() : *next;
}

std::size_t balancer_machine::least_loaded(const std::vector<std::size_t>& from) const {
  return *std::min_element(from.begin(), from.end(), [&](std::size_t a, std::size_t b) {
    const auto& x = instances_[a];
    const auto& y = instances_[b];
    return x.in_flight != y.in_flight ? x.in_flight < y.in_flight : x.last_pick < y.last_pick;
  });
}

std::size_t balancer_machine::by_weight(const std::vector<std::size_t>& from) {
  long long total = 0;
  auto best = from.front();
  for (const auto i : from) {
    instances_[i].credit += instances_[i].weight;
    total += instances_[i].weight;
    if (instances_[i].credit > instances_[best].credit)
      best = i;
  }
  instances_[best].credit -= total;
  return best;
}

} // namespace troupe
