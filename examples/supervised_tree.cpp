// supervised_tree: actors of a shop under supervision, of which one after the other is killed.
//
//                         +--> catalogue
//   shop, one_for_one ----+--> payment, one_for_all ----+--> ledger
//                         |                             +--> gateway
//                         +--> orders, rest_for_one ----+--> stock
//                         |                             +--> basket
//                         |                             +--> checkout
//                         +--> banner, temporary
//
// After each death the tree is printed; a star marks those that were started anew. At the end one
// of them fails more often than its supervisor accepts, and the failure climbs up the tree.

#include <chrono>
#include <cstddef>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

/// Counts what it is told, and cannot bear negative numbers.
caf::behavior clerk(caf::event_based_actor*) {
  auto total = 0;
  return {[total](int amount) mutable {
    if (amount < 0)
      throw std::invalid_argument{"a negative amount"};
    total += amount;
  }};
}

tr::supervisor_spec make_shop() {
  return tr::supervisor_spec{{.strategy = tr::strategy::one_for_one, .intensity = {1, 5s}}}
      .add("catalogue", clerk)
      .add("payment",
           tr::supervisor_spec{{.strategy = tr::strategy::one_for_all, .intensity = {2, 5s}}}
               .add("ledger", clerk)
               .add("gateway", clerk, {.shutdown = tr::shutdown::brutal}))
      .add("orders", tr::supervisor_spec{{.strategy = tr::strategy::rest_for_one}}
                         .add("stock", clerk)
                         .add("basket", clerk, {.restart = tr::restart::transient})
                         .add("checkout", clerk))
      .add("banner", clerk, {.restart = tr::restart::temporary});
}

/// Prints a tree, and remembers it to mark what is new the next time.
class printer {
public:
  void show(const tr::supervisor& sup, const std::string& title) {
    std::cout << title << '\n';
    std::map<std::string, caf::actor> now;
    show_branch(sup, "", 2, now);
    last_ = std::move(now);
    std::cout << '\n';
  }

private:
  void show_branch(const tr::supervisor& sup, const std::string& branch, std::size_t indent,
                   std::map<std::string, caf::actor>& now) {
    for (const auto& c : sup.children(branch)) {
      const auto path = branch.empty() ? c.name : branch + "/" + c.name;
      const auto known = last_.find(path);
      const bool anew = known != last_.end() && known->second != c.actor && c.actor;
      std::cout << std::string(indent, ' ') << (anew ? "* " : "  ") << c.name << ": "
                << tr::to_string(c.state) << '\n';
      now.emplace(path, c.actor);
      show_branch(sup, path, indent + 4, now);
    }
  }

  std::map<std::string, caf::actor> last_;
};

/// Restarts take microseconds, but nobody tells this thread.
bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 2000; ++i) {
    if (what())
      return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

/// Whether the child runs as another actor, and with it all that is started behind it.
bool runs_anew(const tr::supervisor& sup, const std::string& path, const caf::actor& old) {
  if (!sup.child(path) || sup.child(path) == old)
    return false;
  const auto slash = path.find('/');
  for (const auto& c : sup.children(path.substr(0, slash == std::string::npos ? 0 : slash)))
    if (c.state == tr::child_state::starting || c.state == tr::child_state::stopping)
      return false;
  return true;
}

bool fail(const tr::supervisor& sup, const std::string& path) {
  const auto old = sup.child(path);
  caf::anon_send(old, -1);
  return comes_true([&] { return runs_anew(sup, path, old); });
}

bool kill(const tr::supervisor& sup, const std::string& path) {
  const auto old = sup.child(path);
  caf::anon_send_exit(old, caf::exit_reason::kill);
  return comes_true([&] { return runs_anew(sup, path, old); });
}

bool end_normally(const tr::supervisor& sup, const std::string& path) {
  caf::anon_send_exit(sup.child(path), caf::exit_reason::user_shutdown);
  return comes_true([&] { return !sup.child(path); });
}

} // namespace

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  tr::supervisor shop{sys, "shop", make_shop()};
  printer tree;
  bool good = !shop.done();

  std::cout << shop.to_text() << '\n';
  tree.show(shop, "all are up:");

  good = kill(shop, "catalogue") && good;
  tree.show(shop, "catalogue is killed; one_for_one, so it alone is started anew:");

  good = fail(shop, "payment/ledger") && good;
  tree.show(shop, "ledger throws; one_for_all, so gateway is started anew with it:");

  good = kill(shop, "orders/basket") && good;
  tree.show(shop, "basket is killed; rest_for_one, so checkout behind it is started anew:");

  good = end_normally(shop, "orders/basket") && good;
  tree.show(shop, "basket, which is transient, ends well, and so it stays away:");

  good = end_normally(shop, "banner") && good;
  tree.show(shop, "banner, which is temporary, ends and is forgotten:");

  // payment accepts two restarts in 5 s and has had one; shop accepts one, and has had it.
  good = fail(shop, "payment/gateway") && good;
  tree.show(shop, "gateway throws, the second failure in payment, which accepts two in 5 s:");

  caf::anon_send(shop.child("payment/gateway"), -1);
  const auto why = shop.wait();
  std::cout << "gateway throws once more, which is too many for payment, and its end for shop:\n  "
            << (why ? tr::to_string(*why) : "nothing") << '\n';
  std::cout << "actors left: " << sys.registry().running() << '\n';
  return good && why && sys.registry().running() == 0 ? 0 : 1;
}
