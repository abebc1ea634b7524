#include <troupe/service/asking_stage.hpp>

#include <algorithm>

namespace troupe::detail {

void refuse_empty(std::string_view what, const std::string& name, std::size_t i, bool empty) {
  if (empty)
    refuse(what, name, "services", "an empty handle at " + std::to_string(i), "handles from serve");
}

node asking_node(std::string name, stage_options options) {
  options.parallel = std::clamp<std::size_t>(options.parallel, 1, most_askers);
  options.thread = thread::own;
  return stage_node(std::move(name), "service", options);
}

} // namespace troupe::detail
