// A type that throws wherever it may, through every pattern of flows.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "brittle.hpp"
#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace support;

namespace {

constexpr int items = 6;

auto brittle_flow(const std::string& name, int n = items) {
  return tr::produce<brittle>(name, [i = 0, n]() mutable {
    return i < n ? std::optional<brittle>{std::in_place, i++} : std::nullopt;
  });
}
auto source() { return brittle_flow("source"); }
auto end() {
  return tr::sink("end", [](const brittle&) {});
}
brittle same(const brittle& b) { return b; }
brittle taken(brittle b) { return b; }
int value(const brittle& b) { return b.value(); }
int value_taken(brittle b) { return b.value(); }

std::vector<tr::on_error> every_remedy() {
  return {tr::on_error::stop, tr::on_error::skip, tr::on_error::dead_letter,
          tr::on_error::retry({.attempts = 2, .backoff = {1ms, 1ms}}, tr::on_error::dead_letter)};
}

std::vector<tr::stage_options> every_option() {
  std::vector<tr::stage_options> all;
  for (const auto& remedy : every_remedy())
    for (const int parallel : {1, 2})
      for (const auto& i : {tr::restart_intensity::never(), tr::restart_intensity::unlimited()})
        all.push_back({.parallel = parallel, .buffer = 3, .on_error = remedy, .intensity = i});
  return all;
}

/// Shows all that is lost to somebody who looks at it.
tr::run_options letters() {
  return {.dead_letters = [](const tr::dead_letter&) {}, .dead_letters_for = tr::loss::all};
}

std::vector<std::pair<std::string, tr::dispatch>> dispatches() {
  return {{"round_robin", tr::dispatch::round_robin},
          {"least_loaded", tr::dispatch::least_loaded},
          {"power_of_two", tr::dispatch::power_of_two},
          {"on_demand", tr::dispatch::on_demand},
          {"weighted", tr::dispatch::weighted({2, 1})},
          {"by_key", tr::dispatch::by_key([](const brittle& b) { return b; })}};
}

std::vector<std::pair<std::string, tr::merge>> merges() {
  return {
      {"first_available", tr::merge::first_available},
      {"round_robin", tr::merge::round_robin},
      {"priority", tr::merge::priority},
      {"weighted", tr::merge::weighted({2, 1})},
      {"latest", tr::merge::latest},
      {"sorted", tr::merge::sorted(std::less<>{})},
      {"sorted by", tr::merge::sorted([](const brittle& a, const brittle& b) { return a < b; })}};
}

} // namespace

