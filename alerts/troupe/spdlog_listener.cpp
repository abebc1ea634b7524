#include <troupe/spdlog_listener.hpp>

#include <stdexcept>
#include <string>
#include <utility>

#include <spdlog/logger.h>

namespace troupe {

namespace {

spdlog::level::level_enum level_of(const alert& a) {
  if (a.state == alert_state::resolved)
    return spdlog::level::info;
  return a.level == severity::critical ? spdlog::level::critical : spdlog::level::warn;
}

class to_logger final : public alert_listener {
public:
  explicit to_logger(std::shared_ptr<spdlog::logger> logger) : logger_{std::move(logger)} {}

  std::string name() const override { return "spdlog " + logger_->name(); }
  void on_alert(const alert& a) override {
    logger_->log(level_of(a), spdlog::string_view_t{to_string(a)});
  }

private:
  std::shared_ptr<spdlog::logger> logger_;
};

} // namespace

std::shared_ptr<alert_listener> spdlog_listener(std::shared_ptr<spdlog::logger> logger) {
  if (!logger)
    throw std::invalid_argument("spdlog_listener: logger = null, needs a logger");
  return std::make_shared<to_logger>(std::move(logger));
}

} // namespace troupe
