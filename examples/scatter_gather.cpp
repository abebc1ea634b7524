// scatter_gather: one question to three shops, of which one is slow and one fails.
//
//               +--> north, 10 ms ----------+
//   question ---+--> south, 400 ms ---------+--> gather --> one answer of three results
//               +--> east, fails at times --+    within 100 ms
//                     ^                           |
//                     +--------- cancel ----------+
//
// The same three shops are asked under each rule. None waits for the slow shop beyond the limit,
// and the slow shop notices that nobody waits any more, and stops looking.

#include <atomic>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <troupe/scatter_gather.hpp>
#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

struct question {
  std::string title;
};
struct offer {
  int cents;
};

offer ask_north(const question& q) {
  std::this_thread::sleep_for(10ms);
  return {900 + static_cast<int>(q.title.size())};
}

/// Looks through its shelves one by one, as long as somebody wants to know.
struct south {
  std::atomic<int>& given_up;

  tr::result<offer> operator()(const question&, tr::context& ctx) const {
    for (int shelf = 0; shelf < 40; ++shelf) {
      if (ctx.cancelled()) {
        ++given_up;
        return tr::fail(tr::errc::cancelled, "nobody waits any more");
      }
      std::this_thread::sleep_for(10ms);
    }
    return offer{850};
  }
};

tr::result<offer> ask_east(const question& q) {
  std::this_thread::sleep_for(5ms);
  if (q.title.size() % 2 == 1)
    return tr::fail(tr::errc::stage_failed, "closed for stocktaking");
  return offer{950};
}

std::string text(const tr::result<offer>& r) {
  return r ? std::to_string(r->cents) : std::string{tr::to_string(r.error().code())};
}

using answer = tr::result<std::vector<tr::result<offer>>>;

void print(const std::string& rule, const question& q, const answer& a, tr::duration took) {
  std::cout << std::left << std::setw(11) << rule << std::setw(9) << q.title;
  if (a)
    for (const auto& r : *a)
      std::cout << std::setw(15) << text(r);
  else
    std::cout << std::setw(45) << tr::to_string(a.error().code());
  std::cout << std::right << std::setw(5)
            << std::chrono::round<std::chrono::milliseconds>(took).count() << " ms\n";
}

} // namespace

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::atomic<int> given_up{0};

  std::cout << std::left << std::setw(11) << "rule" << std::setw(9) << "title" << std::setw(15)
            << "north" << std::setw(15) << "south" << std::setw(15) << "east"
            << "took\n";
  const std::vector<std::pair<std::string, tr::gather>> rules{
      {"all", tr::gather::all},
      {"first", tr::gather::first},
      {"quorum(2)", tr::gather::quorum(2)},
      {"best(1)", tr::gather::best(1)},
  };
  bool in_time = true;
  for (const auto& [name, rule] : rules) {
    const auto shops = tr::scatter_gather<question, offer>(
        "shops", {ask_north, south{given_up}, ask_east}, {.gather = rule, .within = 100ms});
    auto shopping = tr::serve(sys, shops);
    for (const auto* title : {"Emma", "Ivanhoe"}) {
      const auto begin = std::chrono::steady_clock::now();
      const auto a = shopping.ask(question{title}).get();
      const auto took = std::chrono::steady_clock::now() - begin;
      print(name, {title}, a, took);
      in_time = in_time && took < 350ms; // the slow shop would take 400
    }
  }
  std::cout << "\nthe slow shop stopped looking " << given_up << " times\n";
  return in_time ? 0 : 1;
}
