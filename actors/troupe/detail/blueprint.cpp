#include <troupe/detail/blueprint.hpp>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace troupe::detail {

// A chain of shared pointers would be freed recursively, a stack frame a stage.
node::~node() {
  std::vector<node_ptr> rest = std::move(upstreams);
  while (!rest.empty()) {
    auto last = std::move(rest.back());
    rest.pop_back();
    if (last.use_count() != 1)
      continue;
    // The only owner: nobody else can see it change.
    auto& up = const_cast<node&>(*last).upstreams; // NOLINT(cppcoreguidelines-pro-type-const-cast)
    std::move(up.begin(), up.end(), std::back_inserter(rest));
    up.clear();
  }
}

std::vector<node_ptr> in_flow_order(const node_ptr& last) {
  std::vector<node_ptr> order;
  std::unordered_set<const node*> seen;
  std::vector<std::pair<node_ptr, std::size_t>> path{{last, 0}};
  while (!path.empty()) {
    auto& [current, next] = path.back();
    if (next < current->upstreams.size()) {
      const auto up = current->upstreams[next++];
      if (!seen.contains(up.get()))
        path.emplace_back(up, 0);
      continue;
    }
    if (seen.insert(current.get()).second)
      order.push_back(current);
    path.pop_back();
  }
  return order;
}

void refuse(std::string_view what, const std::string& name, std::string_view option,
            const std::string& value, std::string_view valid) {
  throw std::invalid_argument(std::string{what} + " \"" + name + "\": " + std::string{option}
                              + " = " + value + ", needs " + std::string{valid});
}

namespace {

void check_count(const node& n, std::string_view option, count given, long long most,
                 const std::string& limit = {}) {
  if (given.value() < 1)
    refuse(n.what, n.name, option, std::to_string(given.value()), "at least 1");
  if (given.value() > most)
    refuse(n.what, n.name, option, std::to_string(given.value()),
           "at most " + (limit.empty() ? std::to_string(most) : limit));
}

void check(const node& n) {
  constexpr long long most_actors = 10'000;
  constexpr long long most_items = 1LL << 40;
  if (n.name.empty())
    refuse(n.what, n.name, "name", "\"\"", "at least one character");
  const auto* const workers = n.role == role::source ? "producers"
                              : n.role == role::sink ? "consumers"
                                                     : "parallel";
  check_count(n, workers, n.workers, most_actors);
  check_count(n, "buffer", n.buffer, most_items);
  if (!n.batch.is_automatic())
    check_count(n, "batch", n.batch.items(), n.buffer.value(),
                "buffer (" + std::to_string(n.buffer.value()) + ")");
}

} // namespace

node_ptr begin(node source) {
  check(source);
  return std::make_shared<const node>(std::move(source));
}

node_ptr append(const node_ptr& upstream, node next) {
  check(next);
  for (const auto& other : in_flow_order(upstream))
    if (other->name == next.name)
      refuse(next.what, next.name, "name", "\"" + next.name + "\"",
             "a name that no other stage of the flow has");
  next.upstreams.push_back(upstream);
  return std::make_shared<const node>(std::move(next));
}

edge_plan plan_between(const node& from, const node& to) {
  // A source may ask for less than the stage behind it would allow.
  const auto buffer = from.role == role::source ? std::min<std::size_t>(from.buffer, to.buffer)
                                                : std::size_t{to.buffer};
  return plan_edge(buffer, from.output.bytes, from.workers, to.workers);
}

std::size_t bound_between(const node& from, const node& to) {
  const auto plan = plan_between(from, to);
  return from.workers * plan.items;
}

} // namespace troupe::detail
