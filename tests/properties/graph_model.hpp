#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include <troupe/troupe.hpp>

/// Random graphs, as flows and as what loops over lists would make of the same functions.
namespace model {

/// A stage that looks at each item alone, so that it may stand in a branch.
struct step {
  enum class what { map, filter, flat_map, skip_errors, retry };
  what kind = what::map;
  int number = 1; ///< what the function does with it depends on the kind
  int parallel = 1;
  int buffer = 1;
  bool completed = false;            ///< emit::as_completed
  bool crashes = false;              ///< what throws is made anew
  std::function<void()> before = {}; ///< called for each item; on threads of its own, if set
};

enum class junction { none, fan_out, broadcast, partition, batch, take, distinct, scan };

/// A stage, or a place where the flow parts and meets again.
struct part {
  junction kind = junction::none;
  step own;
  std::vector<std::vector<step>> branches;
  int dispatch = 0;
  int merge = 0;
  int workers = 1;
  int buffer = 1;
  bool tee = false; ///< a closed branch besides
};

/// Several sources that are merged, and what follows.
struct plan {
  std::vector<int> sources; ///< how many items each has
  int merge = 0;
  std::vector<part> parts;
};

struct graph {
  troupe::flow<int> flow;
  std::vector<int> expected;
  bool ordered = true; ///< whether what comes out has an order
  std::size_t sources = 1;
};

inline std::vector<int> apply(const step& s, int x) {
  switch (s.kind) {
  case step::what::map:
    return {x + s.number};
  case step::what::filter:
    return x % (s.number + 1) != 0 ? std::vector{x} : std::vector<int>{};
  case step::what::flat_map:
    return std::vector<int>(static_cast<std::size_t>(s.number % 3), x);
  case step::what::skip_errors:
    return x % (s.number + 2) != 1 ? std::vector{x} : std::vector<int>{};
  case step::what::retry:
    break;
  }
  return {x};
}

inline std::vector<int> apply(const std::vector<step>& branch, int x) {
  std::vector<int> items{x};
  for (const auto& s : branch) {
    std::vector<int> next;
    for (const int i : items)
      for (const int result : apply(s, i))
        next.push_back(result);
    items = std::move(next);
  }
  return items;
}

/// Fails as often as its items say; a retry mends it where `s` is one.
inline std::function<int(int)> failing(const step& s) {
  return [s, last = -1](int x) mutable {
    if (s.before)
      s.before();
    if (s.kind == step::what::skip_errors && x % (s.number + 2) == 1)
      throw std::runtime_error{"refused"};
    if (s.kind == step::what::retry && x % (5 * s.number) == 0 && std::exchange(last, x) != x)
      throw std::runtime_error{"not yet"};
    return x;
  };
}

inline troupe::on_error policy(const step& s) {
  using namespace std::chrono_literals;
  if (s.kind == step::what::skip_errors)
    return troupe::on_error::skip;
  return troupe::on_error::retry(
      {.attempts = 2, .backoff = {10us, 1ms}, .jitter = troupe::jitter::none});
}

/// Of those that skip errors, some make their function anew: it has no state to lose.
inline troupe::restart_intensity intensity(const step& s) {
  return s.kind == step::what::skip_errors && s.crashes ? troupe::restart_intensity::unlimited()
                                                        : troupe::restart_intensity::never();
}

inline troupe::thread thread_of(const step& s) {
  return s.before ? troupe::thread::own : troupe::thread::shared;
}

/// Each kind of step is one type of pipe, so that branches of the same length have one type too.
inline auto pipe(const step& s, const std::string& name) {
  const bool fails = s.kind == step::what::skip_errors || s.kind == step::what::retry;
  const troupe::stage_options options{.parallel = s.parallel,
                                      .order = s.completed ? troupe::emit::as_completed
                                                           : troupe::emit::in_order,
                                      .buffer = s.buffer,
                                      .on_error = policy(s),
                                      .intensity = intensity(s),
                                      .thread = thread_of(s)};
  std::function<std::vector<int>(int)> f;
  if (fails || s.before)
    f = [s, fail = failing(s)](int x) { return apply(s, fail(x)); };
  else
    f = [s](int x) { return apply(s, x); };
  return troupe::flat_map(name, std::move(f), options);
}

inline auto pipe(const std::vector<step>& branch, const std::string& name) {
  return pipe(branch.at(0), name + ".0") | pipe(branch.at(1), name + ".1");
}

inline troupe::dispatch dispatch_of(const part& p) {
  switch (p.dispatch) {
  case 0:
    return troupe::dispatch::round_robin;
  case 1:
    return troupe::dispatch::least_loaded;
  case 2:
    return troupe::dispatch::power_of_two;
  case 3:
    return troupe::dispatch::on_demand;
  case 4:
    return troupe::dispatch::weighted(std::vector<troupe::count>(std::size_t(p.workers), 3));
  default:
    return troupe::dispatch::by_key([](int x) { return x % 17; });
  }
}

constexpr int in_order = 0;
constexpr int merges = 5;

inline troupe::merge merge_of(int which, std::size_t inputs) {
  switch (which) {
  case in_order:
    return troupe::merge::in_order;
  case 1:
    return troupe::merge::first_available;
  case 2:
    return troupe::merge::round_robin;
  case 3:
    return troupe::merge::priority;
  default:
    return troupe::merge::weighted(std::vector<troupe::count>(inputs, 2));
  }
}

/// The flow with this part behind it.
inline troupe::flow<int> extended(const troupe::flow<int>& f, const part& p,
                                  const std::string& name) {
  const auto b = [&](std::size_t i) { return pipe(p.branches[i], name + "." + std::to_string(i)); };
  const auto index = [](int x) { return x % 3; };
  const troupe::fan_in_options join{merge_of(p.merge, p.tee ? 2 : 3), p.buffer};
  const auto rest = troupe::ignore(name + " rest");
  switch (p.kind) {
  case junction::fan_out: {
    const auto all
        = troupe::fan_in(name + " all", {merge_of(p.merge, std::size_t(p.workers)), p.buffer});
    const troupe::fan_out_options options{.workers = p.workers,
                                          .to = dispatch_of(p),
                                          .buffer = p.buffer,
                                          .on_error = policy(p.own),
                                          .intensity = intensity(p.own),
                                          .thread = thread_of(p.own)};
    return f | troupe::fan_out(name, failing(p.own), options) | all;
  }
  case junction::broadcast:
    if (p.tee)
      return f | troupe::broadcast(name, b(0), rest, b(1)) | troupe::fan_in(name + " all", join);
    return f | troupe::broadcast(name, b(0), b(1), b(2)) | troupe::fan_in(name + " all", join);
  case junction::partition:
    if (p.tee)
      return f | troupe::partition(name, index, b(0), rest, b(1))
             | troupe::fan_in(name + " all", join);
    return f | troupe::partition(name, index, b(0), b(1), b(2))
           | troupe::fan_in(name + " all", join);
  case junction::batch:
    return f | troupe::batch(name, {.size = p.workers, .buffer = p.buffer})
           | troupe::flat_map(name + " open", [](std::vector<int> v) { return v; });
  case junction::take:
    return f | troupe::take(name, 20 * p.workers, {.buffer = p.buffer});
  case junction::distinct:
    return f | troupe::distinct(name, {.buffer = p.buffer});
  case junction::scan:
    return f
           | troupe::scan(name, 0, [](int sum, int x) { return (sum + x) % 1009; },
                          {.buffer = p.buffer});
  case junction::none:
    break;
  }
  return f | pipe(p.own, name);
}

/// What becomes of one item at a part that looks at each item alone.
inline std::vector<int> apply(const part& p, int x) {
  if (p.kind == junction::none || p.kind == junction::fan_out) {
    const bool as_it_is = p.kind == junction::fan_out && p.own.kind != step::what::skip_errors;
    return as_it_is ? std::vector{x} : apply(p.own, x);
  }
  std::vector<std::size_t> branches; // that the item goes into, of the open ones
  if (p.kind == junction::broadcast)
    branches = p.tee ? std::vector<std::size_t>{0, 1} : std::vector<std::size_t>{0, 1, 2};
  else if (!p.tee)
    branches = {std::size_t(x % 3)};
  else if (x % 3 != 1)
    branches = {std::size_t(x % 3 / 2)};
  std::vector<int> items;
  for (const auto i : branches)
    for (const int result : apply(p.branches[i], x))
      items.push_back(result);
  return items;
}

inline std::vector<int> applied(const part& p, const std::vector<int>& in) {
  std::vector<int> out;
  int sum = 0;
  for (const int x : in) {
    if (p.kind == junction::take) {
      if (out.size() < 20 * std::size_t(p.workers))
        out.push_back(x);
    } else if (p.kind == junction::distinct) {
      if (std::find(out.begin(), out.end(), x) == out.end())
        out.push_back(x);
    } else if (p.kind == junction::scan) {
      out.push_back(sum = (sum + x) % 1009);
    } else if (p.kind == junction::batch) {
      out.push_back(x);
    } else {
      for (const int result : apply(p, x))
        out.push_back(result);
    }
  }
  return out;
}

inline bool keeps_order(const part& p) {
  switch (p.kind) {
  case junction::none:
    return !p.own.completed || p.own.parallel == 1;
  case junction::fan_out:
  case junction::broadcast:
  case junction::partition:
    return p.merge == in_order;
  default:
    return true;
  }
}

/// What a list without an order, or a long one, can be put through.
inline part tamed(part p, const graph& g) {
  if (!g.ordered && (p.kind == junction::take || p.kind == junction::scan))
    p.kind = junction::distinct;
  if (g.expected.size() > 1000 && (p.kind == junction::broadcast || p.kind == junction::none))
    p.kind = junction::fan_out;
  return p;
}

inline graph source_of(const plan& p) {
  graph g;
  g.sources = p.sources.size();
  std::vector<troupe::flow<int>> flows;
  for (std::size_t i = 0; i < p.sources.size(); ++i) {
    std::vector<int> items;
    for (int n = 0; n < p.sources[i]; ++n)
      items.push_back(int(i) * 50 + n);
    g.expected.insert(g.expected.end(), items.begin(), items.end());
    flows.push_back(troupe::from("source " + std::to_string(i), items));
  }
  if (flows.size() == 1) {
    g.flow = flows[0];
    return g;
  }
  g.ordered = p.merge == in_order; // independent flows have no order but that of their items
  const auto merge = g.ordered ? troupe::merge::sorted(std::less<>{}) : merge_of(p.merge, 2);
  if (g.ordered)
    std::sort(g.expected.begin(), g.expected.end());
  g.flow = troupe::fan_in("sources", {.merge = merge, .buffer = 10}, flows[0], flows[1]);
  return g;
}

inline graph build(const plan& p) {
  auto g = source_of(p);
  for (std::size_t i = 0; i < p.parts.size(); ++i) {
    const auto next = tamed(p.parts[i], g);
    g.flow = extended(g.flow, next, "part " + std::to_string(i));
    g.expected = applied(next, g.expected);
    g.ordered = g.ordered && keeps_order(next);
  }
  return g;
}

inline rc::Gen<int> any_buffer() { return rc::gen::element(1, 2, 3, 8, 64, 1024); }

inline rc::Gen<step> any_step() {
  using what = step::what;
  return rc::gen::build<step>(
      rc::gen::set(&step::kind, rc::gen::element(what::map, what::filter, what::flat_map,
                                                 what::skip_errors, what::retry)),
      rc::gen::set(&step::number, rc::gen::inRange(1, 20)),
      rc::gen::set(&step::parallel, rc::gen::inRange(1, 5)),
      rc::gen::set(&step::buffer, any_buffer()),
      rc::gen::set(&step::completed, rc::gen::arbitrary<bool>()),
      rc::gen::set(&step::crashes, rc::gen::arbitrary<bool>()));
}

inline rc::Gen<part> any_part() {
  using j = junction;
  const auto branch = rc::gen::container<std::vector<step>>(2, any_step());
  return rc::gen::build<part>(
      rc::gen::set(&part::kind, rc::gen::element(j::none, j::fan_out, j::fan_out, j::broadcast,
                                                 j::broadcast, j::partition, j::partition, j::batch,
                                                 j::take, j::distinct, j::scan)),
      rc::gen::set(&part::own, any_step()),
      rc::gen::set(&part::branches, rc::gen::container<std::vector<std::vector<step>>>(3, branch)),
      rc::gen::set(&part::dispatch, rc::gen::inRange(0, 6)),
      rc::gen::set(&part::merge, rc::gen::inRange(0, merges)),
      rc::gen::set(&part::workers, rc::gen::inRange(1, 6)),
      rc::gen::set(&part::buffer, any_buffer()),
      rc::gen::set(&part::tee, rc::gen::arbitrary<bool>()));
}

inline rc::Gen<plan> any_plan() {
  return rc::gen::build<plan>(
      rc::gen::set(
          &plan::sources,
          rc::gen::oneOf(rc::gen::container<std::vector<int>>(1, rc::gen::inRange(0, 200)),
                         rc::gen::container<std::vector<int>>(2, rc::gen::inRange(0, 200)))),
      rc::gen::set(&plan::merge, rc::gen::inRange(0, merges)),
      rc::gen::set(&plan::parts,
                   rc::gen::resize(4, rc::gen::container<std::vector<part>>(any_part()))));
}

} // namespace model
