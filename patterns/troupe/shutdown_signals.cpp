#include <troupe/shutdown_signals.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <troupe/run/run_state.hpp>

namespace troupe {

namespace {

constexpr std::array caught{SIGINT, SIGTERM};

constexpr char signal_byte = 's';
constexpr char end_byte = 'e';

// The handler's view of the one watcher. Never closed: a handler may still be running, in whatever
// thread the signal came to, when the watcher is gone.
std::atomic<int> write_end{-1};
int read_end = -1;
std::atomic<int> signals{0};
std::atomic<int> first_signal{0};
std::atomic<bool> in_use{false};
std::atomic<std::int64_t> apart{0};     // ns; what comes sooner after the last one is the same
std::atomic<std::int64_t> last_came{0}; // ns, of those that count; 0: none has
static_assert(std::atomic<int>::is_always_lock_free
                  && std::atomic<std::int64_t>::is_always_lock_free,
              "the handler uses them");

void put(char byte) {
  while (::write(write_end, &byte, 1) < 0 && errno == EINTR) {
  }
}

// Of several at once, each in a thread of its own, one counts.
bool counts() {
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
extern "C" void on_signal(int signal) {
  const int before = errno;
  if (counts()) {
    int none = 0;
    first_signal.compare_exchange_strong(none, signal);
    ++signals;
    put(signal_byte);
  }
  errno = before;
}

void open_pipe() {
  if (write_end >= 0)
    return;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error{errno, std::generic_category(), "shutdown_signals: cannot make a pipe"};
  read_end = ends[0];
  write_end = ends[1];
}

std::optional<char> byte_there() {
  char byte = 0;
  return ::read(read_end, &byte, 1) == 1 ? std::optional{byte} : std::nullopt;
}

char next_byte() {
  for (;;) {
    if (const auto byte = byte_there())
      return *byte;
    pollfd readable{read_end, POLLIN, 0};
    ::poll(&readable, 1, -1);
  }
}

/// Takes the signals over, and gives them back.
class handlers {
public:
  handlers() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART; // nobody's read or write fails because of it
    for (std::size_t i = 0; i < caught.size(); ++i)
      ::sigaction(caught[i], &action, &before_[i]);
  }
  handlers(const handlers&) = delete;
  handlers& operator=(const handlers&) = delete;
  ~handlers() { restore(); }

  void restore() {
    if (std::exchange(restored_, true))
      return;
    for (std::size_t i = 0; i < caught.size(); ++i)
      ::sigaction(caught[i], &before_[i], nullptr);
  }

private:
  std::array<struct sigaction, caught.size()> before_{};
  bool restored_ = false;
};

/// That there is one at a time.
class sole_owner {
public:
  sole_owner() {
    if (in_use.exchange(true))
      throw std::logic_error("shutdown_signals: there is one already, and a process has only one "
                             "handler for each signal");
    signals = 0;
    first_signal = 0;
    last_came = 0;
  }
  sole_owner(const sole_owner&) = delete;
  sole_owner& operator=(const sole_owner&) = delete;
  ~sole_owner() { in_use = false; }
};

} // namespace

/// Reads what the handler wrote, on a thread of its own, and ends the runs that it was given.
class shutdown_signals::watcher {
public:
  explicit watcher(shutdown_options options) : options_(std::move(options)) {
    open_pipe();
    while (byte_there()) { // a signal that came when the last watcher was already going
    }
    apart = options_.apart.count();
    handlers_.emplace();
    thread_ = std::thread{[this] { watch(); }};
  }
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher() {
    give_back();
    put(end_byte);
    thread_.join();
  }

  void add(const std::shared_ptr<detail::run_state>& run) {
    const auto seen = [&] {
      const std::lock_guard lock{mutex_};
      std::erase_if(runs_, [&](const auto& weak) {
        const auto other = weak.lock();
        return other == nullptr || other == run || other->ended();
      });
      runs_.push_back(run);
      return seen_;
    }();
    if (seen >= 1)
      run->begin_drain(options_.drain_limit);
    if (seen >= 2)
      run->begin_stop();
  }

private:
  using runs = std::vector<std::weak_ptr<detail::run_state>>;

  void watch() {
    while (next_byte() == signal_byte)
      act();
  }

  // Without the lock: what ends with a run, or is told of it, may take its time, or come to us.
  void act() {
    runs all;
    int seen = 0;
    {
      const std::lock_guard lock{mutex_};
      seen = ++seen_;
      all = runs_;
      if (seen == 2)
        handlers_->restore();
    }
    if (seen > 2)
      return;
    for (const auto& weak : all)
      if (const auto run = weak.lock())
        seen == 1 ? run->begin_drain(options_.drain_limit) : run->begin_stop();
    if (const auto& tell = seen == 1 ? options_.on_drain : options_.on_stop)
      tell();
  }

  void give_back() {
    const std::lock_guard lock{mutex_};
    handlers_->restore();
  }

  const shutdown_options options_;
  const sole_owner owner_;
  std::mutex mutex_; ///< guards the next three
  runs runs_;
  int seen_ = 0;
  std::optional<handlers> handlers_;
  std::thread thread_;
};

shutdown_signals::shutdown_signals(shutdown_options options)
    : watcher_(std::make_unique<watcher>(std::move(options))) {}

shutdown_signals::~shutdown_signals() = default;

void shutdown_signals::add(const run& r) { watcher_->add(detail::state_of(r)); }

report shutdown_signals::wait(run& r) {
  add(r);
  return r.wait();
}

std::optional<report> shutdown_signals::wait_for(run& r, time_span limit) {
  add(r);
  return r.wait_for(limit);
}

std::vector<report> shutdown_signals::wait(const std::vector<run*>& runs) {
  for (const auto* r : runs)
    (void)r->done(); // an empty run is refused before any other is waited for
  for (const auto* r : runs)
    add(*r);
  std::vector<report> ends;
  ends.reserve(runs.size());
  for (auto* r : runs)
    ends.push_back(r->wait());
  return ends;
}

int shutdown_signals::received() const noexcept { return signals; }
int shutdown_signals::first() const noexcept { return first_signal; }

} // namespace troupe
