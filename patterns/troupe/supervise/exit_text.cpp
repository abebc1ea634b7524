#include <troupe/supervise/exit_text.hpp>

#include <caf/exit_reason.hpp>
#include <caf/message.hpp>

namespace troupe::detail {

bool is_normal_exit(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::user_shutdown;
}

std::string exit_text(const caf::error& reason) {
  if (!reason)
    return "normal";
  if (reason == caf::exit_reason::user_shutdown)
    return "shutdown";
  if (reason == caf::exit_reason::kill)
    return "killed";
  const auto& context = reason.context();
  if (context.size() == 1 && context.match_element<std::string>(0))
    return context.get_as<std::string>(0);
  return caf::to_string(reason);
}

} // namespace troupe::detail
