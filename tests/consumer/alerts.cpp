// Uses the installed component: listeners with what is behind them, and the core that they are of.

#include <iostream>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include <troupe/alert_file.hpp>
#include <troupe/spdlog_listener.hpp>
#include <troupe/web_hook.hpp>

int main() {
  const troupe::alert a{.rule = "memory() > 1GiB", .metric = troupe::metric_kind::memory};
  troupe::spdlog_listener(spdlog::default_logger())->on_alert(a);
  troupe::alert_file("/dev/stdout")->on_alert(a);
  try {
    (void)troupe::web_hook("https://example.org");
  } catch (const std::invalid_argument& e) {
    std::cout << e.what() << '\n';
    return 0;
  }
  return 1;
}
