#include <troupe/launch/blueprint.hpp>

#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace troupe::detail {

// A chain of shared pointers would be freed recursively, a stack frame a stage.
node::~node() {
  std::vector<open_end> rest = std::move(upstreams);
  while (!rest.empty()) {
    const auto last = std::move(rest.back().node);
    rest.pop_back();
    if (last.use_count() != 1)
      continue;
    // The only owner: nobody else can see it change.
    auto& up = const_cast<node&>(*last).upstreams; // NOLINT(cppcoreguidelines-pro-type-const-cast)
    std::move(up.begin(), up.end(), std::back_inserter(rest));
    up.clear();
  }
}

namespace {

void visit(const node_ptr& last, std::unordered_set<const node*>& seen,
           std::vector<node_ptr>& order) {
  std::vector<std::pair<node_ptr, std::size_t>> path{{last, 0}};
  while (!path.empty()) {
    auto& [current, next] = path.back();
    if (!seen.contains(current.get()) && next < current->upstreams.size()) {
      const auto up = current->upstreams[next++].node;
      if (!seen.contains(up.get()))
        path.emplace_back(up, 0);
      continue;
    }
    if (seen.insert(current.get()).second)
      order.push_back(current);
    path.pop_back();
  }
}

} // namespace

std::vector<node_ptr> in_flow_order(const ends& e) {
  std::vector<node_ptr> order;
  std::unordered_set<const node*> seen;
  if (e.closed != nullptr)
    for (const auto& sink : *e.closed)
      visit(sink, seen, order);
  if (e.last.node != nullptr)
    visit(e.last.node, seen, order);
  return order;
}

void refuse(std::string_view what, const std::string& name, std::string_view option,
            const std::string& value, std::string_view valid) {
  throw std::invalid_argument(std::string{what} + " \"" + name + "\": " + std::string{option}
                              + " = " + value + ", needs " + std::string{valid});
}

void check_count(std::string_view what, const std::string& name, std::string_view option,
                 count given, long long most) {
  if (given.value() < 1)
    refuse(what, name, option, std::to_string(given.value()), "at least 1");
  if (given.value() > most)
    refuse(what, name, option, std::to_string(given.value()), "at most " + std::to_string(most));
}

namespace {

std::string_view workers_option(const node& n) {
  if (n.role == role::source)
    return "producers";
  if (n.role == role::sink)
    return "consumers";
  return n.deal.lanes ? "workers" : "parallel";
}

void check(const node& n) {
  constexpr long long most_actors = 10'000;
  if (n.name.empty())
    refuse(n.what, n.name, "name", "\"\"", "at least one character");
  check_count(n.what, n.name, workers_option(n), n.workers, most_actors);
  check_count(n.what, n.name, "buffer", n.buffer);
  if (n.batch.is_automatic())
    return;
  check_count(n.what, n.name, "batch", n.batch.items());
  if (n.batch.items() > n.buffer)
    refuse(n.what, n.name, "batch", std::to_string(n.batch.items().value()),
           "at most buffer (" + std::to_string(n.buffer.value()) + ")");
}

// What is upstream of it begins somewhere.
void check_begun(const node& n, const ends& e) {
  if (e.last.node == nullptr)
    refuse(n.what, n.name, "upstream", "an empty flow", "one that begins with a source");
}

} // namespace

void refuse_name(const node& n) {
  refuse(n.what, n.name, "name", "\"" + n.name + "\"",
         "a name that no other stage of the flow has");
}

// -- joining flows --------------------------------------------------------------------------------

namespace {

sink_list with_sinks(const sink_list& some, const std::vector<node_ptr>& more) {
  if (more.empty())
    return some;
  auto all = some == nullptr ? std::vector<node_ptr>{} : *some;
  all.insert(all.end(), more.begin(), more.end());
  return std::make_shared<const std::vector<node_ptr>>(std::move(all));
}

} // namespace