TEST_SUITE("brittle values in flows") {
  TEST_CASE("sources") {
    flow_bears("produce", [] { return source() | end(); });
    flow_bears("producers", [] {
      return tr::produce<brittle>(
                 "source",
                 [i = 0](std::size_t) mutable {
                   return i < 3 ? std::optional<brittle>{std::in_place, i++} : std::nullopt;
                 },
                 {.producers = 2})
             | end();
    });
    flow_bears("from", [] {
      std::vector<brittle> v;
      for (int i = 0; i < items; ++i)
        v.emplace_back(i);
      return tr::from("source", std::move(v)) | end();
    });
    flow_bears("generate", [] {
      return tr::generate("source",
                          []() -> tr::generator<brittle> {
                            for (int i = 0; i < items; ++i)
                              co_yield brittle{i};
                          })
             | end();
    });
  }

  TEST_CASE("stages, whatever is done about an item that fails") {
    for (const auto& o : every_option()) {
      flow_bears(
          "map", [&] { return source() | tr::map("m", same, o) | end(); }, letters());
      flow_bears(
          "map by value", [&] { return source() | tr::map("m", taken, o) | end(); }, letters());
      flow_bears(
          "map to an optional",
          [&] {
            return source()
                   | tr::map(
                       "m", [](const brittle& b) { return std::optional{b}; }, o)
                   | end();
          },
          letters());
      flow_bears(
          "filter",
          [&] {
            return source()
                   | tr::filter(
                       "m", [](const brittle& b) { return b.value() > 1; }, o)
                   | end();
          },
          letters());
      flow_bears(
          "flat_map",
          [&] {
            return source()
                   | tr::flat_map(
                       "m",
                       [](const brittle& b) {
                         return std::vector{b, b};
                       },
                       o)
                   | end();
          },
          letters());
      flow_bears(
          "tap",
          [&] {
            return source()
                   | tr::tap(
                       "m", [](const brittle&) {}, o)
                   | end();
          },
          letters());
    }
  }

  TEST_CASE("transforms with a state") {
    flow_bears("take", [] { return source() | tr::take("t", 3) | end(); });
    flow_bears("scan", [] {
      return source() | tr::scan("s", brittle{0}, [](const brittle&, brittle b) { return b; })
             | end();
    });
    flow_bears("reduce", [] {
      return source() | tr::reduce("r", brittle{0}, [](brittle, brittle b) { return b; }) | end();
    });
    flow_bears("reduce in place", [] {
      return source()
             | tr::reduce("r", std::vector<brittle>{},
                          [](std::vector<brittle>& v, brittle b) { v.push_back(std::move(b)); })
             | tr::ignore("end");
    });
    flow_bears("distinct", [] { return source() | tr::distinct("d", {.remember = 3}) | end(); });
    flow_bears("fused", [] {
      return source()
             | tr::map("f", tr::fused(
                                same, [](const brittle& b) { return std::optional{b}; }, taken))
             | end();
    });
  }

  TEST_CASE("batches, with keys and without") {
    const auto open = tr::flat_map("open", [](std::vector<brittle> v) { return v; });
    flow_bears("batch", [&] { return source() | tr::batch("b", {.size = 4}) | open | end(); });
    flow_bears("batch by key", [&] {
      return source()
             | tr::batch("b", {.size = 2, .key = [](const brittle& b) { return b; }, .hold = 3})
             | open | end();
    });
    flow_bears("batch by time", [&] {
      return source()
             | tr::batch("b", {.within = 1s, .key = [](const brittle& b) { return b; }, .hold = 3})
             | open | end();
    });
  }

  TEST_CASE("every dispatch with every merge") {
    for (const auto& [to, dispatch] : dispatches())
      for (const auto& [how, merge] : merges())
        flow_bears(
            to + ", " + how,
            [d = dispatch, m = merge] {
              return source() | tr::fan_out("out", same, {.workers = 2, .to = d, .buffer = 4})
                     | tr::fan_in("in", {.merge = m}) | end();
            },
            letters());
    for (const auto& [to, dispatch] : dispatches())
      for (const auto& remedy : every_remedy())
        flow_bears(
            to + ", in order",
            [d = dispatch, remedy] {
              return source()
                     | tr::fan_out("out", same, {.workers = 2, .to = d, .on_error = remedy})
                     | tr::fan_in("in", {.merge = tr::merge::in_order}) | end();
            },
            letters());
  }

  TEST_CASE("junctions") {
    const auto in_order = tr::fan_in("all", {.merge = tr::merge::in_order});
    for (const auto& [how, merge] : merges()) {
      flow_bears(
          "flows " + how,
          [m = merge] {
            return tr::fan_in("all", {.merge = m}, brittle_flow("a"), brittle_flow("b")) | end();
          },
          letters());
      flow_bears(
          "broadcast " + how,
          [m = merge] {
            return source() | tr::broadcast("both", tr::map("a", same), tr::map("b", taken))
                   | tr::fan_in("all", {.merge = m}) | end();
          },
          letters());
    }
    flow_bears(
        "broadcast in order",
        [&] {
          return source() | tr::broadcast("both", tr::map("a", same), tr::map("b", taken))
                 | in_order | end();
        },
        letters());
    flow_bears(
        "partition",
        [&] {
          return source()
                 | tr::partition(
                     "parts", [](const brittle& b) { return b.value() % 2; }, tr::map("a", same),
                     tr::map("b", taken))
                 | in_order | end();
        },
        letters());
    flow_bears(
        "zip",
        [] { return tr::zip("zip", brittle_flow("a"), brittle_flow("b", 3)) | tr::ignore("end"); },
        letters());
  }

  TEST_CASE("sinks") {
    for (const auto& remedy : every_remedy())
      for (const int consumers : {1, 2}) {
        const tr::sink_options o{.consumers = consumers, .buffer = 3, .on_error = remedy};
        flow_bears(
            "by value",
            [&] {
              return source()
                     | tr::sink(
                         "end", [](brittle) {}, o);
            },
            letters());
        flow_bears(
            "with a result",
            [&] {
              return source()
                     | tr::sink(
                         "end", [](const brittle&) { return tr::result<void>{}; }, o);
            },
            letters());
      }
    flow_bears("ignore", [] { return source() | tr::ignore("end"); });
    at_every_use([] {
      virtual_system sys;
      std::vector<brittle> into;
      auto r = tr::start(sys, source() | tr::collect("end", into));
      const auto report = r.wait();
      CHECK(report.clean() == !brittle::broken());
      CHECK(report.stage("end").delivered == into.size());
    });
  }

  TEST_CASE("rate_limit") {
    flow_bears("shape", [] {
      return source() | tr::rate_limit("r", tr::per_second(1000), {.burst = 2}) | end();
    });
    flow_bears(
        "shed",
        [] {
          return source()
                 | tr::rate_limit("r", tr::per_second(1), {.burst = 2, .mode = tr::limit::shed})
                 | end();
        },
        letters());
  }

  TEST_CASE("services as stages") {
    const auto pool = tr::worker_pool("p", same, {.workers = {.min = 2, .max = 2}});
    flow_bears("worker_pool", [&] { return source() | pool | end(); });
    flow_bears("call",
               [] { return source() | tr::call("c", value, tr::retry{}) | tr::ignore("end"); });
    flow_bears("call that is asked", [] {
      return source() | tr::call("c", value, tr::retry{}, tr::timeout{1s}) | tr::ignore("end");
    });
    flow_bears("scatter_gather", [] {
      return source() | tr::scatter_gather<brittle, int>("s", {value, value_taken})
             | tr::ignore("end");
    });
    flow_bears("call with a brittle answer",
               [] { return source() | tr::call("c", same, tr::retry{}) | end(); });
    flow_bears("call that is asked, with a brittle answer",
               [] { return source() | tr::call("c", same, tr::retry{}, tr::timeout{1s}) | end(); });
    flow_bears("scatter_gather with brittle answers", [] {
      return source() | tr::scatter_gather<brittle, brittle>("s", {same, taken})
             | tr::ignore("end");
    });
  }

  TEST_CASE("dead letters in a file, and out of it again") {
    const auto path = std::filesystem::temp_directory_path()
                      / ("brittle" + std::to_string(getpid()) + ".jsonl");
    const tr::dead_letter_file file{path, {.existing = tr::existing_file::replace}};
    const auto picky = [](const brittle& b) {
      if (b.value() % 2 == 0)
        throw std::runtime_error{"even"};
      return b;
    };
    for (const auto& remedy : {tr::on_error::skip, tr::on_error::dead_letter})
      flow_bears("to a file",
                 [&] { return source() | tr::map("m", picky, {.on_error = remedy}) | end(); },
                 {.dead_letters = file, .dead_letters_for = tr::loss::all});
    CHECK(file.close());
    CHECK(file.unwritten() == 0);

    std::uint64_t read = 0;
    virtual_system sys;
    CHECK(run_to_end(sys, tr::dead_letters("letters", path)
                              | tr::sink("count", [&](const tr::dead_letter_line&) { ++read; }))
              .clean());
    CHECK(read == file.written());

    std::ofstream{path} << R"({"time":"2026-01-01T00:00:00Z","stage":"m","code":"stage_failed",)"
                        << R"("message":"even","attempts":1,"item":"1"})" << '\n'
                        << R"({"time":"2026-01-01T00:00:00Z","stage":"m","code":"stage_failed",)"
                        << R"("message":"even","attempts":1,"item":"2"})" << '\n';
    const auto number = [](std::string_view text) { return std::stoi(std::string{text}); };
    for (const auto& remedy : every_remedy()) {
      const tr::replay_options o{.on_error = remedy};
      flow_bears(
          "replay",
          [&] {
            return tr::replay<brittle>(
                       "again", path, [=](std::string_view t) { return brittle{number(t)}; }, o)
                   | end();
          },
          letters());
      flow_bears(
          "replay of a result",
          [&] {
            return tr::replay<brittle>(
                       "again", path,
                       [=](std::string_view t) -> tr::result<brittle> {
                         return brittle{number(t)};
                       },
                       o)
                   | end();
          },
          letters());
      flow_bears(
          "replay of an optional",
          [&] {
            return tr::replay<brittle>(
                       "again", path,
                       [=](std::string_view t) -> std::optional<brittle> {
                         return brittle{number(t)};
                       },
                       o)
                   | end();
          },
          letters());
    }
    std::filesystem::remove(path);
  }

  TEST_CASE("an inbox, whatever it does when it is full") {
    const auto hook = [](brittle) {};
    for (const auto& policy :
         {tr::overflow::backpressure, tr::overflow::drop_oldest, tr::overflow::drop_newest,
          tr::overflow::drop_incoming, tr::overflow::drop_all, tr::overflow::fail,
          tr::overflow::shed, tr::overflow::redirect(hook)})
      for (const bool shown : {false, true})
        at_every_use([&] {
          virtual_system sys;
          auto [in, f] = tr::inbox<brittle>(
              "in", {.capacity = 2,
                     .overflow = policy,
                     .on_drop = shown ? std::function<void(brittle)>{} : hook});
          const auto flow = f | end();
          auto r = tr::start(sys, flow, shown ? letters() : tr::run_options{});
          for (int i = 0; i < 5; ++i) {
            try {
              i % 2 == 0 ? (void)in.offer(brittle{i}) : (void)in.push(brittle{i}, 1ms);
            } catch (const std::runtime_error& e) {
              CHECK(std::string{e.what()} == "broken");
            }
          }
          in.close();
          const auto report = r.wait();
          CHECK(imbalance(report, flow.topology()) == "");
          CHECK((brittle::broken() || !report.error()
                 || policy.chosen() == tr::overflow::action::fail));
        });
  }

  TEST_CASE("an outbox") {
    at_every_use([] {
      virtual_system sys;
      auto [out, to] = tr::outbox<brittle>("out", {.capacity = items});
      const auto flow = source() | to;
      auto r = tr::start(sys, flow);
      const auto report = r.wait();
      CHECK(imbalance(report, flow.topology()) == "");
      CHECK((report.clean() || brittle::broken()));
      std::size_t received = 0;
      for (int i = 0; i < items + 2; ++i) {
        try {
          received += out.try_receive() ? 1 : 0;
        } catch (const std::runtime_error&) { // it stays the first
        }
      }
      CHECK(received == report.stage("out").delivered);
    });
  }
}
