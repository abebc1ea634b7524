// orders: a flow of orders that need a price from an unreliable server, with a monitor that raises
// alerts.
//
//                                                            +--> book --+
//   read --> parse, 4 --> throttle --> pricing: retry  ------+--> book --+--> receipts --> ledger
//              |          500/s        | breaker, timeout    +--> ... 8--+
//              |                       |
//              +----> dead letters <---+
//
// The price server is out of order for a fifth of the orders. Retries do not help then; the breaker
// opens and refuses, tries, and closes when the server is back. An order that finds no price is a
// dead letter, as is a malformed line: nothing is lost in silence.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

#include "orders/input.hpp"
#include "orders/journal.hpp"
#include "orders/order.hpp"
#include "orders/price_server.hpp"

namespace tr = troupe;
using namespace shop;
using namespace std::chrono_literals;

namespace {

struct options {
  std::string file; // empty: one is made
  std::uint64_t orders = 1'500;
  int rate = 500; // a second
};

receipt book(const quote& q) {
  std::this_thread::sleep_for(10ms); // a database
  return {q.order.number, static_cast<long>(q.cents) * q.order.quantity};
}

tr::flow<void> order_flow(const options& o, const price_server& fetch_quote,
                          std::vector<receipt>& ledger) {
  auto pricing = tr::call(
      "pricing", fetch_quote, tr::call_options{.workers = 8, .on_error = tr::on_error::dead_letter},
      tr::retry{.attempts = 3, .backoff = {20ms, 1s}},
      tr::circuit_breaker{
          .window = tr::last_calls(50), .minimum_calls = 10, .trials = 3, .cooldown = 300ms},
      tr::timeout{200ms});

  return tr::lines("read", o.file)
         | tr::stage(
             "parse", parse_order,
             {.parallel = 4, .order = tr::emit::in_order, .on_error = tr::on_error::dead_letter})
         | tr::rate_limit("throttle", tr::per_second(o.rate), {.burst = 50}) | pricing
         | tr::fan_out("book", book,
                       {.workers = 8, .to = tr::dispatch::least_loaded, .thread = tr::thread::own})
         | tr::fan_in("receipts", {.merge = tr::merge::first_available})
         | tr::sink("ledger", [&](const receipt& r) { ledger.push_back(r); });
}

tr::monitor_options watching(const options& o, journal& log) {
  return {.sample_every = 100ms,
          .alert_when = {tr::mailbox_depth("throttle") > 500,
                         (tr::p99_latency("pricing") > 250ms).for_at_least(500ms).critical(),
                         tr::error_rate("parse") > 0.01, tr::throughput("ledger") < 0.5 * o.rate,
                         (tr::breaker("pricing") == tr::breaker_state::open).critical()},
          .on_alert = [&log](const tr::alert& a) { log.add(a); }};
}

/// Nothing went wrong but what was to be expected: lines that are malformed, and orders that found
/// no price.
bool as_expected(const tr::report& end, const std::vector<receipt>& ledger, const journal& log) {
  const auto as_it_should = [](const auto& named) {
    const auto& [name, c] = named;
    const bool may_fail = name == "parse" || name == "pricing";
    return c.received == c.delivered + c.failed && (c.failed == 0 || may_fail);
  };
  return !end.error() && std::all_of(end.stages().begin(), end.stages().end(), as_it_should)
         && end.stage("read").received == ledger.size() + log.dead_letters();
}

void print(const tr::report& end, const std::vector<receipt>& ledger, const journal& log) {
  long cents = 0;
  for (const auto& r : ledger)
    cents += r.cents;
  std::cout << '\n'
            << end << '\n'
            << end.stage("read").received << " lines: " << ledger.size() << " receipts over "
            << cents / 100 << " euros, " << log.dead_letters() << " dead letters; "
            << log.alerts_raised() << " alerts; "
            << std::chrono::round<std::chrono::milliseconds>(end.elapsed()).count() << " ms\n";
  log.print_dead_letters();
}

int run_orders(const options& o, const price_server& server) {
  tr::shutdown_signals signals{{.on_drain = [] {
    std::cerr
        << "orders: interrupted; what has been read is finished, another signal gives it up\n";
  }}};
  journal log{std::cout, std::chrono::steady_clock::now()};
  std::vector<receipt> ledger;
  tr::report end;
  {
    tr::config cfg;
    caf::actor_system sys{cfg};
    tr::monitor watch{sys, watching(o, log)};
    const auto flow = order_flow(o, server, ledger);
    std::cout << flow.topology() << '\n';

    tr::run run
        = tr::start(sys, flow,
                    tr::run_options{.watch = &watch,
                                    .dead_letters = [&](const tr::dead_letter& d) { log.add(d); }});
    end = signals.wait(run);
    // The monitor sees the end with its next sample, and resolves what is open.
    for (int i = 0; i < 200 && !watch.open_alerts().empty(); ++i)
      std::this_thread::sleep_for(50ms);
  }
  print(end, ledger, log);
  if (end.error())
    std::cerr << "orders: " << *end.error() << '\n';
  if (!as_expected(end, ledger, log))
    return 1;
  return signals.received() > 0 ? 128 + signals.first() : 0; // as shells have it
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{"Books orders at prices from a server that fails for a while.",
                               "orders"};
  args.text("FILE", o.file,
            "Lines of NUMBER,ITEM,QUANTITY; - is standard input. Default: makes some");
  args.number("--orders", o.orders, "How many to make, 100 to 1000000 (default: 1500)",
              std::uint64_t{100}, std::uint64_t{1'000'000});
  args.exclude("--orders", "FILE");
  args.number("--rate", o.rate, "Orders a second, 100 to 1000 (default: 500)", 100, 1'000);
  args.footer("Exit codes: 0 every line is in the ledger or a dead letter, 1 the job failed, 2 "
              "wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  std::optional<made_input> made;
  outage down;
  if (o.file.empty()) {
    o.file = made.emplace(o.orders).path().string();
    down = {o.orders * 2 / 5, o.orders * 3 / 5};
  }
  return args.written(run_orders(o, price_server{down}));
}

} // namespace

int main(int argc, char** argv) { return command_line::guarded("orders", command, argc, argv); }
