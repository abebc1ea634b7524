#include <troupe/tools/tool_option.hpp>

#include <stdexcept>
#include <string>

namespace troupe::detail {

void need_at_least_one(std::string_view what, std::string_view option, count value) {
  if (value.value() < 1)
    throw std::invalid_argument(std::string{what} + ": " + std::string{option} + " = "
                                + std::to_string(value.value()) + ", needs at least 1");
}

} // namespace troupe::detail
