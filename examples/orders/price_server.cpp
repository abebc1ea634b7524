#include "orders/price_server.hpp"

#include <chrono>
#include <thread>

namespace shop {

troupe::result<quote> price_server::operator()(const order& o) const {
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  if (o.line >= outage_.first && o.line < outage_.last)
    return troupe::fail(troupe::errc::stage_failed, "the price server is out of order");
  return quote{o, 100 + 25 * static_cast<int>(o.item.size())};
}

} // namespace shop
