#include <troupe/detail/launch.hpp>

#include <algorithm>
#include <map>
#include <utility>

#include <troupe/detail/distributor.hpp>
#include <troupe/detail/merger.hpp>
#include <troupe/detail/source_actor.hpp>
#include <troupe/detail/stage_actor.hpp>
#include <troupe/detail/supervisor_actor.hpp>

namespace troupe::detail {

namespace {

std::vector<stage_state> states_of(const std::vector<node_ptr>& nodes) {
  std::map<const node*, std::size_t> index;
  std::vector<stage_state> states;
  for (const auto& n : nodes) {
    stage_state s;
    s.name = n->name;
    s.kind = n->kind;
    for (const auto& up : n->upstreams) {
      s.upstreams.push_back(index.at(up.get()));
      s.capacity += bound_between(*up, *n);
    }
    for (std::size_t i = 0; i < n->workers; ++i)
      s.blocks.push_back(std::make_unique<metric_block>());
    index.emplace(n.get(), states.size());
    states.push_back(std::move(s));
  }
  return states;
}

class launcher {
public:
  launcher(caf::actor_system& sys, std::vector<node_ptr> nodes, std::shared_ptr<run_state> state)
      : sys_(sys), nodes_(std::move(nodes)), state_(std::move(state)),
        presence_(run_state::make_presence(state_)) {}

  launched run() {
    supervisor_ = spawn<supervisor_actor>(sys_, state_);
    state_->keep(supervisor_);
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      spawn_workers(i);
    for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
      connect(i, i + 1);
    for (auto& [actor, wire] : wires_)
      anon_send(actor, std::move(wire));
    anon_send(supervisor_, adopt_msg{children_});
    for (const auto& c : children_)
      if (c.is_source)
        anon_send(c.actor, pump_msg{});
    std::vector<caf::actor> all;
    for (const auto& c : children_)
      all.push_back(c.actor);
    return {state_, supervisor_, std::move(workers_), std::move(all)};
  }

private:
  caf::actor adopt(caf::actor actor, const node& n, bool is_source) {
    state_->keep(actor);
    children_.push_back({actor, n.name, is_source});
    return actor;
  }

  template <class T, class... Ts>
  caf::actor spawn_on(troupe::thread where, Ts&&... xs) {
    // Virtual time has one thread only.
    if (where == troupe::thread::own && !is_testing(sys_))
      return spawn<T, caf::detached>(sys_, std::forward<Ts>(xs)...);
    return spawn<T>(sys_, std::forward<Ts>(xs)...);
  }

  void spawn_workers(std::size_t stage) {
    const auto& n = *nodes_[stage];
    std::vector<caf::actor> actors;
    for (std::size_t i = 0; i < n.workers; ++i) {
      worker_setup setup{state_, stage, state_->stages()[stage].blocks[i].get(), supervisor_};
      if (n.role == role::source)
        actors.push_back(spawn_source(stage, i, std::move(setup)));
      else
        actors.push_back(spawn_stage(stage, std::move(setup)));
    }
    workers_.push_back(std::move(actors));
  }

  caf::actor spawn_source(std::size_t stage, std::size_t producer, worker_setup setup) {
    const auto& n = *nodes_[stage];
    const std::function<std::unique_ptr<source_kernel>()> make
        = [&] { return n.make_source(producer, sys_); };
    auto actor = spawn_on<source_actor>(n.thread, std::move(setup), make,
                                        outlet{n.output, plan_between(n, *nodes_[stage + 1])});
    return adopt(std::move(actor), n, true);
  }

  caf::actor spawn_stage(std::size_t stage, worker_setup common) {
    const auto& n = *nodes_[stage];
    const auto in = plan_between(*nodes_[stage - 1], n);
    stage_setup setup;
    setup.make_kernel = n.make_kernel;
    setup.on_error = n.on_error;
    setup.sizer = n.batch.is_automatic() ? batch_sizer{in.capacity}
                                         : batch_sizer::fixed(n.batch.items(), in.capacity);
    if (n.role == role::stage)
      setup.out.emplace(n.output, plan_between(n, *nodes_[stage + 1]));
    setup.distributed = n.workers > 1;
    setup.ordered = n.workers > 1 && n.role == role::stage && n.order == emit::in_order;
    auto actor = spawn_on<stage_actor>(n.thread, std::move(common), std::move(setup));
    return adopt(std::move(actor), n, false);
  }

  void link(const caf::actor& from, const caf::actor& to) {
    auto& out = wires_[from].downstream;
    auto& in = wires_[to].upstream;
    const endpoint receiver{to, static_cast<std::uint32_t>(in.size())};
    in.push_back({from, static_cast<std::uint32_t>(out.size())});
    out.push_back(receiver);
  }

  //   senders -> [merger] -> [distributor] -> receivers
  void connect(std::size_t from, std::size_t to) {
    const auto& sender = *nodes_[from];
    const auto& receiver = *nodes_[to];
    auto last = workers_[from].front();
    if (sender.workers > 1) {
      const bool ordered = sender.role == role::stage && sender.order == emit::in_order;
      const auto order = ordered ? merger::order::in_order : merger::order::as_completed;
      last = adopt(spawn<merger>(sys_, supervisor_, order), sender, false);
      for (const auto& worker : workers_[from])
        link(worker, last);
    }
    if (receiver.workers > 1) {
      const auto distributor_actor = adopt(spawn<distributor>(sys_, supervisor_), receiver, false);
      link(last, distributor_actor);
      last = distributor_actor;
    }
    for (const auto& worker : workers_[to])
      link(last, worker);
  }

  caf::actor_system& sys_;
  std::vector<node_ptr> nodes_;
  std::shared_ptr<run_state> state_;
  std::shared_ptr<run_state> presence_; ///< keeps the run from being over before it has begun
  caf::actor supervisor_;
  std::vector<child> children_;
  std::vector<std::vector<caf::actor>> workers_;
  std::map<caf::actor, wire_msg> wires_;
};

} // namespace

launched launch(caf::actor_system& sys, const node_ptr& last, const context& ctx,
                std::function<void(const dead_letter&)> dead_letters) {
  auto nodes = in_flow_order(last);
  auto state
      = std::make_shared<run_state>(sys, states_of(nodes), ctx.child(), std::move(dead_letters));
  return launcher{sys, std::move(nodes), std::move(state)}.run();
}

} // namespace troupe::detail
