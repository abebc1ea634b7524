#include <troupe/policy/reorder_buffer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using troupe::reorder_buffer;

namespace {

template <class T>
std::vector<T> pop_all(reorder_buffer<T>& buffer) {
  std::vector<T> all;
  while (auto part = buffer.pop())
    all.push_back(std::move(*part));
  return all;
}

// Whether `f` aborts, found out in a process of its own.
template <class F>
bool aborts(F f) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

struct any_part {
  std::uint64_t seq = 0;
  std::size_t index = 0;
  bool last = false;

  friend bool operator==(const any_part&, const any_part&) = default;
};

// Counts how often it was moved: inside the buffer that happens only when memory grows.
struct tracked {
  int* moves;

  explicit tracked(int* counter) : moves(counter) {}
  tracked(tracked&& other) noexcept : moves(other.moves) { ++*moves; }
  tracked& operator=(tracked&&) = delete;
};

// Parts in some order that keeps the parts of each number in theirs.
std::vector<any_part> shuffled_parts(const std::vector<std::uint8_t>& sizes) {
  std::vector<std::uint64_t> order;
  for (std::size_t seq = 0; seq < sizes.size(); ++seq)
    order.insert(order.end(), sizes[seq] % 4 + 1U, seq);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);

  std::vector<std::size_t> given(sizes.size());
  std::vector<any_part> parts;
  for (const auto seq : order) {
    const auto index = given[seq]++;
    parts.push_back({seq, index, index == sizes[seq] % 4U});
  }
  return parts;
}

// Moving it copies, so what is left behind still holds on to the value.
struct copied {
  std::shared_ptr<int> value;

  explicit copied(std::shared_ptr<int> v) : value(std::move(v)) {}
  copied(const copied&) = default;
  copied& operator=(const copied&) = default;
  ~copied() = default;
};

} // namespace

