#include <troupe/tools/signal_channel.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

namespace troupe::detail {

struct signal_channel::line {
  int read_end = -1;
  int write_end = -1;
  std::atomic<int> received{0};
  std::atomic<int> first{0};
  std::atomic<std::int64_t> apart{0};     // ns
  std::atomic<std::int64_t> last_came{0}; // ns, of those that count; 0: none has

  // Of several at once, each in a thread of its own, one counts.
  bool counts() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    const auto now = std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    auto last = last_came.load();
    do {
      if (last != 0 && now - last < apart)
        return false;
    } while (!last_came.compare_exchange_weak(last, now));
    return true;
  }

  // Only what is safe in a signal handler. A full pipe, which does not block, has signals enough.
  void came(int signal) noexcept {
    if (!counts())
      return;
    int none = 0;
    first.compare_exchange_strong(none, signal);
    ++received;
    (void)put(static_cast<char>(signal));
  }

  bool put(char byte) const noexcept {
    for (;;) {
      if (::write(write_end, &byte, 1) == 1)
        return true;
      if (errno != EINTR)
        return false;
    }
  }

  std::optional<char> byte_there() const {
    char byte = 0;
    return ::read(read_end, &byte, 1) == 1 ? std::optional{byte} : std::nullopt;
  }
};

static_assert(std::atomic<int>::is_always_lock_free && std::atomic<void*>::is_always_lock_free
                  && std::atomic<std::int64_t>::is_always_lock_free,
              "the handler uses them");

/// Who has which signal. Its lines stay for ever.
struct signal_table {
  using line = signal_channel::line;
  static constexpr std::size_t signals = 65; // Linux has 64

  std::array<std::atomic<line*>, signals> lines{};
  std::mutex mutex; ///< guards the next two
  std::array<std::string, signals> owners;
  std::vector<line*> free;

  // Never destroyed: a handler may run while the process ends.
  static signal_table& get() {
    static auto* const only = new signal_table;
    return *only;
  }
};

namespace {

// For handlers, which must not be the first to ask for it.
std::atomic<signal_table*> table{nullptr};

extern "C" void on_signal(int signal) {
  const int before = errno;
  if (auto* const line = table.load()->lines[static_cast<std::size_t>(signal)].load())
    line->came(signal);
  errno = before;
}

template <class Line>
Line* new_line() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error{errno, std::generic_category(), "signals: cannot make a pipe"};
  auto* const made = new Line;
  made->read_end = ends[0];
  made->write_end = ends[1];
  return made;
}

} // namespace

std::string signal_name(int signal) {
  constexpr std::array<std::pair<int, const char*>, 8> known{{{SIGHUP, "SIGHUP"},
                                                              {SIGINT, "SIGINT"},
                                                              {SIGQUIT, "SIGQUIT"},
                                                              {SIGTERM, "SIGTERM"},
                                                              {SIGUSR1, "SIGUSR1"},
                                                              {SIGUSR2, "SIGUSR2"},
                                                              {SIGKILL, "SIGKILL"},
                                                              {SIGSTOP, "SIGSTOP"}}};
  for (const auto& [number, name] : known)
    if (number == signal)
      return name;
  return "signal " + std::to_string(signal);
}

signal_channel::signal_channel(std::string who, std::vector<int> signals, duration apart)
    : who_(std::move(who)), signals_(std::move(signals)) {
  auto& all = signal_table::get();
  table = &all;
  const std::lock_guard lock{all.mutex};
  for (const auto s : signals_) {
    if (s < 1 || static_cast<std::size_t>(s) >= signal_table::signals)
      throw std::invalid_argument{who_ + ": " + signal_name(s) + " cannot be caught"};
    if (const auto& owner = all.owners[static_cast<std::size_t>(s)]; !owner.empty())
      throw std::logic_error{who_ + ": " + signal_name(s) + " is taken by "
                             + (owner == who_ ? "another " : "") + owner
                             + " already, and a process has only one handler for each signal"};
  }
  if (all.free.empty())
    all.free.push_back(new_line<line>());
  line_ = all.free.back();
  while (line_->byte_there()) { // a signal that came when the last owner was already going
  }
  line_->received = 0;
  line_->first = 0;
  line_->last_came = 0;
  line_->apart = apart.count();
  take();
  all.free.pop_back();
}

// With the lock.
void signal_channel::take() {
  auto& all = signal_table::get();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART; // nobody's read or write fails because of it
  before_.reserve(signals_.size());
  for (const auto s : signals_) {
    const auto i = static_cast<std::size_t>(s);
    all.lines[i] = line_;
    struct sigaction old {};
    if (::sigaction(s, &action, &old) != 0) {
      restore();
      disown();
      throw std::invalid_argument{who_ + ": " + signal_name(s) + " cannot be caught"};
    }
    before_.push_back(old);
    all.owners[i] = who_;
  }
}

signal_channel::~signal_channel() {
  restore();
  auto& all = signal_table::get();
  const std::lock_guard lock{all.mutex};
  disown();
  all.free.push_back(line_);
}

// With the lock.
void signal_channel::disown() const {
  auto& all = signal_table::get();
  for (const auto s : signals_) {
    all.lines[static_cast<std::size_t>(s)] = nullptr;
    all.owners[static_cast<std::size_t>(s)].clear();
  }
}

void signal_channel::restore() noexcept {
  const auto before = std::exchange(before_, {});
  for (std::size_t i = 0; i < before.size(); ++i)
    ::sigaction(signals_[i], &before[i], nullptr);
}

int signal_channel::next() const {
  for (;;) {
    const auto byte = line_->byte_there();
    if (!byte) {
      pollfd readable{line_->read_end, POLLIN, 0};
      ::poll(&readable, 1, -1);
    } else if (*byte == 0 || std::find(signals_.begin(), signals_.end(), *byte) != signals_.end()) {
      return *byte; // no other's: a handler of the owner before may have been late
    }
  }
}

void signal_channel::wake() const noexcept {
  while (!line_->put(0)) // full: whoever reads makes room
    ::sched_yield();
}

int signal_channel::received() const noexcept { return line_->received; }
int signal_channel::first() const noexcept { return line_->first; }

} // namespace troupe::detail
