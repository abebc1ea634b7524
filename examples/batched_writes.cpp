// batched_writes: orders of many customers, written in groups, as a database would want them.
//
//   orders --> batch by customer: 50, or 20 ms after the first --> insert, one call a group
//
// A call costs 2 ms, however many rows it has. One by one that is 2 ms an order; in groups it is
// shared, and nobody waits longer than 20 ms for a group to fill.

#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

constexpr int orders = 1'990;
constexpr auto call = 2ms;

struct order {
  int customer;
  int cents;
};

/// A database: what it costs to call it does not depend on how much it is given.
class table {
public:
  void insert(const std::vector<order>& rows) {
    std::this_thread::sleep_for(call);
    ++calls_;
    for (const auto& row : rows) {
      mixed_ = mixed_ || row.customer != rows.front().customer;
      ++rows_;
    }
  }
  int calls() const { return calls_; }
  int rows() const { return rows_; }
  bool mixed() const { return mixed_; }

private:
  int calls_ = 0;
  int rows_ = 0;
  bool mixed_ = false; // a group of several customers
};

} // namespace

int main() {
  std::vector<order> incoming;
  incoming.reserve(orders);
  for (int i = 0; i < orders; ++i)
    incoming.push_back({i % 5, 100 + i});
  table database;
  const auto flow
      = tr::from("orders", incoming)
        | tr::batch("group",
                    {.size = 50, .within = 20ms, .key = [](const order& o) { return o.customer; }})
        | tr::sink("insert", [&](const std::vector<order>& rows) { database.insert(rows); },
                   {.thread = tr::thread::own}); // it blocks

  tr::config cfg;
  caf::actor_system sys{cfg};
  std::cout << flow.topology();
  const tr::report end = tr::start(sys, flow).wait();
  const auto took = std::chrono::round<std::chrono::milliseconds>(end.elapsed());
  std::cout << end << '\n'
            << database.rows() << " orders in " << database.calls() << " calls and " << took.count()
            << " ms; one by one the calls alone would take " << orders * call.count() << " ms.\n"
            << "No group had orders of two customers, and the last groups, which never filled up,\n"
               "were written all the same.\n";
  return end.clean() && database.rows() == orders && !database.mixed() ? 0 : 1;
}
