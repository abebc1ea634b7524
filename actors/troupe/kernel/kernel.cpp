#include <troupe/kernel/kernel.hpp>

#include <exception>

namespace troupe::detail {

error describe(const std::exception_ptr& reason) {
  try {
    std::rethrow_exception(reason);
  } catch (const returned_error& e) {
    return e.reason;
  } catch (const std::exception& e) {
    return {errc::stage_failed, {}, e.what()};
  } catch (...) {
    return {errc::stage_failed, {}, "threw something that is not a std::exception"};
  }
}

bool was_thrown(const std::exception_ptr& reason) {
  try {
    std::rethrow_exception(reason);
  } catch (const returned_error&) {
    return false;
  } catch (...) {
    return true;
  }
}

} // namespace troupe::detail
