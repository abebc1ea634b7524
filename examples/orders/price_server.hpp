#pragma once

#include <cstdint>

#include <troupe/result.hpp>

#include "orders/order.hpp"

namespace shop {

/// The lines for whose orders the price server is out of order: `first` up to, but
/// not including, `last`.
struct outage {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Tells prices, 5 ms each, from the other side of a network. Copyable, callable from any thread.
class price_server {
public:
  explicit price_server(outage o = {}) : outage_(o) {}

  troupe::result<quote> operator()(const order& o) const;

private:
  outage outage_;
};

} // namespace shop
