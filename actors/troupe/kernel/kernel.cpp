#include <troupe/kernel/kernel.hpp>

#include <exception>

namespace troupe::detail {

error describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const error& e) {
    return e;
  } catch (const std::exception& e) {
    return {errc::stage_failed, {}, e.what()};
  } catch (...) {
    return {errc::stage_failed, {}, "threw something that is not a std::exception"};
  }
}

item_fault caught() { return {describe(std::current_exception()), true}; }

} // namespace troupe::detail
