#include <doctest/doctest.h>

#include <any>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../graph_support.hpp"
#include <troupe/inbox.hpp>
#include <troupe/on_error.hpp>
#include <troupe/run.hpp>

namespace tr = troupe;
using namespace support;

namespace {

/// Keeps what a run loses.
class letter_box {
public:
  tr::run_options options(tr::loss what) {
    return {.dead_letters = [this](const tr::dead_letter& d) { letters.push_back(d); },
            .dead_letters_for = what};
  }
  template <class T>
  std::vector<T> items() const {
    std::vector<T> all;
    for (const auto& d : letters)
      all.push_back(std::any_cast<T>(d.item));
    return all;
  }

  std::vector<tr::dead_letter> letters;
};

int refuse_nines(int x) {
  if (x % 10 == 9)
    throw std::runtime_error{"nine"};
  return x;
}

/// An item of which the chosen one cannot be copied, or printed.
struct awkward {
  enum class about { nothing, copying, printing };
  about what = about::nothing;

  explicit awkward(about a) : what(a) {}
  awkward(const awkward& other) : what(other.what) {
    if (what == about::copying)
      throw std::runtime_error{"no copies"};
  }
  awkward(awkward&&) noexcept = default;
  awkward& operator=(const awkward&) = default;
  awkward& operator=(awkward&&) noexcept = default;
  ~awkward() = default;

  friend std::ostream& operator<<(std::ostream& out, const awkward& a) {
    if (a.what == about::printing)
      throw std::runtime_error{"no words"};
    return out << "awkward";
  }
};

auto awkward_ones() {
  return [n = 0]() mutable -> std::optional<awkward> {
    static constexpr awkward::about all[]
        = {awkward::about::nothing, awkward::about::copying, awkward::about::printing};
    return n < 3 ? std::optional<awkward>{std::in_place, all[n++]} : std::nullopt;
  };
}

} // namespace

