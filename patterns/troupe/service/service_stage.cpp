#include <troupe/service/service_stage.hpp>

#include <algorithm>

namespace troupe::detail {

void refuse_empty(std::string_view what, const std::string& name, std::size_t i, bool empty) {
  if (empty)
    refuse(what, name, "services", "an empty handle at " + std::to_string(i), "handles from serve");
}

node service_node(std::string name, stage_options options) {
  options.parallel = std::clamp<std::size_t>(options.parallel, 1, most_waiting_workers);
  options.thread = thread::own;
  return stage_node(std::move(name), "service", options);
}

} // namespace troupe::detail
