#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <troupe/run/dead_letter_office.hpp>

namespace tr = troupe;
using tr::detail::dead_letter_office;

namespace {

tr::dead_letter letter(const std::string& stage) {
  tr::dead_letter l;
  l.stage = stage;
  return l;
}

} // namespace

TEST_SUITE("dead_letter_office") {
  TEST_CASE("what its sink throws is the answer, and the next letter is taken all the same") {
    std::vector<std::string> taken;
    dead_letter_office office{{[&](const tr::dead_letter& l) {
                                 if (l.stage == "bad")
                                   throw std::runtime_error{"disk full"};
                                 taken.push_back(l.stage);
                               },
                               tr::loss::none}};
    const auto complaint = office.deliver(letter("bad"));
    REQUIRE(complaint);
    CHECK(complaint->message() == "disk full");
    CHECK_FALSE(office.deliver(letter("good")));
    CHECK(taken == std::vector<std::string>{"good"});
  }

  TEST_CASE("a loss that the sink itself causes is not shown to it") {
    int taken = 0;
    dead_letter_office* self = nullptr;
    dead_letter_office office{{[&](const tr::dead_letter&) {
                                 ++taken;
                                 CHECK_FALSE(self->deliver(letter("its own")));
                               },
                               tr::loss::none}};
    self = &office;
    CHECK_FALSE(office.deliver(letter("s")));
    CHECK(taken == 1);
  }

  TEST_CASE("closed, it lets go of its sink and of what that holds") {
    auto held = std::make_shared<int>(0);
    dead_letter_office office{{[held](const tr::dead_letter&) { ++*held; }, tr::loss::none}};
    CHECK(held.use_count() == 2);
    office.close();
    CHECK(held.use_count() == 1);
    CHECK_FALSE(office.deliver(letter("s")));
    CHECK(*held == 0);
  }

  TEST_CASE("without a sink nothing is asked to be shown") {
    const dead_letter_office office{{{}, tr::loss::dropped}};
    CHECK(office.also() == tr::loss::none);
  }
}