TEST_SUITE("dead letters") {
  TEST_CASE("unless asked for more, only the items of stages that bury them are handed over") {
    virtual_system sys;
    letter_box box;
    auto [in, n] = tr::inbox<int>("in", {.capacity = 10, .overflow = tr::overflow::drop_newest});
    auto r = tr::start(sys,
                       n | tr::stage("skip", refuse_nines, {.on_error = tr::on_error::skip})
                           | tr::sink("bury", [](int) { throw std::runtime_error{"buried"}; },
                                      {.on_error = tr::on_error::dead_letter}),
                       box.options(tr::loss::none));
    for (int x = 0; x < 12; ++x)
      in.offer(x);
    in.close();

    const auto end = accounted(r.wait());

    CHECK(end.stage("in").dropped == 2);
    CHECK(box.items<int>() == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 11});
  }

  TEST_CASE("failed: items that were skipped are handed over, intact, with reason and attempts") {
    virtual_system sys;
    for (const int parallel : {1, 3}) {
      CAPTURE(parallel);
      letter_box box;
      // Takes its item by value: nobody else keeps a copy.
      const auto eat = [](std::string s) -> int {
        const auto eaten = std::move(s);
        if (eaten.size() == 2)
          throw std::runtime_error{"two"};
        return 0;
      };
      std::vector<std::string> words;
      for (int i = 0; i < 30; ++i)
        words.emplace_back(std::size_t(i % 3) + 1, 'x');

      const auto end = run_to_end(
          sys,
          tr::from("n", words)
              | tr::stage("eat", eat, {.parallel = parallel, .on_error = tr::on_error::skip})
              | tr::ignore("end"),
          box.options(tr::loss::failed));

      CHECK(end.stage("eat").failed == 10);
      REQUIRE(box.letters.size() == 10);
      for (const auto& d : box.letters) {
        CHECK(std::any_cast<std::string>(d.item) == "xx");
        CHECK(d.text == "xx");
        CHECK(d.stage == "eat");
        CHECK(d.attempts == 1);
        CHECK(d.reason.code() == tr::errc::stage_failed);
        CHECK(d.reason.message().ends_with(": two"));
      }
    }
  }

  TEST_CASE("a letter names its run, if it has a name") {
    virtual_system sys;
    const auto flow = tr::from("n", numbers(10))
                      | tr::map("bad", refuse_nines, {.on_error = tr::on_error::skip})
                      | tr::ignore("end");
    letter_box box;

    run_to_end(sys, flow, box.options(tr::loss::all));
    auto named = box.options(tr::loss::all);
    named.name = "orders";
    run_to_end(sys, flow, named);

    REQUIRE(box.letters.size() == 2);
    CHECK(box.letters[0].run.empty());
    CHECK(box.letters[1].run == "orders");
  }

  TEST_CASE("failed: the item that fails the run is handed over too, once") {
    virtual_system sys;
    letter_box stage;
    letter_box junction;

    const auto end = run_to_end(
        sys, tr::from("n", numbers(20)) | tr::map("fail", refuse_nines) | tr::ignore("end"),
        stage.options(tr::loss::failed));
    const auto parted = run_graph(sys,
                                  tr::from("n", numbers(20))
                                      | tr::partition(
                                          "fail", [](int x) { return refuse_nines(x) % 2; },
                                          tr::map("a", [](int x) { return x; }),
                                          tr::map("b", [](int x) { return x; }))
                                      | tr::fan_in("in") | tr::ignore("end"),
                                  junction.options(tr::loss::failed));

    CHECK(end.error());
    CHECK(parted.error());
    CHECK(stage.items<int>() == std::vector{9});
    CHECK(junction.items<int>() == std::vector{9});
    CHECK(junction.letters[0].stage == "fail");
    CHECK(junction.letters[0].reason.message() == "item 9: nine");
  }

  TEST_CASE("a buried item is handed over once, also when all is asked for") {
    virtual_system sys;
    letter_box box;

    run_to_end(sys,
               tr::from("n", numbers(20))
                   | tr::map("bury", refuse_nines, {.on_error = tr::on_error::dead_letter})
                   | tr::ignore("end"),
               box.options(tr::loss::all));

    CHECK(box.items<int>() == std::vector{9, 19});
  }

  TEST_CASE("dropped: an inbox that overflows hands over what it drops, and tells its hook") {
    struct dropping {
      tr::overflow overflow;
      std::vector<int> lost;
    };
    const std::vector<dropping> cases{
        {tr::overflow::drop_oldest, {1, 2}},
        {tr::overflow::drop_newest, {3, 4}},
        {tr::overflow::drop_incoming, {4, 5}},
        {tr::overflow::drop_all, {1, 2, 3}},
    };
    for (const auto& c : cases) {
      virtual_system sys;
      letter_box box;
      std::vector<int> hooked;
      auto [in, n] = tr::inbox<int>(
          "in",
          {.capacity = 3, .overflow = c.overflow, .on_drop = [&](int x) { hooked.push_back(x); }});
      auto r = tr::start(sys, n | tr::ignore("end"), box.options(tr::loss::dropped));
      for (int x = 1; x <= 5; ++x)
        in.offer(x);
      in.close();

      const auto end = accounted(r.wait());

      CHECK(box.items<int>() == c.lost);
      CHECK(hooked == c.lost);
      CHECK(end.stage("in").dropped == c.lost.size());
      CHECK(box.letters[0].stage == "in");
      CHECK(box.letters[0].reason.code() == tr::errc::overflow);
      CHECK(box.letters[0].attempts == 0);
      CHECK(box.letters[0].text == std::to_string(c.lost[0]));
    }
  }

  TEST_CASE("dropped: what only can be moved goes to the hook, or without one to the letter") {
    virtual_system sys;
    for (const bool hooked : {false, true}) {
      letter_box box;
      int got = 0;
      tr::inbox_options<std::unique_ptr<int>> o{.capacity = 1,
                                                .overflow = tr::overflow::drop_oldest};
      if (hooked)
        o.on_drop = [&](std::unique_ptr<int> p) { got = *p; };
      auto [in, n] = tr::inbox<std::unique_ptr<int>>("in", o);
      auto r = tr::start(sys, n | tr::ignore("end"), box.options(tr::loss::dropped));
      in.offer(std::make_unique<int>(7));
      in.offer(std::make_unique<int>(8));
      in.close();
      accounted(r.wait());

      REQUIRE(box.letters.size() == 1);
      CHECK(box.letters[0].item.has_value() == !hooked);
      CHECK(got == (hooked ? 7 : 0));
      if (!hooked)
        CHECK(**std::any_cast<std::shared_ptr<std::unique_ptr<int>>>(box.letters[0].item) == 7);
    }
  }

  TEST_CASE("shed: an inbox hands over what it refuses; what goes elsewhere is not lost") {
    virtual_system sys;
    letter_box shed;
    letter_box redirected;
    std::vector<int> elsewhere;
    const auto offer_five = [&](tr::overflow o, letter_box& box) {
      auto [in, n] = tr::inbox<int>("in", {.capacity = 3, .overflow = std::move(o)});
      auto r = tr::start(sys, n | tr::ignore("end"), box.options(tr::loss::all));
      for (int x = 1; x <= 5; ++x)
        in.offer(x);
      in.close();
      return accounted(r.wait()).stage("in");
    };

    const auto counts = offer_five(tr::overflow::shed, shed);
    offer_five(tr::overflow::redirect([&](int x) { elsewhere.push_back(x); }), redirected);
    letter_box refused;
    offer_five(tr::overflow::backpressure, refused);

    CHECK(counts.shed == 2);
    CHECK(shed.items<int>() == std::vector{4, 5});
    CHECK(shed.letters[0].reason.code() == tr::errc::overflow);
    CHECK(redirected.letters.empty());
    CHECK(elsewhere == std::vector{4, 5});
    CHECK(refused.letters.empty()); // whoever offered them still has them
  }

  TEST_CASE("only the ways that were asked for") {
    virtual_system sys;
    letter_box box;
    auto [in, n] = tr::inbox<int>("in", {.capacity = 3, .overflow = tr::overflow::drop_oldest});
    auto r = tr::start(
        sys,
        n | tr::map("skip", [](int) -> int { throw 1; }, {.on_error = tr::on_error::skip})
            | tr::ignore("end"),
        box.options(tr::loss::shed | tr::loss::failed));
    for (int x = 1; x <= 5; ++x)
      in.offer(x);
    in.close();
    accounted(r.wait());

    CHECK(box.items<int>() == std::vector{3, 4, 5});
  }

  TEST_CASE("dropped: merge::latest hands over what a newer item has overtaken") {
    virtual_system sys;
    letter_box box;
    std::vector<int> out;
    const auto flow = tr::fan_in("last", {.merge = tr::merge::latest}, tr::from("a", numbers(500)))
                      | tr::sink("end", [&](int x) { out.push_back(x); }, {.buffer = 1});
    auto r = tr::start(sys, flow, box.options(tr::loss::dropped));
    r.pause("end");
    CHECK(!r.wait_for(1s)); // nothing moves behind the first item
    r.resume("end");

    const auto end = accounted_graph(r.wait(), flow.topology());

    REQUIRE(end.stage("last").dropped > 0);
    CHECK(box.letters.size() == end.stage("last").dropped);
    CHECK(box.letters[0].stage == "last");
    auto all = box.items<int>();
    all.insert(all.end(), out.begin(), out.end());
    CHECK(sorted(all) == numbers(500));
  }

  TEST_CASE("a served pool hands over calls it drops or sheds, with the reason their callers got") {
    virtual_system sys;
    letter_box box;
    const auto pool = tr::worker_pool("pool", [](int x) { return x; },
                                      {.workers = {1}, .queue = 1, .overflow = tr::overflow::shed});
    auto core = pool.serve(sys, box.options(tr::loss::all));
    const auto ask = [&](int x, tr::context ctx) {
      core->submit({x, ctx, tr::detail::response_promise<int>{[](tr::result<int>) {}}});
    };
    auto ctx = tr::context::background().child();
    ask(1, ctx);
    ask(2, ctx);
    ask(3, ctx); // one in the queue and one at the worker are all that may be inside
    ctx.cancel();
    core->drain(1s);

    REQUIRE(box.letters.size() == 3);
    CHECK(std::any_cast<int>(box.letters[0].item) == 3);
    CHECK(box.letters[0].reason.code() == tr::errc::pool_full);
    CHECK(std::any_cast<int>(box.letters[1].item) == 1);
    CHECK(std::any_cast<int>(box.letters[2].item) == 2);
    CHECK(box.letters[2].reason.code() == tr::errc::cancelled);
  }

  TEST_CASE("what the sink itself causes to be lost is counted, and not shown to it") {
    virtual_system sys;
    auto [in, n] = tr::inbox<int>("in", {.capacity = 1, .overflow = tr::overflow::drop_oldest});
    int shown = 0;
    auto r = tr::start(sys, n | tr::ignore("end"),
                       {.dead_letters =
                            [&, to = in](const tr::dead_letter& d) mutable {
                              ++shown;
                              to.offer(std::any_cast<int>(d.item)); // overflows again
                            },
                        .dead_letters_for = tr::loss::dropped});
    in.offer(1);
    in.offer(2);
    in.close();
    const auto end = accounted(r.wait());

    CHECK(shown == 1);
    CHECK(end.stage("in").dropped == 2);
  }

  TEST_CASE("a sink that throws fails the run and says so, whichever thread it is on") {
    virtual_system sys;
    const tr::run_options o{.dead_letters = [](const tr::dead_letter&) { throw 1; },
                            .dead_letters_for = tr::loss::all};
    const std::string said
        = "the run's dead_letters threw: threw something that is not a std::exception";

    const auto inside
        = run_to_end(sys,
                     tr::from("n", numbers(20))
                         | tr::map("bury", refuse_nines, {.on_error = tr::on_error::dead_letter})
                         | tr::ignore("end"),
                     o);
    auto [in, n] = tr::inbox<int>("in", {.capacity = 1, .overflow = tr::overflow::drop_oldest});
    auto r = tr::start(sys, n | tr::ignore("end"), o);
    in.offer(1);
    in.offer(2);
    const auto outside = accounted(r.wait());

    REQUIRE(inside.error());
    CHECK(inside.error()->stage() == "bury");
    CHECK(inside.error()->message() == said);
    CHECK(inside.stage("bury").failed == 1);
    REQUIRE(outside.error());
    CHECK(outside.error()->stage() == "in");
    CHECK(outside.error()->message() == said);
  }

  TEST_CASE("an item that throws when it is copied or printed costs its letter only that") {
    virtual_system sys;
    letter_box box;

    const auto end
        = run_to_end(sys,
                     tr::produce<awkward>("n", awkward_ones())
                         | tr::sink("bury", [](const awkward&) { throw std::runtime_error{"no"}; },
                                    {.on_error = tr::on_error::dead_letter}),
                     box.options(tr::loss::none));

    CHECK(!end.error());
    CHECK(end.stage("bury").failed == 3);
    REQUIRE(box.letters.size() == 3);
    CHECK(box.letters[0].item.has_value());
    CHECK(box.letters[0].has_text);
    CHECK(!box.letters[1].item.has_value());
    CHECK(box.letters[1].text == "awkward");
    CHECK(box.letters[1].reason.message() == "item 1: no; the item could not be copied: no copies");
    CHECK(box.letters[2].item.has_value());
    CHECK(!box.letters[2].has_text);
    CHECK(box.letters[2].reason.message() == "item 2: no; the item could not be printed: no words");
  }

  TEST_CASE(
      "an item whose copy constructor throws on its way into the function is one that failed") {
    virtual_system sys;
    letter_box box;

    const auto end = run_to_end(
        sys,
        tr::produce<awkward>("n", awkward_ones())
            | tr::sink("take", [](awkward) {}, {.on_error = tr::on_error::dead_letter}),
        box.options(tr::loss::none));

    CHECK(!end.error());
    CHECK(end.stage("take").failed == 1);
    CHECK(end.stage("take").delivered == 2);
    CHECK(box.letters.at(0).reason.message().starts_with("item 1: no copies"));
  }

  TEST_CASE("a retry_if that throws fails the run, and the item is counted") {
    virtual_system sys;
    const auto curious = tr::on_error::retry(
        {.attempts = 3,
         .retry_if = [](const tr::error&) -> bool { throw std::runtime_error{"cannot tell"}; }},
        tr::on_error::skip);

    const auto end = run_to_end(sys, tr::from("n", numbers(20))
                                         | tr::map("curious", refuse_nines, {.on_error = curious})
                                         | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "curious");
    CHECK(end.error()->message() == "item 9: handling its failure threw: cannot tell");
    CHECK(end.stage("curious").failed == 1);
    CHECK(end.stage("curious").delivered == 9);
  }

  TEST_CASE("dead letters kept in memory can be sent through a flow again") {
    virtual_system sys;
    letter_box box;
    std::vector<int> out;
    run_to_end(sys,
               tr::from("n", numbers(100))
                   | tr::map("picky", refuse_nines, {.on_error = tr::on_error::dead_letter})
                   | tr::collect("out", out),
               box.options(tr::loss::none));
    REQUIRE(out.size() == 90);

    const auto again = run_to_end(
        sys, tr::from("again", box.letters) | tr::map("open", [](const tr::dead_letter& d) {
               return std::any_cast<int>(d.item);
             }) | tr::collect("out", out));

    CHECK(again.clean());
    CHECK(sorted(out) == numbers(100));
  }
}
