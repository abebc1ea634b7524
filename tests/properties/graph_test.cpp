#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "../graph_support.hpp"
#include "graph_model.hpp"

namespace tr = troupe;
using namespace support;

namespace {

enum class ending { stop, drain, cancel, kill };

rc::Gen<ending> any_ending() {
  return rc::gen::element(ending::stop, ending::drain, ending::cancel, ending::kill);
}

// What came out when it was not all: the beginning of it where there is an order, else some of it.
bool is_part(const std::vector<int>& out, const model::graph& g) {
  if (g.ordered)
    return out.size() <= g.expected.size()
           && std::equal(out.begin(), out.end(), g.expected.begin());
  const auto all = sorted(g.expected);
  const auto some = sorted(out);
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

template <class System>
void runs_to_its_end(System& sys, const model::graph& g) {
  std::vector<int> out;
  const auto flow = g.flow | tr::collect("out", out);
  RC_LOG(flow.topology().to_text());
  {
    auto r = tr::start(sys, flow);
    const auto end = r.wait();
    RC_ASSERT(!end.error());
    RC_ASSERT(imbalance(end, flow.topology()) == "");
  }
  RC_ASSERT((g.ordered ? out : sorted(out)) == (g.ordered ? g.expected : sorted(g.expected)));
  RC_ASSERT(sys.actors() == 0u);
}

template <class System, class LetRun>
void is_ended(System& sys, const model::graph& g, ending how, LetRun let_run) {
  std::vector<int> out;
  const auto flow = g.flow | tr::collect("out", out);
  RC_LOG(flow.topology().to_text());
  tr::context ctx;
  {
    auto r = tr::start(sys, flow, tr::run_options{.ctx = ctx});
    let_run();
    tr::report end;
    if (how == ending::stop) {
      end = r.stop();
    } else if (how == ending::drain) {
      end = r.drain();
      RC_ASSERT(!end.error());
    } else if (how == ending::cancel) {
      ctx.cancel();
      end = r.wait();
    } else {
      const auto actors = tr::detail::actors_of(r);
      for (int victims = *rc::gen::inRange(1, 4); victims > 0; --victims)
        tr::detail::anon_kill(actors[*rc::gen::inRange<std::size_t>(0, actors.size())]);
      end = r.wait();
      RC_ASSERT(end.error() || out.size() == g.expected.size());
    }
    RC_ASSERT(imbalance(end, flow.topology()) == "");
  }
  // Where one of several sources ends early, others may go on: then anything may follow.
  const bool all_at_once = how == ending::stop || how == ending::cancel;
  if (all_at_once || g.sources == 1)
    RC_ASSERT(is_part(out, g));
  RC_ASSERT(sys.actors() == 0u);
}

} // namespace

TEST_SUITE("properties of graphs") {
  TEST_CASE("800 graphs in virtual time give what loops over the same functions give") {
    CHECK(rc::check([] {
      for (int i = 0; i < 8; ++i) {
        const auto g = model::build(*model::any_plan());
        virtual_system sys;
        runs_to_its_end(sys, g);
      }
    }));
  }

  TEST_CASE("600 graphs in virtual time, ended anywhere in any way, account for every item") {
    CHECK(rc::check([] {
      for (int i = 0; i < 6; ++i) {
        const auto g = model::build(*model::any_plan());
        const auto steps = *rc::gen::inRange<std::size_t>(0, 600);
        virtual_system sys;
        is_ended(sys, g, *any_ending(), [&] { run_steps(sys, steps); });
      }
    }));
  }

  TEST_CASE("300 graphs with threads give what loops over the same functions give") {
    CHECK(rc::check([] {
      threaded_system sys;
      for (int i = 0; i < 3; ++i)
        runs_to_its_end(sys, model::build(*model::any_plan()));
    }));
  }

  TEST_CASE("300 graphs with threads, ended anywhere in any way, account for every item") {
    CHECK(rc::check([] {
      threaded_system sys;
      for (int i = 0; i < 3; ++i) {
        const auto g = model::build(*model::any_plan());
        const auto yields = *rc::gen::inRange(0, 50);
        is_ended(sys, g, *any_ending(), [&] {
          for (int n = 0; n < yields; ++n)
            std::this_thread::yield();
        });
      }
    }));
  }
}
