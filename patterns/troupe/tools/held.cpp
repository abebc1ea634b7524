#include <troupe/tools/held.hpp>

#include <string>

#include <troupe/kernel/kernel.hpp>

namespace troupe::detail {

error not_handed_on(std::string_view what) {
  return {errc::stage_failed,
          {},
          "the " + std::string{what}
              + " could not be handed on: " + describe(std::current_exception()).message()};
}

} // namespace troupe::detail
