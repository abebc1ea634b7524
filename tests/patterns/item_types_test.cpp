// Items, keys and functions of unusual types.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../support.hpp"

namespace tr = troupe;
using namespace support;

namespace {

/// Like a COM handle: its address is not the one that `&` gives.
struct handle {
  int value = 0;
  handle* operator&() const = delete;
  auto operator<=>(const handle&) const = default;
};

/// Can be copied, but not assigned.
struct pinned {
  const int value;
  auto operator<=>(const pinned&) const = default;
};

struct order {
  int id = 0;
  std::string who;
  bool is_even() const { return id % 2 == 0; }
  int twice() const { return 2 * id; }
};

std::vector<order> orders(int n) {
  std::vector<order> all;
  for (int i = 0; i < n; ++i)
    all.push_back({i, i % 3 == 0 ? "ann" : "ben"});
  return all;
}

template <class T>
std::vector<T> many(int n) {
  std::vector<T> all;
  for (int i = 0; i < n; ++i)
    all.push_back(T{i});
  return all;
}

/// Through every kind of stage; as many ints as came out.
template <class T>
std::vector<int> sent_through(virtual_system& sys, const std::vector<T>& items) {
  const auto less = tr::merge::sorted<T>([](const T& a, const T& b) { return a.value < b.value; });
  const auto by_value = tr::dispatch::by_key([](const T& t) { return t.value; });
  std::vector<int> out;
  auto f = tr::from("n", items) | tr::map("map", [](T t) { return t; }, {.parallel = 2})
           | tr::filter("filter", [](const T&) { return true; }) | tr::tap("tap", [](const T&) {})
           | tr::distinct("distinct", {.remember = 5}) | tr::take("take", items.size())
           | tr::scan("scan", T{0}, [](const T&, T t) { return t; })
           | tr::rate_limit("rate", tr::unlimited())
           | tr::fan_out("keyed", [](const T& t) { return t; }, {.workers = 3, .to = by_value})
           | tr::fan_in("in order", {.merge = tr::merge::in_order})
           | tr::fan_out("dealt", [](const T& t) { return t; }, {.workers = 3})
           | tr::fan_in("turns", {.merge = tr::merge::round_robin})
           | tr::batch("batch", {.size = 4, .key = [](const T& t) { return t.value % 2; }})
           | tr::flat_map("open", [](std::vector<T> v) { return v; })
           | tr::partition(
               "part", [](const T& t) { return t.value % 2; },
               tr::map("even", [](const T& t) { return t; }),
               tr::map("odd", [](const T& t) { return t; }))
           | tr::fan_in("latest or not", {.merge = tr::merge::priority});
  auto g
      = tr::fan_in("sorted", {.merge = less}, tr::from("a", items), tr::from("b", items))
        | tr::broadcast("both", tr::ignore("rest"), tr::map("go on", [](const T& t) { return t; }))
        | tr::fan_in("one");
  auto pairs = tr::zip("zip", f, g)
               | tr::sink("end", [&](std::pair<T, T> p) { out.push_back(p.first.value); });
  const auto end = tr::start(sys, pairs).wait();
  CHECK(end.clean());
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

template <>
struct std::hash<handle> {
  std::size_t operator()(const handle& h) const noexcept { return std::size_t(h.value); }
};
template <>
struct std::hash<pinned> {
  std::size_t operator()(const pinned& p) const noexcept { return std::size_t(p.value); }
};

TEST_SUITE("item types") {
  TEST_CASE("regression: items with an operator& of their own travel like others") {
    virtual_system sys;

    CHECK(sent_through(sys, many<handle>(30)) == numbers(30));
  }

  TEST_CASE("regression: items that can be copied but not assigned travel like others") {
    virtual_system sys;

    CHECK(sent_through(sys, many<pinned>(30)) == numbers(30));
  }

  TEST_CASE("regression: an inbox shows a dropped item by its true address") {
    int dropped = 0;
    auto [in, f] = tr::inbox<handle>("in", {.capacity = 1,
                                            .overflow = tr::overflow::drop_incoming,
                                            .on_drop = [&](handle h) { dropped += h.value; }});

    for (int i = 0; i < 3; ++i)
      in.offer(handle{i});

    CHECK(dropped == 3);
  }

  TEST_CASE("regression: a map's elements cannot be assigned, and can be sent twice") {
    virtual_system sys;
    const std::map<int, std::string> m{{1, "a"}, {2, "b"}};
    const auto f = tr::from("m", m) | tr::ignore("end");

    CHECK(run_to_end(sys, f).clean());
    const auto again = run_to_end(sys, f);

    CHECK(again.clean());
    CHECK(again.stage("end").delivered == 2);
  }

  TEST_CASE("regression: a key that does not equal itself is a key of its own") {
    virtual_system sys;
    std::vector<double> passed;
    std::vector<std::size_t> sizes;
    const std::vector<double> keys{NAN, 1, NAN, 2, NAN, 1, 3, 4, 5, 1};

    const auto a = run_to_end(sys, tr::from("n", keys) | tr::distinct("new", {.remember = 2})
                                       | tr::collect("end", passed));
    const auto batched = [&](int hold) {
      return run_to_end(
          sys,
          tr::from("n", keys)
              | tr::batch("same",
                          {.size = 2, .key = [](const double& d) { return d; }, .hold = hold})
              | tr::sink("end", [&](const std::vector<double>& v) { sizes.push_back(v.size()); }));
    };
    const auto b = batched(20);
    CHECK(std::count(sizes.begin(), sizes.end(), 2) == 1); // two of the ones
    const auto c = batched(3);

    CHECK(a.clean());
    CHECK(a.stage("new").filtered == 0); // the ones are too far apart
    CHECK(b.clean());
    CHECK(b.stage("same").delivered == keys.size());
    CHECK(c.stage("same").delivered == keys.size());
  }

  TEST_CASE("keys that are views into items outlive these") {
    virtual_system sys;
    std::vector<std::string> words;
    for (int i = 0; i < 300; ++i)
      words.push_back("w" + std::to_string(i % 30)); // in the item itself: gone with it
    std::vector<std::string> out;
    std::size_t batches = 0;

    run_to_end(sys, tr::from("n", words) | tr::distinct("new", [](const std::string& s) {
                      return std::string_view{s};
                    }) | tr::collect("end", out));
    run_to_end(
        sys,
        tr::from("n", words)
            | tr::batch("same", {.size = 10,
                                 .key = [](const std::string& s) { return std::string_view{s}; },
                                 .hold = 400})
            | tr::sink("end", [&](const std::vector<std::string>&) { ++batches; }));

    CHECK(out == std::vector(words.begin(), words.begin() + 30));
    CHECK(batches == 30);
  }

  TEST_CASE("regression: flat_map copies out of a range that only shows its elements") {
    virtual_system sys;
    const std::string name = "a name that is long enough for the heap";
    std::vector<std::vector<std::string>> table{{name, name}, {name}};
    const auto before = table;
    std::vector<std::string> out;

    run_to_end(sys, tr::from("n", std::vector{0, 1, 0, 1}) | tr::flat_map("span", [&](int k) {
                      return std::span{table[std::size_t(k)]};
                    }) | tr::collect("out", out));

    CHECK(table == before);
    CHECK(out == std::vector<std::string>(6, name));
  }

  TEST_CASE("flat_map moves out of a range that owns its elements") {
    virtual_system sys;
    std::vector<int> out;

    run_to_end(sys, tr::from("n", numbers(3)) | tr::flat_map("own", boxed)
                        | tr::sink("end", [&](std::unique_ptr<int> p) { out.push_back(*p); }));

    CHECK(out == numbers(3));
  }

  TEST_CASE("a member of the item type is a function like any other") {
    virtual_system sys;
    std::vector<int> ids;
    std::size_t groups = 0;

    run_to_end(sys, tr::from("orders", orders(20)) | tr::filter("even", &order::is_even)
                        | tr::map("id", &order::id) | tr::collect("end", ids));
    run_to_end(sys, tr::from("orders", orders(20)) | tr::distinct("who", &order::who)
                        | tr::batch("by who", {.size = 5, .key = &order::who})
                        | tr::sink("end", [&](const std::vector<order>&) { ++groups; }));
    const auto f = tr::from("orders", orders(20))
                   | tr::fan_out("twice", &order::twice,
                                 {.workers = 2, .to = tr::dispatch::by_key(&order::who)})
                   | tr::fan_in("all") | tr::ignore("end");
    CHECK(run_to_end(sys, f).stage("end").delivered == 20);
    auto svc = tr::serve(sys, tr::worker_pool("twice", &order::twice));

    CHECK(ids == std::vector{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
    CHECK(groups == 2);
    CHECK(svc.ask({21, "ann"}).get() == 42);
    svc.drain();
  }

  TEST_CASE("a view into something else than the item may be handed on") {
    virtual_system sys;
    std::vector<std::string_view> out;

    run_to_end(sys, tr::from("n", std::vector<std::string_view>{"a", "b"})
                        | tr::map("same", [](std::string_view s) { return s; })
                        | tr::collect("end", out));
    run_to_end(sys, tr::from("n", std::vector{1}) | tr::map("name", [](int) {
                      return std::string_view{"one"};
                    }) | tr::collect("end", out));

    CHECK(out == std::vector<std::string_view>{"a", "b", "one"});
  }
}