TEST_SUITE("reorder_buffer") {
  TEST_CASE("holds nothing and hands out nothing at first") {
    reorder_buffer<int> buffer;

    CHECK(buffer.empty());
    CHECK(buffer.held() == 0);
    CHECK(buffer.next() == 0);
    CHECK_FALSE(buffer.pop());
  }

  TEST_CASE("hands out by number, whatever the order of arrival") {
    reorder_buffer<std::string> buffer;
    buffer.push(2, true, "c");
    buffer.push(1, true, "b");
    CHECK_FALSE(buffer.pop());
    CHECK(buffer.held() == 2);

    buffer.push(0, true, "a");

    CHECK(pop_all(buffer) == std::vector<std::string>{"a", "b", "c"});
    CHECK(buffer.next() == 3);
    CHECK(buffer.empty());
  }

  TEST_CASE("hands out parts of the next number before its last is there") {
    reorder_buffer<int> buffer;
    buffer.push(0, false, 1);
    buffer.push(1, true, 9);

    CHECK(buffer.pop() == 1);
    CHECK_FALSE(buffer.pop());
    CHECK(buffer.next() == 0);

    buffer.push(0, true, 2);
    CHECK(buffer.pop() == 2);
    CHECK(buffer.next() == 1);
    CHECK(buffer.pop() == 9);
  }

  TEST_CASE("keeps the parts of one number in the order pushed") {
    reorder_buffer<int> buffer;
    buffer.push(1, false, 10);
    buffer.push(0, false, 0);
    buffer.push(1, false, 11);
    buffer.push(0, true, 1);
    buffer.push(1, true, 12);

    CHECK(pop_all(buffer) == std::vector<int>{0, 1, 10, 11, 12});
  }

  TEST_CASE("moves on only when the last part has come out") {
    reorder_buffer<int> buffer;
    buffer.push(0, false, 1);
    buffer.push(0, true, 2);

    buffer.pop();
    CHECK(buffer.next() == 0);

    buffer.pop();
    CHECK(buffer.next() == 1);
  }

  TEST_CASE("keeps what it holds when it grows, at any position of the ring") {
    for (std::uint64_t start = 0; start < 40; ++start) {
      reorder_buffer<std::uint64_t> buffer;
      for (std::uint64_t seq = 0; seq < start; ++seq) {
        buffer.push(seq, true, seq);
        buffer.pop();
      }
      for (std::uint64_t seq = start + 1; seq < start + 100; ++seq)
        buffer.push(seq, true, seq);
      CHECK_FALSE(buffer.pop());

      buffer.push(start, true, start);

      const auto all = pop_all(buffer);
      REQUIRE(all.size() == 100);
      CHECK(all.front() == start);
      CHECK(std::is_sorted(all.begin(), all.end()));
    }
  }

  TEST_CASE("bridges a far gap at once") {
    reorder_buffer<int> buffer;
    buffer.push(100'000, true, 1);

    for (std::uint64_t seq = 0; seq < 100'000; ++seq)
      buffer.push(seq, true, 0);

    CHECK(buffer.held() == 100'001);
    CHECK(pop_all(buffer).back() == 1);
  }

  TEST_CASE("carries parts that can only be moved") {
    reorder_buffer<std::unique_ptr<int>> buffer;
    for (std::uint64_t seq = 50; seq-- > 0;)
      buffer.push(seq, true, std::make_unique<int>(static_cast<int>(seq)));

    for (int i = 0; i < 50; ++i)
      CHECK(*buffer.pop().value() == i);
  }

  TEST_CASE("lets go of a part when it comes out") {
    const auto watched = std::make_shared<int>(1);
    reorder_buffer<copied> buffer;
    buffer.push(0, true, copied{watched});

    buffer.pop();

    CHECK(watched.use_count() == 1);
  }

  TEST_CASE("reuses the memory of what came out, so a steady stream needs no more") {
    int moves = 0;
    int ignored = 0;
    reorder_buffer<tracked> buffer;
    buffer.push(10'001, true, tracked{&moves});
    const int before = moves;

    for (std::uint64_t seq = 0; seq < 10'000; ++seq) {
      buffer.push(seq, false, tracked{&ignored});
      buffer.push(seq, true, tracked{&ignored});
      buffer.pop();
      buffer.pop();
    }

    // Room for two more had to be made once, in at most two steps.
    CHECK(moves - before <= 2);
  }

  TEST_CASE("a second last part, or a part of a finished number, is a programming error") {
#ifndef NDEBUG
    CHECK(aborts([] {
      reorder_buffer<int> buffer;
      buffer.push(1, true, 1);
      buffer.push(1, true, 1);
    }));
    CHECK(aborts([] {
      reorder_buffer<int> buffer;
      buffer.push(0, true, 1);
      buffer.pop();
      buffer.push(0, false, 1);
    }));
#endif
    CHECK_FALSE(aborts([] {
      reorder_buffer<int> buffer;
      buffer.push(0, false, 1);
      buffer.pop();
      buffer.push(0, true, 1);
    }));
  }

  TEST_CASE("property: any permutation comes out in order, with nothing lost") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& sizes) {
      const auto parts = shuffled_parts(sizes);
      reorder_buffer<any_part> buffer;
      std::vector<any_part> out;
      for (const auto& p : parts) {
        buffer.push(p.seq, p.last, p);
        if (*rc::gen::arbitrary<bool>())
          for (auto next = buffer.pop(); next; next = buffer.pop())
            out.push_back(*next);
      }
      for (auto next = buffer.pop(); next; next = buffer.pop())
        out.push_back(*next);

      std::vector<any_part> expected = parts;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const auto& a, const auto& b) { return a.seq < b.seq; });
      RC_ASSERT(out == expected);
      RC_ASSERT(buffer.empty());
      RC_ASSERT(buffer.next() == sizes.size());
    }));
  }

  TEST_CASE("property: what is held is what was pushed less what was popped") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& sizes) {
      const auto parts = shuffled_parts(sizes);
      reorder_buffer<any_part> buffer;
      std::size_t held = 0;
      for (const auto& p : parts) {
        buffer.push(p.seq, p.last, p);
        ++held;
        if (*rc::gen::arbitrary<bool>() && buffer.pop())
          --held;
        RC_ASSERT(buffer.held() == held);
      }
    }));
  }
}
