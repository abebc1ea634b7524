#include "orders/order.hpp"

#include <charconv>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>

namespace shop {

namespace {

constexpr int most_pieces = 1'000;

/// The text up to the next comma, which is taken away with it.
std::string_view field(std::string_view& rest) {
  const auto end = rest.find(',');
  const auto text = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return text;
}

} // namespace

std::ostream& operator<<(std::ostream& out, const order& o) {
  return out << o.number << ',' << o.item << ',' << o.quantity;
}

troupe::result<order> parse_order(const troupe::line& l) {
  const auto malformed
      = [](std::string why) { return troupe::fail(troupe::errc::stage_failed, std::move(why)); };
  std::string_view rest = l;
  const auto number = field(rest);
  const auto item = field(rest);
  if (number.empty() || item.empty())
    return malformed("not NUMBER,ITEM,QUANTITY");
  int quantity = 0;
  const auto* const end = rest.data() + rest.size();
  const auto [read, error] = std::from_chars(rest.data(), end, quantity);
  if (error != std::errc{} || read != end || quantity < 1 || quantity > most_pieces)
    return malformed("the quantity must be 1 to " + std::to_string(most_pieces));
  return order{l.number(), std::string{number}, std::string{item}, quantity};
}

} // namespace shop
