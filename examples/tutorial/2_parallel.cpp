// The same with a hundred thousand lines, four of which are parsed at once.

#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include <troupe/troupe.hpp>

namespace tr = troupe;

struct order {
  std::string item;
  int quantity = 0;
};

order parse(const std::string& line) {
  order o;
  std::istringstream{line} >> o.item >> o.quantity;
  return o;
}

// The next line, or none: then the flow ends.
auto order_lines(int count) {
  return [n = 0, count]() mutable -> std::optional<std::string> {
    if (n == count)
      return std::nullopt;
    return "apple " + std::to_string(++n);
  };
}

int main() {
  int orders = 0;
  bool in_order = true;

  const auto flow
      = tr::produce<std::string>("lines", order_lines(100'000))
        | tr::map("parse", parse, {.parallel = 4})
        | tr::sink("check", [&](const order& o) { in_order = in_order && o.quantity == ++orders; });
  std::cout << flow.topology() << "at most " << flow.topology().item_bound() << " items at once\n";

  tr::config cfg;
  caf::actor_system sys{cfg};
  const tr::report end = tr::start(sys, flow).wait();
  std::cout << orders << " orders, " << (in_order ? "in order" : "out of order") << '\n';
  return end.clean() && in_order ? 0 : 1;
}
