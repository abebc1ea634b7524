#include <troupe/launch/spawner.hpp>

#include <utility>

#include <troupe/cast/branch_distributor.hpp>
#include <troupe/cast/distributor.hpp>
#include <troupe/cast/item_distributor.hpp>
#include <troupe/cast/item_merger.hpp>
#include <troupe/cast/merger.hpp>
#include <troupe/cast/reading_source_actor.hpp>
#include <troupe/cast/source_actor.hpp>
#include <troupe/cast/stage_actor.hpp>

namespace troupe::detail {

std::vector<head_request> heads_of(caf::actor_system& sys, const graph& flow) {
  std::vector<head_request> all;
  for (std::size_t i = 0; i < flow.nodes().size(); ++i) {
    const auto& n = flow.at(i);
    const std::size_t workers = n.workers;
    const auto heads
        = n.role == role::split || n.role == role::join
              ? head_count{.actors = 1}
              : head_count{workers + flow.helpers(i), has_own_thread(sys, n.thread) ? workers : 0};
    all.push_back({"start: stage \"" + n.name + "\"", heads});
  }
  all.push_back({"start: the flow's supervisor", {.actors = 1}});
  return all;
}

void spawner::make_room(std::size_t stage) {
  const auto& n = graph_.at(stage);
  const auto book = room_.book();
  room_.join(book->reserve(
      {{"stage \"" + n.name + "\"", {1, has_own_thread(*sys_, n.thread) ? 1U : 0U}}}));
}

caf::actor spawner::kept(caf::actor actor, seats seat) const {
  state_->keep(actor, std::move(seat));
  return actor;
}

metric_block* spawner::first_block(std::size_t stage) const {
  return state_->stages()[stage].blocks.front().get();
}

caf::actor spawner::source(std::size_t stage, std::size_t producer) {
  const auto& n = graph_.at(stage);
  user_actor_setup common{state_, stage, state_->stages()[stage].blocks[producer].get(),
                          supervisor_};
  const std::function<std::unique_ptr<source_kernel>()> make
      = [&] { return n.source.make(producer, *sys_); };
  if (n.source.reads_input)
    return spawn_on<reading_source_actor>(n.thread, std::move(common), make,
                                          outlet{n.output, graph_.plan_out(stage)});
  return spawn_on<source_actor>(n.thread, std::move(common), make,
                                outlet{n.output, graph_.plan_out(stage)});
}

caf::actor spawner::worker(std::size_t stage, metric_block* block) {
  const auto& n = graph_.at(stage);
  const auto in = graph_.deals_items(stage) ? graph_.plan_deal(stage).capacity
                                            : graph_.batch_in(graph_.into(stage).front());
  stage_setup setup;
  setup.make_kernel = n.make_kit ? state_->stages()[stage].kit.make_kernel : n.make_kernel;
  setup.on_error = n.on_error;
  setup.restarts = state_->crashes(stage).restarts();
  setup.sizer = n.batch.is_automatic() ? batch_sizer{in} : batch_sizer::fixed(n.batch.items(), in);
  if (n.role == role::stage)
    setup.out.emplace(n.output, graph_.plan_out(stage));
  setup.distributed = graph_.has_distributor(stage);
  return spawn_on<stage_actor>(n.thread, user_actor_setup{state_, stage, block, supervisor_},
                               std::move(setup));
}

item_type spawner::input_of(std::size_t stage) const {
  return graph_.at(graph_.into(stage).front().from).output;
}

dispatch_setup spawner::dispatch_of(std::size_t stage) const {
  return {graph_.at(stage).deal.make, input_of(stage), graph_.batch_in(graph_.into(stage).front())};
}

caf::actor spawner::item_distributor(std::size_t stage) {
  const item_distributor_setup setup{.dispatch = dispatch_of(stage),
                                     .plan = graph_.plan_deal(stage),
                                     .numbers = graph_.numbers(stage),
                                     .workers = graph_.at(stage).workers};
  return spawn_on<detail::item_distributor>(
      troupe::thread::shared, user_actor_setup{state_, stage, nullptr, supervisor_}, setup);
}

caf::actor spawner::branch_distributor(std::size_t stage) {
  branch_distributor_setup setup;
  setup.dispatch = dispatch_of(stage);
  for (std::uint32_t b = 0; b < graph_.branches(stage); ++b) {
    const auto join = graph_.join_behind(stage, b);
    setup.branches.push_back(
        {graph_.plan_out(stage, b), graph_.numbers(stage, b), join != graph::nowhere});
    if (join != graph::nowhere && graph_.at(join).join.sees_all)
      setup.join = join_numbers::first_of(join);
  }
  return spawn_on<detail::branch_distributor>(
      troupe::thread::shared, user_actor_setup{state_, stage, first_block(stage), supervisor_},
      std::move(setup));
}

caf::actor spawner::distributor(std::size_t stage) {
  const auto& n = graph_.at(stage);
  if (n.role == role::split)
    return branch_distributor(stage);
  if (graph_.deals_items(stage))
    return item_distributor(stage);
  distributor_setup setup;
  setup.stage = stage;
  setup.to = dispatcher{n.deal.to, n.deal.weights, stage + 1};
  setup.numbers = graph_.numbers(stage);
  setup.adapts = n.pool.resizable;
  return spawn_on<detail::distributor>(troupe::thread::shared, state_, supervisor_,
                                       std::move(setup));
}

caf::actor spawner::merger(std::size_t stage) {
  return spawn_on<detail::merger>(troupe::thread::shared, state_, supervisor_,
                                  merger_setup{graph_.numbers(stage), nullptr, stage});
}

caf::actor spawner::join(std::size_t stage) {
  const auto& n = graph_.at(stage);
  if (n.passes_on())
    return spawn_on<detail::merger>(troupe::thread::shared, state_, supervisor_,
                                    merger_setup{n.join.how == joining::in_order,
                                                 first_block(stage), stage, n.join.make_check});
  item_merger_setup setup{n.join.make, {}, outlet{n.output, graph_.plan_out(stage)}};
  for (const auto& e : graph_.into(stage)) {
    setup.batches.push_back(graph_.batch_in(e));
    setup.more_follow = setup.more_follow || graph_.at(e.from).deal.lanes;
  }
  return spawn_on<item_merger>(troupe::thread::shared,
                               user_actor_setup{state_, stage, first_block(stage), supervisor_},
                               std::move(setup));
}

} // namespace troupe::detail
