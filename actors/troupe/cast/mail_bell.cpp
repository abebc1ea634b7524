#include <troupe/cast/mail_bell.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

void until_one_is_ready(int a, int b) noexcept {
  std::array<pollfd, 2> both{{{a, POLLIN, 0}, {b, POLLIN, 0}}};
  while (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) {
  }
}

} // namespace

mail_bell::~mail_bell() {
  if (event_ >= 0)
    ::close(event_);
}

void mail_bell::ring() const noexcept {
  const int event = armed_.load();
  if (event < 0)
    return;
  const std::uint64_t one = 1;
  // It only fails when it has been rung so often already that it need not be again.
  [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
}

void mail_bell::wait(int descriptor, const std::function<bool()>& has_mail) {
  if (event_ < 0 && (event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
    throw std::system_error{errno, std::generic_category(), "cannot wait for input"};
  // First armed, then looked: who puts in a message does it before it looks whether to ring.
  armed_.store(event_);
  if (!has_mail())
    until_one_is_ready(descriptor, event_);
  armed_.store(-1);
  // Who saw it armed may still ring: then the next wait is over at once, which does no harm.
  std::uint64_t rung = 0;
  [[maybe_unused]] const auto taken = ::read(event_, &rung, sizeof rung);
}

bool can_be_read(int descriptor, int wait_ms) noexcept {
  pollfd ready{descriptor, POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) > 0;
}

} // namespace troupe::detail
