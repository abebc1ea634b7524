#include <troupe/call/call_worker.hpp>

#include <troupe/service/service_thread.hpp>

namespace troupe::detail {

caf::message_handler call_worker::handlers() {
  return {[this](attempt_msg& msg) {
    const service_thread at_work;
    auto answer = function_->call(msg.request, msg.ctx);
    detail::send(this, msg.answer_to,
                 attempted_msg{msg.id, msg.worker, function_->crashed(), std::move(answer)});
  }};
}

} // namespace troupe::detail
