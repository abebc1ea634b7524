#include <troupe/alert_listener.hpp>

#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

class callback final : public alert_listener {
public:
  explicit callback(std::function<void(const alert&)> f) : function_{std::move(f)} {}

  std::string name() const override { return "callback"; }
  void on_alert(const alert& a) override { function_(a); }

private:
  std::function<void(const alert&)> function_;
};

} // namespace

std::shared_ptr<alert_listener> callback_listener(std::function<void(const alert&)> f) {
  if (!f)
    throw std::invalid_argument("callback_listener: f is empty, needs a function");
  return std::make_shared<callback>(std::move(f));
}

} // namespace troupe
