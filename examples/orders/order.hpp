#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include <troupe/lines.hpp>
#include <troupe/result.hpp>

namespace shop {

struct order {
  std::uint64_t line = 0; ///< of the input, from 1
  std::string number;
  std::string item;
  int quantity = 0;
};
/// As a line of the input.
std::ostream& operator<<(std::ostream& out, const order& o);

/// An order, and what one piece costs today.
struct quote {
  shop::order order;
  int cents = 0;
};

struct receipt {
  std::string number;
  long cents = 0;
};

/// Of `number,item,quantity`.
troupe::result<order> parse_order(const troupe::line& l);

} // namespace shop
