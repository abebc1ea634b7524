#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <troupe/supervise/child_recipe.hpp>
#include <troupe/supervision.hpp>

namespace troupe {

namespace detail {

struct child_entry {
  std::string name;
  child_recipe recipe;
  child_options options;
};

} // namespace detail

/// A supervisor that does not run yet, with its first children: a branch of a tree.
///
///     auto db = troupe::supervisor_spec{{.strategy = troupe::strategy::one_for_all}}
///                   .add("pool", make_pool)
///                   .add("writer", make_writer, {.restart = troupe::restart::transient});
///     sup.add("db", db);
///
/// Shape:  a value; may be started many times. A restarted branch starts these children anew;
///         children that were added to it while it ran are forgotten with it.
/// Errors: std::invalid_argument for a name that is empty, has a '/', or is given twice, and for
///         options out of range.
class supervisor_spec {
public:
  explicit supervisor_spec(supervisor_options options = {});

  template <class F>
  supervisor_spec& add(std::string name, F start, child_options options = {}) & {
    add_entry({std::move(name), detail::recipe_of(std::move(start)), options});
    return *this;
  }
  template <class F>
  supervisor_spec&& add(std::string name, F start, child_options options = {}) && {
    add(std::move(name), std::move(start), options);
    return std::move(*this);
  }
  supervisor_spec& add(std::string name, supervisor_spec branch, child_options options = {}) &;
  supervisor_spec&& add(std::string name, supervisor_spec branch, child_options options = {}) &&;

  const supervisor_options& options() const noexcept { return options_; }
  const std::vector<detail::child_entry>& children() const noexcept { return children_; }

private:
  void add_entry(detail::child_entry child);

  supervisor_options options_;
  std::vector<detail::child_entry> children_;
  std::unordered_set<std::string> names_;
};

} // namespace troupe
