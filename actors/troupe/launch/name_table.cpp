#include <troupe/launch/name_table.hpp>

#include <functional>
#include <vector>

#include <troupe/launch/blueprint.hpp>

namespace troupe::detail {

namespace {

std::size_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

} // namespace

const node* name_table::find(std::string_view name) const {
  auto hash = hash_of(name);
  const auto* at = root_.get();
  while (at != nullptr && at->named->name != name) {
    at = at->next[hash & 1].get();
    hash >>= 1;
  }
  return at == nullptr ? nullptr : at->named;
}

name_table name_table::with(const node& n) const {
  return name_table{add(root_, n, hash_of(n.name))};
}

name_table::entry_ptr name_table::make(const node& n, entry_ptr left, entry_ptr right) {
  const auto size = 1 + size_of(left) + size_of(right);
  return std::make_shared<const entry>(entry{&n, size, {std::move(left), std::move(right)}});
}

name_table::entry_ptr name_table::add(const entry_ptr& to, const node& n, std::size_t hash) {
  if (to == nullptr)
    return make(n, nullptr, nullptr);
  if (to->named == &n)
    return to;
  if (to->named->name == n.name)
    refuse_name(n);
  auto left = to->next[0];
  auto right = to->next[1];
  auto& next = (hash & 1) == 0 ? left : right;
  next = add(next, n, hash >> 1);
  return make(*to->named, std::move(left), std::move(right));
}

name_table::entry_ptr name_table::add_all(entry_ptr to, const entry_ptr& from, unsigned depth) {
  std::vector<const entry*> rest{from.get()};
  while (!rest.empty()) {
    const auto* const e = rest.back();
    rest.pop_back();
    if (e == nullptr)
      continue;
    const auto hash = hash_of(e->named->name);
    to = add(to, *e->named, depth < 8 * sizeof(hash) ? hash >> depth : 0);
    rest.push_back(e->next[0].get());
    rest.push_back(e->next[1].get());
  }
  return to;
}

// Where both are the same, as they are but for what was added to one of them, nothing is looked at.
name_table::entry_ptr name_table::merge(const entry_ptr& a, const entry_ptr& b, unsigned depth) {
  if (a == b || b == nullptr)
    return a;
  if (a == nullptr)
    return b;
  if (a->named != b->named)
    return a->size < b->size ? add_all(b, a, depth) : add_all(a, b, depth);
  return make(*a->named, merge(a->next[0], b->next[0], depth + 1),
              merge(a->next[1], b->next[1], depth + 1));
}

name_table name_table::merge(const name_table& first, const name_table& second) {
  return name_table{merge(first.root_, second.root_, 0)};
}

bool name_table::overlap(const name_table& a, const name_table& b) {
  return a.size() < b.size() ? any_in(a.root_, b) : any_in(b.root_, a);
}

bool name_table::any_in(const entry_ptr& few, const name_table& many) {
  std::vector<const entry*> rest{few.get()};
  while (!rest.empty()) {
    const auto* const e = rest.back();
    rest.pop_back();
    if (e == nullptr)
      continue;
    if (many.find(e->named->name) == e->named)
      return true;
    rest.push_back(e->next[0].get());
    rest.push_back(e->next[1].get());
  }
  return false;
}

} // namespace troupe::detail
