// flaky_service: a backend that slows down, fails and recovers, behind a circuit breaker and
// without one.
//
//                 +--> retry --> circuit breaker --> timeout --> backend
//   60 calls/s ---+                open: refuses at once; three trials every 400 ms
//                 |
//                 +--> retry ----------------------> timeout --> backend
//                                  every caller waits, and the backend gets no rest
//
// Two backends of the same kind, so that neither client disturbs the other: well for a sixth of the
// time, slow for a sixth, failing for a third, then well again.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>
#include <utility>

#include "command_line.hpp"

#include <troupe/troupe.hpp>

#include "flaky_service/backend.hpp"
#include "flaky_service/table.hpp"
#include "flaky_service/tally.hpp"

namespace tr = troupe;
using namespace flaky_service;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto row_every = 250ms;

struct options {
  int rate = 60; // calls a second
  int seconds = 6;
};

using service = tr::service<question, answer>;

const tr::call_options connections{.workers = 16, .overflow = tr::overflow::shed};
const tr::retry tries{.attempts = 2, .backoff = {20ms, 100ms}};
const tr::timeout limit{100ms};
const tr::circuit_breaker breaker{.failure_rate = 0.5,
                                  .window = tr::last_calls(20),
                                  .minimum_calls = 10,
                                  .trials = 3,
                                  .cooldown = 400ms};

/// A backend, and what the callers of one client of it got.
class client {
public:
  explicit client(const script& s) : backend_(s) {}

  /// What the client calls, with the network between.
  auto function() {
    return [this](const question& q) { return backend_.ask(q); };
  }

  void ask(const service& svc, int number) {
    svc.ask({number}, [this, asked = steady::now()](const tr::result<answer>& r) {
      got_.add(r, steady::now() - asked);
    });
  }

  client_row total() const { return {got_.sum(), backend_.calls()}; }
  client_row since_last() {
    const auto now = total();
    const auto before = std::exchange(last_, now);
    return {now.callers - before.callers, now.load - before.load};
  }

private:
  backend backend_;
  shared_tally got_;
  client_row last_;
};

/// A client, and the service that stands between it and its backend.
struct side {
  client& who;
  service svc;
};

void put_load(const options& o, const script& plan, const side& without, const side& with,
              table& out) {
  const auto end = plan.start() + std::chrono::seconds{o.seconds};
  auto next_row = plan.start() + row_every;
  const int calls = o.rate * o.seconds;
  for (int n = 0; n <= calls; ++n) {
    std::this_thread::sleep_until(plan.start() + n * std::chrono::nanoseconds{1s} / o.rate);
    for (; next_row <= std::min(end, steady::now()); next_row += row_every)
      out.add({next_row - plan.start(), plan.at(next_row - row_every / 2), without.who.since_last(),
               with.who.since_last(), with.svc.breaker().state()});
    if (n == calls)
      break;
    without.who.ask(without.svc, n);
    with.who.ask(with.svc, n);
  }
}

int run_script(const options& o) {
  const script plan{steady::now(), std::chrono::seconds{o.seconds}};
  // These outlive the services, whose last answers come at their end.
  table out{std::cout, plan.start()};
  client bare{plan};
  client guarded{plan};
  tr::config cfg;
  caf::actor_system sys{cfg};
  const side without{
      bare, tr::serve(sys, tr::call("without", bare.function(), connections, tries, limit))};
  const side with{guarded, tr::serve(sys, tr::call("with", guarded.function(), connections, tries,
                                                   breaker, limit))};
  with.svc.breaker().on_event([&out](const tr::breaker_event& e) { out.add(e); });

  out.head();
  put_load(o, plan, without, with, out);
  without.svc.drain(10s);
  with.svc.drain(10s);
  out.end(bare.total(), guarded.total());
  const auto calls = static_cast<std::uint64_t>(o.rate) * static_cast<std::uint64_t>(o.seconds);
  const bool all
      = bare.total().callers.ended() == calls && guarded.total().callers.ended() == calls;
  return all ? 0 : 1;
}

int command(int argc, char** argv) {
  options o;
  command_line::arguments args{
      "Calls a backend that fails for a while, with a circuit breaker and without.",
      "flaky_service"};
  args.number("--rate", o.rate, "Calls a second, 40 to 400 (default: 60)", 40, 400);
  args.number("--seconds", o.seconds, "How long, 3 to 60 (default: 6)", 3, 60);
  args.footer("Exit codes: 0 every call ended, 1 some did not, 2 wrong usage.");
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(run_script(o));
}

} // namespace

int main(int argc, char** argv) {
  return command_line::guarded("flaky_service", command, argc, argv);
}
