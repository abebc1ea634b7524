#include <troupe/supervisor_spec.hpp>

#include <memory>
#include <stdexcept>

namespace troupe {

supervisor_spec::supervisor_spec(supervisor_options options) : options_(std::move(options)) {
  validate(options_, "supervisor_spec");
}

supervisor_spec& supervisor_spec::add(std::string name, supervisor_spec branch,
                                      child_options options) & {
  detail::child_recipe recipe;
  recipe.tree = std::make_shared<const supervisor_spec>(std::move(branch));
  add_entry({std::move(name), std::move(recipe), options});
  return *this;
}

supervisor_spec&& supervisor_spec::add(std::string name, supervisor_spec branch,
                                       child_options options) && {
  add(std::move(name), std::move(branch), options);
  return std::move(*this);
}

void supervisor_spec::add_entry(detail::child_entry child) {
  validate(child.options, child.name, options_);
  if (!names_.insert(child.name).second)
    throw std::invalid_argument{"supervisor_spec: name = \"" + child.name
                                + "\", needs a name of its own"};
  children_.push_back(std::move(child));
}

} // namespace troupe
