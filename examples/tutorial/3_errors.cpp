// Some lines are no orders. They are set aside with a reason; the others go on.

#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

struct order {
  std::string item;
  int quantity = 0;
};

order parse(const std::string& line) {
  order o;
  if (!(std::istringstream{line} >> o.item >> o.quantity))
    throw std::runtime_error{"not ITEM QUANTITY"};
  return o;
}

int main() {
  const std::vector<std::string> lines{"apple 3", "pear", "plum 10", "fig many"};
  int total = 0;

  const auto flow = tr::from("lines", lines)
                    | tr::map("parse", parse, {.on_error = tr::on_error::dead_letter})
                    | tr::sink("total", [&total](const order& o) { total += o.quantity; });

  tr::config cfg;
  caf::actor_system sys{cfg};
  const auto set_aside = [](const tr::dead_letter& d) {
    std::cout << d.stage << ": \"" << d.text << "\": " << d.reason.message() << '\n';
  };
  const tr::report end = tr::start(sys, flow, tr::run_options{.dead_letters = set_aside}).wait();
  std::cout << "total: " << total << '\n' << end;
  return end.error() ? 1 : 0;
}
