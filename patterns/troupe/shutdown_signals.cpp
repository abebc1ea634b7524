#include <troupe/shutdown_signals.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

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
std::atomic<bool> in_use{false};
static_assert(std::atomic<int>::is_always_lock_free, "the handler uses them");

void put(char byte) {
  while (::write(write_end, &byte, 1) < 0 && errno == EINTR) {
  }
}

// Only what is safe in a signal handler. A full pipe, which does not block, has signals enough.
extern "C" void on_signal(int) {
  const int before = errno;
  ++signals;
  put(signal_byte);
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
  }
  sole_owner(const sole_owner&) = delete;
  sole_owner& operator=(const sole_owner&) = delete;
  ~sole_owner() { in_use = false; }
};

} // namespace

/// Reads what the handler wrote, on a thread of its own, and ends the runs that are waited for.
class shutdown_signals::watcher {
public:
  explicit watcher(shutdown_options options) : options_(std::move(options)) {
    open_pipe();
    while (byte_there()) { // a signal that came when the last watcher was already going
    }
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

  /// A run that is waited for, and the threads that are ending it.
  struct waiting {
    run* r;
    std::vector<std::thread> enders;
  };
  using place = std::list<waiting>::iterator;

  /// That a run is waited for.
  class registration {
  public:
    registration(watcher& w, run& r) : watcher_(w), place_(w.add(r)) {}
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() { watcher_.remove(place_); }

  private:
    watcher& watcher_;
    place place_;
  };

private:
  void watch() {
    while (next_byte() == signal_byte)
      if (const auto& tell = act(); tell) // without the lock: it may take its time
        tell();
  }

  const std::function<void()>& act() {
    static const std::function<void()> nothing;
    const std::lock_guard lock{mutex_};
    switch (++seen_) {
    case 1:
      for (auto& w : waiting_)
        drain(w);
      return options_.on_drain;
    case 2:
      handlers_->restore();
      for (auto& w : waiting_)
        stop(w);
      return options_.on_stop;
    default:
      return nothing;
    }
  }

  void give_back() {
    const std::lock_guard lock{mutex_};
    handlers_->restore();
  }

  place add(run& r) {
    const std::lock_guard lock{mutex_};
    waiting_.push_front({&r, {}});
    if (seen_ >= 1)
      drain(waiting_.front());
    if (seen_ >= 2)
      stop(waiting_.front());
    return waiting_.begin();
  }

  // After the end of the run.
  void remove(place p) {
    std::list<waiting> over;
    {
      const std::lock_guard lock{mutex_};
      over.splice(over.begin(), waiting_, p);
    }
    for (auto& t : over.front().enders)
      t.join();
  }

  // Both calls last until the run has ended, so each has a thread of its own.
  void drain(waiting& w) const {
    w.enders.emplace_back([r = w.r, limit = options_.drain_limit] { (void)r->drain(limit); });
  }
  static void stop(waiting& w) {
    w.enders.emplace_back([r = w.r] { (void)r->stop(); });
  }

  const shutdown_options options_;
  const sole_owner owner_;
  std::mutex mutex_; ///< guards the next three
  std::list<waiting> waiting_;
  int seen_ = 0;
  std::optional<handlers> handlers_;
  std::thread thread_;
};

shutdown_signals::shutdown_signals(shutdown_options options)
    : watcher_(std::make_unique<watcher>(std::move(options))) {}

shutdown_signals::~shutdown_signals() = default;

report shutdown_signals::wait(run& r) { return std::move(wait(std::vector{&r}).front()); }

std::vector<report> shutdown_signals::wait(const std::vector<run*>& runs) {
  for (const auto* r : runs)
    (void)r->done(); // an empty run is refused before any other is waited for
  std::list<watcher::registration> waited_for;
  for (auto* r : runs)
    waited_for.emplace_back(*watcher_, *r);
  std::vector<report> ends;
  ends.reserve(runs.size());
  for (auto* r : runs)
    ends.push_back(r->wait());
  return ends;
}

int shutdown_signals::received() const noexcept { return signals; }

} // namespace troupe
