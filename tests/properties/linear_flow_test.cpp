#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <caf/scheduler/test_coordinator.hpp>
#include <rapidcheck.h>

#include "../support.hpp"
#include <troupe/batch.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// One random stage, as a flow and as what it should do to a list.
struct step {
  enum class what { map, filter, flat_map, take, distinct, batch, skip_errors, scan };
  what kind = what::map;
  int number = 1; ///< what the function does with it depends on the kind
  int parallel = 1;
  int buffer = 1;
};

tr::flow<int> append(const tr::flow<int>& f, const step& s, const std::string& name) {
  const int n = s.number;
  const tr::stage_options options{.parallel = s.parallel, .buffer = s.buffer};
  switch (s.kind) {
  case step::what::map:
    return f
           | tr::map(
               name, [n](int x) { return x + n; }, options);
  case step::what::filter:
    return f
           | tr::filter(
               name, [n](int x) { return x % (n + 1) != 0; }, options);
  case step::what::flat_map:
    return f
           | tr::flat_map(
               name, [n](int x) { return std::vector<int>(std::size_t(n % 4), x); }, options);
  case step::what::take:
    return f | tr::take(name, std::size_t(n) * 7, {.buffer = s.buffer});
  case step::what::distinct:
    return f | tr::distinct(name, {.buffer = s.buffer});
  case step::what::batch:
    return f | tr::batch(name, {.size = n, .buffer = s.buffer})
           | tr::flat_map(name + " open", [](std::vector<int> v) { return v; });
  case step::what::skip_errors: {
    auto skipping = options;
    skipping.on_error = tr::on_error::skip;
    return f
           | tr::stage(
               name,
               [n](int x) {
                 if (x % (n + 2) == 1)
                   throw std::runtime_error{"refused"};
                 return x;
               },
               skipping);
  }
  case step::what::scan:
    return f
           | tr::scan(name, 0, [](int sum, int x) { return (sum + x) % 1009; },
                      {.buffer = s.buffer});
  }
  return f;
}

std::vector<int> model(const std::vector<int>& in, const step& s) {
  std::vector<int> out;
  int sum = 0;
  for (const int x : in) {
    switch (s.kind) {
    case step::what::map:
      out.push_back(x + s.number);
      break;
    case step::what::filter:
      if (x % (s.number + 1) != 0)
        out.push_back(x);
      break;
    case step::what::flat_map:
      out.insert(out.end(), std::size_t(s.number % 4), x);
      break;
    case step::what::take:
      if (out.size() < std::size_t(s.number) * 7)
        out.push_back(x);
      break;
    case step::what::distinct:
      if (std::find(out.begin(), out.end(), x) == out.end())
        out.push_back(x);
      break;
    case step::what::batch:
      out.push_back(x);
      break;
    case step::what::skip_errors:
      if (x % (s.number + 2) != 1)
        out.push_back(x);
      break;
    case step::what::scan:
      sum = (sum + x) % 1009;
      out.push_back(sum);
      break;
    }
  }
  return out;
}

rc::Gen<step> any_step() {
  using what = step::what;
  return rc::gen::build<step>(
      rc::gen::set(&step::kind,
                   rc::gen::element(what::map, what::filter, what::flat_map, what::take,
                                    what::distinct, what::batch, what::skip_errors, what::scan)),
      rc::gen::set(&step::number, rc::gen::inRange(1, 20)),
      rc::gen::set(&step::parallel, rc::gen::inRange(1, 5)),
      rc::gen::set(&step::buffer, rc::gen::element(1, 2, 3, 8, 64, 1024)));
}

struct composed {
  tr::flow<int> flow;
  std::vector<int> expected;
};

composed compose(int items, const std::vector<step>& steps) {
  composed c{tr::from("source", numbers(items)), numbers(items)};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    c.flow = append(c.flow, steps[i], "step " + std::to_string(i));
    c.expected = model(c.expected, steps[i]);
  }
  return c;
}

bool balanced(const tr::report& r) {
  std::optional<std::uint64_t> emitted;
  for (const auto& [name, c] : r.stages()) {
    if (!c.balanced() || c.in_flight != 0 || (emitted && *emitted != c.received))
      return false;
    emitted = c.emitted;
  }
  return true;
}

} // namespace

TEST_SUITE("properties of linear flows") {
  TEST_CASE("any flow gives what a loop over the same functions gives, in the same order") {
    CHECK(rc::check([] {
      const auto items = *rc::gen::inRange(0, 600);
      const auto steps = *rc::gen::resize(6, rc::gen::container<std::vector<step>>(any_step()));
      const auto c = compose(items, steps);
      virtual_system sys;
      std::vector<int> out;

      auto r = tr::start(sys, c.flow | tr::collect("out", out));
      const auto end = r.wait();

      RC_ASSERT(!end.error());
      RC_ASSERT(balanced(end));
      RC_ASSERT(out == c.expected);
      RC_ASSERT(sys.actors() == 0u);
    }));
  }

  TEST_CASE("wherever a flow is stopped, drained, cancelled or killed, its accounts are in order") {
    CHECK(rc::check([] {
      const auto items = *rc::gen::inRange(1, 600);
      const auto steps = *rc::gen::resize(5, rc::gen::container<std::vector<step>>(any_step()));
      const auto after = *rc::gen::inRange<std::size_t>(0, 400);
      const auto ending = *rc::gen::inRange(0, 4);
      const auto c = compose(items, steps);
      virtual_system sys;
      std::vector<int> out;
      tr::context ctx;
      auto r = tr::start(sys, c.flow | tr::collect("out", out), tr::run_options{.ctx = ctx});
      dynamic_cast<caf::scheduler::test_coordinator&>((*sys).scheduler()).run(after);

      tr::report end;
      if (ending == 0) {
        end = r.stop();
      } else if (ending == 1) {
        end = r.drain();
        RC_ASSERT(!end.error());
      } else if (ending == 2) {
        ctx.cancel();
        end = r.wait();
      } else {
        const auto actors = tr::detail::actors_of(r);
        tr::detail::anon_kill(actors[*rc::gen::inRange<std::size_t>(0, actors.size())]);
        end = r.wait();
      }

      RC_ASSERT(balanced(end));
      RC_ASSERT(sys.actors() == 0u);
      // What came out is the beginning of what should have: nothing overtakes, nothing is repeated.
      RC_ASSERT(out.size() <= c.expected.size());
      RC_ASSERT(std::equal(out.begin(), out.end(), c.expected.begin()));
    }));
  }
}
