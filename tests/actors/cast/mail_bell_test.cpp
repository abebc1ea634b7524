#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>

#include <unistd.h>

#include <troupe/cast/mail_bell.hpp>

using troupe::detail::can_be_read;
using troupe::detail::mail_bell;

namespace {

class silent_pipe {
public:
  silent_pipe() { REQUIRE(::pipe(ends_.data()) == 0); }
  silent_pipe(const silent_pipe&) = delete;
  silent_pipe& operator=(const silent_pipe&) = delete;
  ~silent_pipe() {
    close_writer();
    ::close(ends_[0]);
  }

  int descriptor() const { return ends_[0]; }
  void write() { REQUIRE(::write(ends_[1], "x", 1) == 1); }
  void close_writer() {
    if (ends_[1] >= 0)
      ::close(ends_[1]);
    ends_[1] = -1;
  }

private:
  std::array<int, 2> ends_{};
};

} // namespace

TEST_SUITE("mail_bell") {
  TEST_CASE("a pipe can be read when it has something, and when it has ended") {
    silent_pipe p;
    CHECK_FALSE(can_be_read(p.descriptor()));
    p.write();
    CHECK(can_be_read(p.descriptor()));
    silent_pipe ended;
    ended.close_writer();
    CHECK(can_be_read(ended.descriptor()));
  }

  TEST_CASE("the wait is over when there is input, and at once where there is mail already") {
    silent_pipe p;
    mail_bell bell;
    bell.wait(p.descriptor(), [] { return true; });
    CHECK_FALSE(can_be_read(p.descriptor()));
    p.write();
    bell.wait(p.descriptor(), [] { return false; });
    CHECK(can_be_read(p.descriptor())); // waiting takes nothing out
  }

  TEST_CASE("who puts in mail and then rings wakes who waits, however the two fall together") {
    silent_pipe p;
    mail_bell bell;
    for (int i = 0; i < 300; ++i) {
      std::atomic<bool> mail{false};
      std::jthread other{[&] {
        mail = true;
        bell.ring();
      }};
      while (!mail) // a ring that was meant for an earlier wait may end this one
        bell.wait(p.descriptor(), [&] { return mail.load(); });
    }
    bell.ring(); // nobody waits
    CHECK_FALSE(can_be_read(p.descriptor()));
  }
}
