#include <troupe/launch/launch.hpp>

#include <map>
#include <utility>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/launch/run_supervisor.hpp>
#include <troupe/launch/spawner.hpp>

namespace troupe::detail {

namespace {

stage_state state_of(caf::actor_system& sys, const graph& flow, std::size_t i,
                     const std::string& run) {
  const auto& n = flow.at(i);
  stage_state s;
  s.name = n.name;
  s.what = n.what;
  s.passes_on = n.passes_on();
  s.kind = n.kind;
  for (const auto& e : flow.into(i)) {
    const bool split = flow.at(e.from).role == role::split;
    auto capacity = flow.bound(e);
    // What a merger passes on waits on the edges into it.
    if (flow.at(e.from).passes_on())
      for (const auto& before : flow.into(e.from))
        capacity += flow.bound(before);
    s.inputs.push_back({e.from, split ? std::optional{e.branch} : std::nullopt, capacity});
    s.capacity += capacity;
  }
  for (std::size_t w = 0; w < n.workers; ++w)
    s.blocks.push_back(std::make_unique<metric_block>());
  s.crew = std::make_unique<crew_gauge>(n.role == role::split ? flow.branches(i) : 0);
  s.crew->workers = n.workers;
  if (n.make_kit)
    s.kit = n.make_kit(sys, run);
  s.crashes = std::make_unique<crash_record>(n.intensity);
  if (n.paced)
    s.tuned = std::make_unique<tuning_slot>();
  return s;
}

std::vector<stage_state> states_of(caf::actor_system& sys, const graph& flow,
                                   const std::string& run) {
  std::vector<stage_state> states;
  for (std::size_t i = 0; i < flow.nodes().size(); ++i)
    states.push_back(state_of(sys, flow, i, run));
  return states;
}

// What a node looks like to its neighbours.
struct joint {
  std::vector<caf::actor> workers; ///< those that run its function
  caf::actor distributor;          ///< before the workers, or of a split
  caf::actor merger;               ///< behind the workers, or of a join

  /// Who takes what comes in.
  const caf::actor& entry() const {
    if (distributor)
      return distributor;
    return workers.empty() ? merger : workers.front();
  }
};

class run_builder {
public:
  run_builder(caf::actor_system& sys, const graph& flow, const std::shared_ptr<run_state>& state,
              seats room)
      : state_(state), presence_(run_state::make_presence(state)),
        makes_(std::make_shared<spawner>(sys, flow, state, std::move(room))),
        supervisor_(spawn<run_supervisor>(sys, state)) {
    state_->keep(supervisor_, makes_->seat());
    makes_->set_supervisor(supervisor_);
  }

  running_actors run() {
    try {
      for (std::size_t i = 0; i < flow().nodes().size(); ++i)
        joints_.push_back(spawn_node(i));
    } catch (...) {
      end_those_there();
      throw;
    }
    for (std::size_t i = 0; i < joints_.size(); ++i)
      wire_inside(i);
    for (const auto& e : flow().edges())
      connect(e);
    for (std::size_t i = 0; i < joints_.size(); ++i)
      if (const auto split = flow().split_before(i); split != graph::nowhere)
        wires_[joints_[i].merger].split = joints_[split].distributor;
    introduce_all();
    const auto shown = show();
    // Urgent, as much of what the supervisor is told is.
    anon_send_urgent(supervisor_, adopt_msg{children_, crews(), shown});
    for (const auto& c : children_)
      if (c.is_source)
        anon_send(c.actor, pump_msg{});
    return {state_, shown};
  }

private:
  const graph& flow() const { return makes_->flow(); }

  std::shared_ptr<roster> show() {
    roster::actors all;
    for (const auto& c : children_)
      all.push_back(c.actor);
    std::vector<roster::actors> workers;
    for (const auto& j : joints_)
      workers.push_back(j.workers);
    auto shown = std::make_shared<roster>(supervisor_, std::move(all), std::move(workers));
    state_->set_roster(shown);
    return shown;
  }

  // They wait for their neighbours, and would do so for ever.
  void end_those_there() {
    anon_send_urgent(supervisor_, adopt_msg{children_, {}, show()});
    anon_send_urgent(supervisor_, stop_msg{});
  }

  caf::actor adopt(child c) {
    children_.push_back(c);
    return c.actor;
  }

