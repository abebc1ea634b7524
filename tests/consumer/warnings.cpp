// Functions as users write them: without members, with some, with padding between them.
#include <cstddef>
#include <optional>

#include <troupe/sources.hpp>

int next_item();

troupe::flow<int> without_members() {
  return troupe::produce<int>("p", []() -> std::optional<int> { return next_item(); });
}

troupe::flow<int> of_several_producers() {
  return troupe::produce<int>(
      "p", [](std::size_t producer) -> std::optional<int> { return int(producer) + next_item(); },
      {.producers = 2});
}

troupe::flow<int> with_padding() {
  return troupe::produce<int>("p", [on = true, n = 0]() mutable {
    return on ? std::optional{n++ + next_item()} : std::nullopt;
  });
}

troupe::flow<int> of_a_function_object() {
  struct next {
    std::optional<int> operator()() const { return next_item(); }
  };
  return troupe::produce<int>("p", next{});
}
