// stalled: a graph that stands still in one of five ways, and the sentence that says why.
//
//   orders --> price --> ledger --> receipts
//
// On purpose one stage does not go on: its function does not return, it is paused, it waits for its
// next attempt, its circuit breaker is open, or nobody receives what it has made. A monitor tells
// that the graph stands still, and `why` names who holds it up, since when and with which item.

#include <chrono>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "command_line.hpp"
#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

constexpr auto forever = std::chrono::hours{24 * 365};

struct order {
  int number = 0;
  double euros = 0;
};

tr::flow<order> prices() {
  return tr::generate("orders", [n = 0]() mutable -> std::optional<int> { return ++n; })
         | tr::stage("price", [](int n) {
             return order{n, n * 0.5};
           });
}

auto receipts() {
  return tr::stage("receipts", [](const order& o) { return std::to_string(o.number); })
         | tr::ignore("printed");
}

order refuse(const order&) { throw std::runtime_error{"the ledger does not answer"}; }

/// Lets a function hang until the program ends.
class hook {
public:
  order hang(const order& o) {
    released_.wait();
    return o;
  }
  void release() { let_go_.set_value(); }

private:
  std::promise<void> let_go_;
  std::shared_future<void> released_{let_go_.get_future()};
};

/// The graph with this ledger, and what ends it.
struct stalled {
  tr::run run;
  std::function<void()> let_go = [] {};
};

template <class Stage>
stalled start_with(caf::actor_system& sys, tr::observer& watch, const Stage& ledger) {
  return {tr::start(sys, prices() | ledger | receipts(), watch)};
}

stalled in_its_function(caf::actor_system& sys, tr::observer& watch) {
  const auto h = std::make_shared<hook>();
  auto s = start_with(
      sys, watch,
      tr::stage("ledger", [h](const order& o) { return h->hang(o); }, {.thread = tr::thread::own}));
  s.let_go = [h] { h->release(); };
  return s;
}

stalled paused(caf::actor_system& sys, tr::observer& watch) {
  auto s = start_with(sys, watch, tr::stage("ledger", [](order o) { return o; }));
  s.run.pause("ledger");
  return s;
}

stalled before_its_next_attempt(caf::actor_system& sys, tr::observer& watch) {
  const tr::retry later{.attempts = 10, .backoff = {forever, forever}};
  return start_with(sys, watch,
                    tr::stage("ledger", refuse, {.on_error = tr::on_error::retry(later)}));
}

stalled behind_its_breaker(caf::actor_system& sys, tr::observer& watch) {
  const tr::retry again{.attempts = 1'000'000,
                        .backoff = {100ms, 2 * forever}, // more than the cooldown
                        .retry_if = [](const tr::error&) { return true; }};
  return start_with(sys, watch,
                    tr::call("ledger", refuse,
                             tr::call_options{.on_error = tr::on_error::retry(again)},
                             tr::circuit_breaker{.minimum_calls = 1, .cooldown = forever}));
}

stalled unread(caf::actor_system& sys, tr::observer& watch) {
  auto [received, ledger] = tr::outbox<order>("ledger", {.capacity = 100});
  return {tr::start(sys, prices() | ledger, watch), [kept = received] {}};
}

const std::map<std::string, stalled (*)(caf::actor_system&, tr::observer&)> ways{
    {"function", in_its_function},   {"paused", paused}, {"retry", before_its_next_attempt},
    {"breaker", behind_its_breaker}, {"unread", unread},
};

std::string way_of(const std::string& text) {
  if (ways.count(text) == 0)
    command_line::refuse("WAY", text, "function, paused, retry, breaker or unread");
  return text;
}

int show(const std::string& way) {
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::promise<std::string> told;
  tr::monitor watch{sys,
                    {.sample_every = 100ms,
                     .alert_when = {tr::stalled(tr::any_stage).for_at_least(500ms)},
                     .on_alert = [&, first = true](const tr::alert& a) mutable {
                       if (std::exchange(first, false))
                         told.set_value(to_string(a));
                     }}};
  auto s = ways.at(way)(sys, watch);
  auto alert = told.get_future();
  const bool raised = alert.wait_for(2s) == std::future_status::ready;
  std::cout << "alert: " << (raised ? alert.get() : "none, since it is meant to stand still")
            << '\n';
  const auto why = s.run.why();
  std::cout << "why:   " << why << '\n';
  s.let_go();
  s.run.stop();
  return why.find("ledger") != std::string::npos && raised == (way != "paused") ? 0 : 1;
}

int run(int argc, char** argv) {
  std::string way = "function";
  command_line::arguments args{"A graph that stands still, and the sentence that says why.",
                               "stalled"};
  args.parsed(
      "WAY", [&](const std::string& text) { way = way_of(text); },
      "How: function (the default), paused, retry, breaker or unread", "WAY");
  if (const auto code = args.read(argc, argv))
    return *code;
  return args.written(show(way));
}

} // namespace

int main(int argc, char** argv) { return command_line::guarded("stalled", run, argc, argv); }