  joint spawn_node(std::size_t i) {
    const auto& n = flow().at(i);
    joint j;
    if (n.role == role::join) {
      j.merger = adopt({makes_->join(i), i});
    } else if (n.role == role::split) {
      j.distributor = adopt({makes_->distributor(i), i});
    } else {
      for (std::size_t w = 0; w < n.workers; ++w)
        j.workers.push_back(adopt({spawn_worker(i, w), i, n.role == role::source}));
      if (flow().has_distributor(i))
        j.distributor = adopt({makes_->distributor(i), i, false, true});
      if (flow().has_merger(i))
        j.merger = adopt({makes_->merger(i), i});
    }
    return j;
  }

  caf::actor spawn_worker(std::size_t i, std::size_t w) {
    if (flow().at(i).role == role::source)
      return makes_->source(i, w);
    return makes_->worker(i, state_->stages()[i].blocks[w].get());
  }

  void link(const caf::actor& from, std::size_t outlet, const caf::actor& to) {
    auto& out = wires_[from].downstream;
    auto& in = wires_[to].upstream;
    if (out.size() <= outlet)
      out.resize(outlet + 1);
    out[outlet] = {to, static_cast<std::uint32_t>(in.size())};
    in.push_back({from, static_cast<std::uint32_t>(outlet)});
  }

  // [distributor] -> workers -> [merger]
  void wire_inside(std::size_t i) {
    const auto& j = joints_[i];
    for (std::size_t w = 0; w < j.workers.size(); ++w) {
      if (j.distributor)
        link(j.distributor, w, j.workers[w]);
      if (j.merger)
        link(j.workers[w], 0, j.merger);
    }
  }

  void connect(const graph::edge& e) {
    const auto& from = joints_[e.from];
    const auto& to = joints_[e.to].entry();
    if (flow().at(e.from).deal.lanes)
      for (const auto& worker : from.workers)
        link(worker, 0, to);
    else if (from.merger)
      link(from.merger, 0, to);
    else if (flow().at(e.from).role == role::split)
      link(from.distributor, e.branch, to);
    else
      link(from.workers.front(), 0, to);
  }

  // Downstream first: who is wired may say at once that nothing follows, or that nothing is wanted.
  void introduce_all() {
    const auto introduce = [this](const caf::actor& actor) {
      if (const auto wire = wires_.find(actor); wire != wires_.end())
        anon_send(actor, std::move(wire->second));
    };
    for (auto j = joints_.rbegin(); j != joints_.rend(); ++j) {
      introduce(j->merger);
      for (const auto& worker : j->workers)
        introduce(worker);
      introduce(j->distributor);
    }
  }

  std::vector<std::shared_ptr<crew>> crews() const {
    std::vector<std::shared_ptr<crew>> made;
    for (std::size_t i = 0; i < joints_.size(); ++i) {
      const auto& j = joints_[i];
      if (!flow().has_distributor(i))
        continue;
      const auto merger = flow().at(i).deal.lanes ? joints_[flow().after(i)].merger : j.merger;
      made.push_back(std::make_shared<crew>(makes_, i, j.distributor, merger, j.workers));
    }
    return made;
  }

  std::shared_ptr<run_state> state_;
  std::shared_ptr<run_state> presence_; ///< keeps the run from being over before it has begun
  std::shared_ptr<spawner> makes_;
  caf::actor supervisor_;
  std::vector<child> children_;
  std::vector<joint> joints_;
  std::map<caf::actor, wire_msg> wires_;
};

} // namespace

running_actors start_actors(caf::actor_system& sys, const graph& flow, const context& ctx,
                            dead_letter_sink dead_letters, std::string name) {
  auto room = system_book::of(sys)->reserve(heads_of(sys, flow));
  auto states = states_of(sys, flow, name);
  const auto state = std::make_shared<run_state>(sys, std::move(states), ctx.child(),
                                                 std::move(dead_letters), std::move(name));
  if (state->ctx().cancelled())
    state->halt(state->end_of_context());
  try {
    return run_builder{sys, flow, state, std::move(room)}.run();
  } catch (...) {
    if (!in_actor(sys))
      is_testing(sys) ? (void)virtual_time::run_jobs(sys) : (void)state->wait(std::nullopt);
    throw;
  }
}

} // namespace troupe::detail
