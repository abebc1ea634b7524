// A distributor in the hands of the test, which says in what order it hears of deaths.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <caf/actor.hpp>

#include "../support.hpp"
#include <troupe/cast/distributor.hpp>
#include <troupe/inbox.hpp>
#include <troupe/stage.hpp>

namespace tr = troupe;
using namespace support;

namespace {

using got = std::shared_ptr<std::vector<tr::detail::batch_ptr>>;

/// A worker that only keeps what it gets.
class idler final : public tr::detail::linked_actor {
public:
  idler(caf::actor_config& cfg, got keep) : linked_actor(cfg), keep_(std::move(keep)) {}

private:
  caf::message_handler handlers() override {
    return {[](tr::detail::wire_msg&) {}, [](tr::detail::end_msg) {},
            [this](tr::detail::abort_msg) { quit(); }};
  }
  void on_data(tr::detail::batch_ptr batch, std::uint32_t) override {
    keep_->push_back(std::move(batch));
  }

  got keep_;
};

/// Sends one batch when it begins, and is there to get it home.
class one_batch final : public tr::detail::linked_actor {
public:
  one_batch(caf::actor_config& cfg, caf::actor to) : linked_actor(cfg), to_(std::move(to)) {}

private:
  caf::message_handler handlers() override {
    auto batch = caf::make_counted<tr::detail::batch<int>>();
    batch->reserve(1);
    batch->items.push_back(1);
    batch->carried = 1;
    send_data(std::move(batch), {std::exchange(to_, nullptr), 0});
    return {[this](tr::detail::abort_msg) { quit(); }};
  }

  caf::actor to_;
};

} // namespace

TEST_SUITE("heirs") {
  // The supervisor may have heard of both deaths, and made both successors, before the distributor
  // hears of the first one.
  TEST_CASE("an heir that dies before the one it was to follow is followed by its own heir") {
    virtual_system sys;
    auto r = tr::start(sys, tr::inbox<int>("in").second
                                | tr::map("work", [](int x) { return x; }, {.parallel = 2})
                                | tr::ignore("end"));
    const auto state = tr::detail::state_of(r);
    const auto hired = [&](const got& keep) { return tr::detail::spawn<idler>(*sys, keep); };
    const auto settle = [&] { tr::detail::virtual_time::run_jobs(sys); };
    const auto boss = hired(std::make_shared<got::element_type>());
    const auto distributor = tr::detail::spawn<tr::detail::distributor>(
        *sys, state, boss,
        tr::detail::distributor_setup{.stage = state->index_of("work"), .numbers = true});
    const auto sender = tr::detail::spawn<one_batch>(*sys, distributor);
    std::vector<got> keep;
    for (int i = 0; i < 3; ++i)
      keep.push_back(std::make_shared<got::element_type>());
    const auto first = hired(keep[0]);
    tr::detail::anon_send(distributor, tr::detail::wire_msg{{{sender, 0}}, {{first, 0}}});
    settle();
    REQUIRE(keep[0]->size() == 1);

    const auto heir = hired(keep[1]);
    const auto heirs_heir = hired(keep[2]);
    tr::detail::anon_send(distributor, tr::detail::crew_msg{{heir}, nullptr, first});
    tr::detail::anon_send(distributor, tr::detail::crew_msg{{heirs_heir}, nullptr, heir});
    settle();
    tr::detail::anon_kill(heir);
    settle();
    tr::detail::anon_kill(first);
    settle();

    CHECK(keep[1]->empty());
    CHECK(keep[2]->size() == 1);
    for (const auto& a : {boss, distributor, sender, heirs_heir})
      tr::detail::anon_kill(a);
    settle();
    r.stop();
    CHECK(sys.actors() == 0);
  }
}
