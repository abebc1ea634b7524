// Orders come in as lines, are parsed and priced, and add up.

#include <iostream>
#include <sstream>
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
  std::istringstream{line} >> o.item >> o.quantity;
  return o;
}

int main() {
  const std::vector<std::string> lines{"apple 3", "pear 2", "plum 10"};
  int total = 0;

  const auto flow = tr::from("lines", lines) | tr::map("parse", parse)
                    | tr::map("price", [](const order& o) { return o.quantity * 2; })
                    | tr::sink("total", [&total](int euros) { total += euros; });

  tr::config cfg;
  caf::actor_system sys{cfg};
  const tr::report end = tr::start(sys, flow).wait();
  std::cout << "total: " << total << '\n' << end;
  return end.clean() ? 0 : 1;
}
