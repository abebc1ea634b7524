#pragma once

#include <memory>
#include <utility>

#include <troupe/inbox/inbox_queue.hpp>

namespace troupe::detail {

/// Takes out of an inbox what is put in from outside.
template <class T>
class inbox_source final : public source_kernel {
public:
  inbox_source(std::shared_ptr<inbox_queue<T>> queue, caf::actor_system& sys)
      : queue_(std::move(queue)) {
    queue_->claim(sys);
  }

  void report_to(loss_report report) override { queue_->report_to(std::move(report)); }
  void open(source_services services) override { queue_->attach(std::move(services)); }
  void close(kernel_host& host) noexcept override { queue_->detach(host); }
  bool counts_received() const noexcept override { return true; }
  bool drains() override {
    queue_->drain();
    return true;
  }
  supply fill(batch_base& out, kernel_host& host) override {
    auto& items = static_cast<batch<T>&>(out).items;
    return queue_->take(items, out.limit - items.size(), host.counts());
  }

private:
  std::shared_ptr<inbox_queue<T>> queue_;
};

} // namespace troupe::detail
