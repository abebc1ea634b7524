// Prices come from a server that fails after a while. A circuit breaker stops asking it.

#include <exception>
#include <iostream>
#include <string>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

// Stands in for a server: answers three times, then no more.
class price_server {
public:
  tr::result<int> ask(const std::string& item) {
    if (++asked_ > 3)
      return tl::unexpected{tr::error{tr::errc::timed_out, {}, "no answer from the server"}};
    return static_cast<int>(item.size());
  }
  int asked() const { return asked_; }

private:
  int asked_ = 0;
};

int main() try {
  price_server server; // outlives the service, whose worker calls it
  tr::config cfg;
  caf::actor_system sys{cfg};

  const auto pricing = tr::call(
      "pricing", [&](const std::string& item) { return server.ask(item); },
      tr::circuit_breaker{.window = tr::last_calls(6), .minimum_calls = 6, .cooldown = 30s});
  const auto prices = tr::serve(sys, pricing);
  for (int i = 1; i <= 8; ++i) {
    const tr::result<int> price = prices.call("apple");
    std::cout << i << ": ";
    if (price)
      std::cout << *price << " euros\n";
    else
      std::cout << price.error().message() << '\n';
  }
  prices.drain(5s);
  std::cout << "the server was asked " << server.asked() << " times\n";
} catch (const std::exception& e) { // a wrong option, of which it says the range
  std::cerr << e.what() << '\n';
  return 1;
}
