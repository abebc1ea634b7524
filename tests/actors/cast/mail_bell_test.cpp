#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "../../pipe.hpp"
#include <troupe/cast/mail_bell.hpp>

using support::pipe_input;
using troupe::detail::can_be_read;
using troupe::detail::mail_bell;

TEST_SUITE("mail_bell") {
  TEST_CASE("a pipe can be read when it has something, and when it has ended") {
    pipe_input p;
    CHECK_FALSE(can_be_read(p.descriptor()));
    p.write("x");
    CHECK(can_be_read(p.descriptor()));
    pipe_input ended;
    ended.close();
    CHECK(can_be_read(ended.descriptor()));
  }

  TEST_CASE("the wait is over when there is input, and at once where there is mail already") {
    pipe_input p;
    mail_bell bell;
    bell.wait(p.descriptor(), [] { return true; });
    CHECK_FALSE(can_be_read(p.descriptor()));
    p.write("x");
    bell.wait(p.descriptor(), [] { return false; });
    CHECK(can_be_read(p.descriptor())); // waiting takes nothing out
  }

  TEST_CASE("who puts in mail and then rings wakes who waits, however the two fall together") {
    pipe_input p;
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
