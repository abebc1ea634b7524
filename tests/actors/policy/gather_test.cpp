#include <troupe/policy/gather.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using troupe::gather;
using troupe::gather_machine;
using troupe::gather_state;

namespace {

/// One character per event: the digit of a service that succeeded, its letter (a is 0) for one
/// that failed, '|' for the limit. The answer: one character per event.
std::string play(gather how, int services, const std::string& events) {
  gather_machine m{how, services};
  std::string states;
  for (const char e : events) {
    const auto state = e == '|'   ? m.expire()
                       : e >= 'a' ? m.answer(static_cast<std::size_t>(e - 'a'), false)
                                  : m.answer(static_cast<std::size_t>(e - '0'), true);
    CHECK(state == m.state());
    states += state == gather_state::waiting ? '.' : state == gather_state::done ? 'd' : 'f';
  }
  return states;
}

std::string refusal(gather how, int services, std::string_view where = "gather") {
  try {
    const gather_machine m{how, services, where};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST_SUITE("gather") {
  TEST_CASE("decides as each rule says") {
    struct row {
      gather how;
      std::string events, states;
    };
    const std::vector<row> rows{
        {gather::all, "012", "..d"},       {gather::all, "2b0", "..d"},
        {gather::all, "abc", "..d"}, // each with its own error
        {gather::all, "01|", "..d"},       {gather::all, "|", "d"},
        {gather::first, "1", "d"},         {gather::first, "ab2", "..d"},
        {gather::first, "abc", "..f"},     {gather::first, "a|", ".f"},
        {gather::quorum(2), "02", ".d"},   {gather::quorum(2), "a12", "..d"},
        {gather::quorum(2), "ab", ".f"},   {gather::quorum(2), "1ac", "..f"},
        {gather::quorum(2), "1|", ".f"},   {gather::quorum(3), "c", "f"},
        {gather::quorum(3), "012", "..d"}, {gather::quorum(1), "0", "d"},
        {gather::best(1), "0|", ".d"},   // goes on, though one has come
        {gather::best(1), "0ac", "..."}, // a is 0 again: changes nothing
        {gather::best(1), "0bc", "..d"},   {gather::best(2), "01|", "..d"},
        {gather::best(2), "0|", ".f"},     {gather::best(2), "012", "..d"},
        {gather::best(2), "ab", ".f"},     {gather::best(3), "a", "f"},
    };

    for (const auto& r : rows) {
      CAPTURE(r.events);
      CHECK(play(r.how, 3, r.events) == r.states);
    }
  }

  TEST_CASE("nothing changes after the end") {
    CHECK(play(gather::first, 3, "0bc|") == "dddd");
    CHECK(play(gather::quorum(2), 3, "ab2|") == ".fff");
    CHECK(play(gather::all, 2, "|ab") == "ddd");
  }

  TEST_CASE("a second answer of one service counts nothing") {
    CHECK(play(gather::quorum(2), 3, "000aa1") == ".....d");
  }

  TEST_CASE("tells who is still open, and how many succeeded and failed") {
    gather_machine m{gather::quorum(2), 4};

    m.answer(2, true);
    m.answer(0, false);
    CHECK(m.open() == std::vector<std::size_t>{1, 3});
    CHECK(m.is_open(3));
    CHECK_FALSE(m.is_open(0));
    m.answer(3, true);

    CHECK(m.state() == gather_state::done);
    CHECK(m.open() == std::vector<std::size_t>{1});
    CHECK(m.succeeded() == 2);
    CHECK(m.failed() == 1);
  }

  TEST_CASE("a number that no services can give is refused by name") {
    CHECK(refusal(gather::quorum(0), 3)
          == "gather: gather::quorum = 0, needs 1 to the number of services, 3");
    CHECK(refusal(gather::quorum(4), 3, "scatter_gather \"search\"")
          == "scatter_gather \"search\": gather::quorum = 4, needs 1 to the number of services, 3");
    CHECK(refusal(gather::best(-1), 3)
          == "gather: gather::best = -1, needs 1 to the number of services, 3");
    CHECK(refusal(gather::best(4), 3)
          == "gather: gather::best = 4, needs 1 to the number of services, 3");
    CHECK(refusal(gather::all, 0) == "gather: services = 0, needs at least 1");
    CHECK(refusal(gather::quorum(3), 3).empty());
    CHECK(refusal(gather::best(1), 1).empty());
  }

  TEST_CASE("property: it ends by the last answer at the latest, as the count says") {
    CHECK(rc::check([](std::vector<bool> answers, std::uint8_t k) {
      RC_PRE(!answers.empty());
      const auto n = answers.size();
      const auto needed = 1 + k % n;
      gather_machine quorum{gather::quorum(needed), n};
      gather_machine best{gather::best(needed), n};
      gather_machine all{gather::all, n};
      std::size_t good = 0;
      for (std::size_t i = 0; i < n; ++i) {
        good += answers[i] ? 1 : 0;
        const auto bad = i + 1 - good;
        const auto state = quorum.answer(i, answers[i]);
        RC_ASSERT((state == gather_state::done) == (good >= needed));
        RC_ASSERT((state == gather_state::failed) == (bad > n - needed));
        best.answer(i, answers[i]);
        all.answer(i, answers[i]);
      }
      RC_ASSERT(quorum.state() != gather_state::waiting);
      RC_ASSERT((best.state() == gather_state::done) == (good >= needed));
      RC_ASSERT(all.state() == gather_state::done);
    }));
  }
}
