#include <doctest/doctest.h>

#include <list>
#include <stdexcept>
#include <string>

#include <troupe/launch/blueprint.hpp>
#include <troupe/launch/name_table.hpp>

using troupe::detail::name_table;
using troupe::detail::node;

namespace {

/// Nodes that stay where they are.
class nodes {
public:
  const node& make(const std::string& name) {
    all_.emplace_back().name = name;
    return all_.back();
  }
  name_table table(const std::string& prefix, int n, name_table more = {}) {
    for (int i = 0; i < n; ++i)
      more = more.with(make(prefix + std::to_string(i)));
    return more;
  }

private:
  std::list<node> all_;
};

} // namespace

TEST_SUITE("name_table") {
  TEST_CASE("finds what was added, and nothing else") {
    nodes all;
    const auto t = all.table("n", 500);

    CHECK(t.size() == 500);
    CHECK(name_table{}.find("n0") == nullptr);
    for (int i = 0; i < 500; ++i)
      CHECK(t.find("n" + std::to_string(i))->name == "n" + std::to_string(i));
    CHECK(t.find("n500") == nullptr);
    CHECK(t.find("") == nullptr);
  }

  TEST_CASE("what is added to one is not in the one that it was made of") {
    nodes all;
    const auto base = all.table("n", 50);
    const auto a = base.with(all.make("a"));
    const auto b = base.with(all.make("b"));

    CHECK(base.size() == 50);
    CHECK((a.find("a") != nullptr && a.find("b") == nullptr));
    CHECK((b.find("b") != nullptr && b.find("a") == nullptr));
  }

  TEST_CASE("a name that is taken is refused") {
    nodes all;
    const auto t = all.table("n", 50);

    CHECK_THROWS_AS((void)t.with(all.make("n7")), std::invalid_argument);
    CHECK_THROWS_AS((void)name_table::merge(t, all.table("n", 3)), std::invalid_argument);
    CHECK_THROWS_AS((void)name_table::merge(all.table("n", 3), t), std::invalid_argument);
  }

  TEST_CASE("a merge has what either has, whether they have grown out of one or not") {
    nodes all;
    const auto base = all.table("n", 100);
    const auto a = all.table("a", 40, base);
    const auto b = all.table("b", 70, base);
    const auto other = all.table("c", 300);

    const auto branches = name_table::merge(a, b);
    const auto whole = name_table::merge(branches, other);

    CHECK(branches.size() == 210);
    CHECK(whole.size() == 510);
    for (const auto* const name : {"n0", "n99", "a0", "a39", "b69", "c0", "c299"})
      CHECK(whole.find(name) != nullptr);
    CHECK(name_table::merge(whole, a).size() == 510);
    CHECK(name_table::merge(a, whole).size() == 510);
    CHECK(name_table::merge({}, a).size() == 140);
  }

  TEST_CASE("tables overlap if a node is in both: its name alone does not count") {
    nodes all;
    const auto base = all.table("n", 10);

    CHECK(name_table::overlap(all.table("a", 20, base), base));
    CHECK(name_table::overlap(all.table("a", 20, base), all.table("b", 5, base)));
    CHECK(!name_table::overlap(base, all.table("n", 30)));
    CHECK(!name_table::overlap(base, {}));
  }
}