// Branches of one split have the sinks before it in common.
void add_part(ends& to, const ends& part, bool closes) {
  std::vector<node_ptr> more;
  if (to.closed == nullptr)
    to.closed = part.closed;
  if (part.closed != nullptr && part.closed != to.closed)
    std::copy_if(part.closed->begin(), part.closed->end(), std::back_inserter(more),
                 [&](const node_ptr& sink) { return to.names.find(sink->name) != sink.get(); });
  if (closes)
    more.push_back(part.last.node);
  to.names = name_table::merge(to.names, part.names);
  to.closed = with_sinks(to.closed, more);
}

namespace {

// A flow that is used twice runs twice: the second time with nodes of its own.
class copier {
public:
  ends copy_if_seen(const ends& part) {
    const bool shares = name_table::overlap(seen_, part.names);
    auto own = shares ? copy(part) : part;
    seen_ = name_table::merge(seen_, part.names);
    used_ = name_table::merge(used_, own.names);
    made_.push_back(own);
    return own;
  }

private:
  using nodes = std::unordered_map<const node*, node_ptr>;

  ends copy(const ends& part) const {
    nodes here;
    ends made;
    for (const auto& n : in_flow_order(part)) {
      auto used = seen_.find(n->name) == n.get() ? copy(*n, part.names, here) : relinked(n, here);
      made.names = made.names.with(*used);
      here.emplace(n.get(), std::move(used));
    }
    if (part.last.node != nullptr)
      made.last = {here.at(part.last.node.get()), part.last.branch};
    std::vector<node_ptr> sinks;
    if (part.closed != nullptr)
      for (const auto& sink : *part.closed)
        sinks.push_back(here.at(sink.get()));
    made.closed = with_sinks(nullptr, sinks);
    return made;
  }

  // Not used before; but what it stands on may have been.
  node_ptr relinked(const node_ptr& n, const nodes& here) const {
    const bool stays
        = std::all_of(n->upstreams.begin(), n->upstreams.end(),
                      [&](const open_end& up) { return here.at(up.node.get()) == up.node; });
    return stays ? n : std::make_shared<const node>(linked(*n, here));
  }

  node_ptr copy(const node& n, const name_table& others, const nodes& here) const {
    auto made = linked(n, here);
    for (int i = 2; used_.find(made.name) != nullptr || others.find(made.name) != nullptr; ++i)
      made.name = n.name + "#" + std::to_string(i);
    return std::make_shared<const node>(std::move(made));
  }

  static node linked(const node& n, const nodes& here) {
    auto made = n;
    for (auto& up : made.upstreams)
      up.node = here.at(up.node.get());
    if (made.join.restores != nullptr)
      made.join.restores = here.at(made.join.restores).get();
    return made;
  }

  name_table seen_; ///< as they were given
  name_table used_;
  std::vector<ends> made_; ///< the tables do not own their nodes
};

} // namespace

std::vector<ends> independent(const std::vector<ends>& parts) {
  copier copies;
  std::vector<ends> result;
  result.reserve(parts.size());
  for (const auto& part : parts)
    result.push_back(copies.copy_if_seen(part));
  return result;
}

ends begin(node source) {
  check(source);
  ends e{{std::make_shared<const node>(std::move(source)), 0}};
  e.names = e.names.with(*e.last.node);
  return e;
}

ends append(const ends& e, node next) {
  check(next);
  check_begun(next, e);
  next.upstreams.push_back(e.last);
  ends longer{{std::make_shared<const node>(std::move(next)), 0}, e.closed};
  longer.names = e.names.with(*longer.last.node);
  return longer;
}

ends join(const std::vector<ends>& parts, node next) {
  check(next);
  ends all;
  for (const auto& part : parts) {
    check_begun(next, part);
    add_part(all, part, false);
    next.upstreams.push_back(part.last);
  }
  all.last.node = std::make_shared<const node>(std::move(next));
  all.names = all.names.with(*all.last.node);
  return all;
}

ends unite(const std::vector<ends>& parts) {
  ends all;
  for (const auto& part : parts)
    add_part(all, part, &part != &parts.back());
  all.last = parts.back().last;
  return all;
}

} // namespace troupe::detail
