#include "reader.hpp"

#include "complain.hpp"
#include "growing_file.hpp"

#include <chrono>
#include <sstream>
#include <utility>

#include <poll.h>

namespace log_analytics {

namespace {

progress_state progress_of(const troupe::run& run, const aggregate& sum,
                           const dead_letter_file& dead, std::optional<std::uint64_t> total) {
  progress_state state{sum.lines() + dead.lines(), sum.bytes() + dead.bytes(), total, {}};
  for (const auto& stage : run.metrics().stages) {
    if (stage.mailbox_depth == 0)
      continue;
    state.waiting += state.waiting.empty() ? "" : ", ";
    state.waiting += stage.name + ' ' + std::to_string(stage.mailbox_depth);
  }
  return state;
}

/// A while, or less if a signal comes meanwhile.
void pause() {
  constexpr int milliseconds = 250;
  ::poll(nullptr, 0, milliseconds);
}

} // namespace

reader::reader(const options& o, std::optional<std::uint64_t> total_bytes, aggregate& sum,
               dead_letter_file& dead, troupe::shutdown_signals& signals)
    : options_(o), total_bytes_(total_bytes), sum_(sum), dead_(dead), signals_(signals),
      formats_(o.lines), line_(o.progress) {}

outcome reader::read_all(const std::vector<std::string>& files) {
  outcome result;
  for (const auto& file : files) {
    if (signals_.received() > 0)
      break;
    if (files.size() > 1)
      dead_.begin(file);
    result.inputs.push_back(file);
    auto run = start_run(system_, file, how(), sum_, dead_);
    const auto end = end_of(run);
    result.metrics.push_back(run.metrics());
    result.failed = failed(end, file) || result.failed;
  }
  return result;
}

outcome reader::follow(const std::string& file, const std::function<void()>& changed) {
  using clock = std::chrono::steady_clock;
  outcome result{.inputs = {file}};
  growing_file log{file};
  std::uint64_t lines = 0;
  bool news = false;
  auto told = clock::now();
  while (signals_.received() == 0 && !result.failed) {
    if (auto text = log.next()) {
      std::istringstream in{std::move(*text)};
      auto run = start_run(system_, in, how(lines), sum_, dead_);
      const auto end = end_of(run);
      lines += end.stage("read").received;
      result.failed = failed(end, file);
      news = true;
    } else {
      pause();
    }
    if (const auto now = clock::now(); news && now - told >= std::chrono::seconds{1}) {
      changed();
      news = false;
      told = now;
    }
  }
  return result;
}

troupe::report reader::end_of(troupe::run& run) {
  for (;;) {
    if (auto end = signals_.wait_for(run, progress_line::period)) {
      line_.clear();
      return *end;
    }
    if (line_.shown())
      line_.draw(progress_of(run, sum_, dead_, total_bytes_));
  }
}

bool reader::failed(const troupe::report& end, const std::string& file) {
  const auto& error = end.error();
  if (!error)
    return false;
  const bool named = error->message().find(file) != std::string::npos;
  complain(named ? error->message() : file + ": " + to_string(*error));
  return true;
}

} // namespace log_analytics
