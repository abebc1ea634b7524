#include <troupe/call/prepared_call.hpp>

namespace troupe::detail {

caf::actor call_starter::operator()(const std::shared_ptr<request_account>& account) const {
  account->show(setup.chain->controls()->breaker());
  return detail::spawn<call_supervisor>(system, account, ctx, setup);
}

} // namespace troupe::detail
