#include <troupe/dump_on.hpp>

#include <iostream>
#include <thread>
#include <utility>

#include <troupe/detail/thread_name.hpp>
#include <troupe/still_alive.hpp>
#include <troupe/tools/signal_channel.hpp>

namespace troupe {

namespace {

std::string dump_of(caf::actor_system& sys, int signal) {
  std::string text = "troupe: " + detail::signal_name(signal) + "\n";
  const auto runs = still_alive(sys);
  if (runs.empty())
    text += "no run has actors\n";
  for (const auto& run : runs)
    text += to_string(run) + "\n";
  return text;
}

} // namespace

/// Waits for the signal on a thread of its own.
class dump_on::watcher {
public:
  watcher(caf::actor_system& sys, int signal, dump_options options)
      : system_(sys), options_(std::move(options)), signals_("dump_on", {signal}),
        thread_([this] { watch(); }) {}
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher() {
    signals_.restore();
    signals_.wake();
    thread_.join();
  }

private:
  void watch() {
    detail::name_this_thread("troupe.dump");
    while (const int signal = signals_.next()) {
      const auto text = dump_of(system_, signal);
      if (options_.to)
        options_.to(text);
      else
        std::cerr << text << std::flush; // at once: others write there too
    }
  }

  caf::actor_system& system_;
  const dump_options options_;
  detail::signal_channel signals_;
  std::thread thread_;
};

dump_on::dump_on(caf::actor_system& sys, int signal, dump_options options)
    : watcher_(std::make_unique<watcher>(sys, signal, std::move(options))) {}

dump_on::~dump_on() = default;

} // namespace troupe
