#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/cast/user_actor.hpp>
#include <troupe/link/linked_actor.hpp>
#include <troupe/run/run_state.hpp>

#include "../../support.hpp"

namespace probes {

using namespace troupe::detail;

/// Stands where a neighbour of the actor under test would be. It keeps the batches that it is sent,
/// and notes all else.
class neighbour final : public linked_actor {
public:
  struct notes {
    std::vector<std::pair<std::uint32_t, batch_ptr>> data; ///< with the inlet
    std::vector<std::pair<std::uint32_t, batch_ptr>> home; ///< with the outlet
    std::vector<std::string> said;
  };
  /// What a test has it do, as itself.
  struct act_msg {
    using internal_message = void;
    std::function<void(neighbour&)> act;
  };

  neighbour(caf::actor_config& cfg, std::shared_ptr<notes> n)
      : linked_actor(cfg), notes_(std::move(n)) {}

private:
  caf::message_handler handlers() override {
    return caf::message_handler{
        [this](const act_msg& msg) { msg.act(*this); },
        [this](end_msg msg) { note("end " + std::to_string(msg.inlet)); },
        [this](enough_msg msg) { note("enough " + std::to_string(msg.outlet)); },
        [this](const wire_msg&) { note("wire"); },
        [this](abort_msg) { note("abort"); },
        [this](const lane_msg&) { note("lane"); },
        [this](const failed_msg& msg) { note(msg.reason.message()); },
    };
  }
  void on_data(batch_ptr batch, std::uint32_t inlet) override {
    notes_->data.emplace_back(inlet, std::move(batch));
  }
  void on_demand(batch_ptr batch, std::uint32_t outlet) override {
    notes_->home.emplace_back(outlet, std::move(batch));
  }
  void note(std::string what) { notes_->said.push_back(std::move(what)); }

  std::shared_ptr<notes> notes_;
};

/// A neighbour, as a test holds it.
class probe {
public:
  explicit probe(caf::actor_system& sys)
      : sys_(&sys), notes_(std::make_shared<neighbour::notes>()),
        actor_(troupe::detail::spawn<neighbour>(sys, notes_)) {}
  probe(const probe&) = delete;
  probe& operator=(const probe&) = delete;
  ~probe() { kill(); }

  const caf::actor& actor() const { return actor_; }
  endpoint at(std::uint32_t port = 0) const { return {actor_, port}; }

  /// Sends items to `to`, as a batch with this mark, if it is to have one.
  void send(const endpoint& to, const std::vector<int>& items,
            std::vector<order_mark> marks = {}) const {
    auto b = caf::make_counted<batch<int>>();
    b->reserve(items.size());
    for (const int i : items)
      b->items.push_back(i);
    b->carried = items.size();
    b->marks = std::move(marks);
    as_itself([b = batch_ptr{b}, to](neighbour& self) { self.send_data(b, to); });
  }
  /// Sends the oldest batch that it holds home, empty; the next ones should hold `want` items.
  void give_back(const endpoint& to, std::size_t want = 1) const {
    auto b = notes_->data.front().second;
    notes_->data.erase(notes_->data.begin());
    b->clear();
    b->cursor = 0;
    b->marks.clear();
    as_itself([b, to, want](neighbour& self) { self.send_demand(b, to, want); });
  }
  template <class Msg>
  void tell(const caf::actor& to, Msg msg) const {
    as_itself(
        [to, msg = std::move(msg)](neighbour& self) { troupe::detail::send(&self, to, msg); });
  }

  /// What it holds, `inlet:items` for each batch.
  std::string data() const {
    std::string text;
    for (const auto& [inlet, b] : notes_->data) {
      text += (text.empty() ? "" : " ") + std::to_string(inlet) + ':';
      auto& items = static_cast<batch<int>&>(*b).items;
      for (std::size_t i = 0; i < items.size(); ++i)
        text += (i == 0 ? "" : ",") + std::to_string(items[i]);
    }
    return text;
  }
  /// How many batches it holds.
  std::size_t count() const { return notes_->data.size(); }
  const batch_base& batch_at(std::size_t i) const { return *notes_->data.at(i).second; }
  std::size_t came_home() const { return notes_->home.size(); }
  /// What it was told since the last time.
  std::string said() const {
    std::string text;
    for (const auto& s : std::exchange(notes_->said, {}))
      text += (text.empty() ? "" : ", ") + s;
    return text;
  }
  void kill() const {
    anon_kill(actor_);
    run();
  }
  void as_itself(std::function<void(neighbour&)> f) const {
    anon_send(actor_, neighbour::act_msg{std::move(f)});
    run();
  }

private:
  void run() const { virtual_time::run_jobs(*sys_); }

  caf::actor_system* sys_;
  std::shared_ptr<neighbour::notes> notes_;
  caf::actor actor_;
};

/// A run of one stage, "x", with no actors but those of the test.
class bench {
public:
  bench() {
    std::vector<stage_state> stages(1);
    stages[0].name = "x";
    stages[0].crew = std::make_unique<crew_gauge>(4);
    stages[0].blocks.push_back(std::make_unique<metric_block>());
    state = std::make_shared<run_state>(sys, std::move(stages), troupe::context{},
                                        dead_letter_sink{}, "");
  }

  user_actor_setup common() {
    return {state, 0, state->stages()[0].blocks.front().get(), supervisor.actor()};
  }
  troupe::counters counters() const {
    troupe::counters sum;
    troupe::duration busy{};
    state->stages()[0].blocks.front()->add_to(sum, busy);
    return sum;
  }
  void wire(const caf::actor& a, std::vector<endpoint> upstream, std::vector<endpoint> downstream) {
    anon_send(a, wire_msg{std::move(upstream), std::move(downstream)});
    run();
  }
  void run() { virtual_time::run_jobs(sys); }

  support::virtual_system sys;
  probe supervisor{sys};
  std::shared_ptr<run_state> state;
};

/// The actor under test. Whether it has ended is known at the end of its scope at the latest.
class subject {
public:
  subject(bench& b, caf::actor a) : bench_(&b), actor_(std::move(a)) {
    on_actor_gone(actor_, [gone = gone_] { *gone = true; });
  }
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  ~subject() {
    anon_kill(actor_);
    bench_->run();
  }

  const caf::actor& actor() const { return actor_; }
  endpoint at(std::uint32_t port = 0) const { return {actor_, port}; }
  bool gone() const { return *gone_; }

private:
  bench* bench_;
  caf::actor actor_;
  std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
};

} // namespace probes
