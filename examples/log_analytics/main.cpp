// log_analytics: web access logs, analysed by a pipeline of actors.
//
//   files, stdin                                                          report: text, JSON, CSV
//        |                                                                          ^
//        v                       +---------+                                        |
//    +------+  lines  +--------+ | parse 1 |   records, in order       +-----------+|
//    | read |-------->| format |>|   ...   |-------------------------->| aggregate |+
//    +------+         +--------+ | parse n |<--------------------------+-----------+
//            <--------          <+---------+   demand                        |
//                                                                            v  malformed lines:
//                                                                    --dead-letters FILE
//
// "read" hands out lines as views into shared blocks, "format" knows how each is to be read, "parse"
// finds the fields in them, "aggregate" counts: no line is ever copied. Memory is bounded by the
// demand between the stages and by the limits of the tables (summary.hpp). Several files are read
// one after another, into one report.

#include "input.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "stats.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <caf/actor_system.hpp>

#include <troupe/config.hpp>
#include <troupe/shutdown_signals.hpp>

namespace log_analytics {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds drain_limit{30};

int fail(const std::string& problem) {
  std::cerr << "log_analytics: " << problem << '\n';
  return exit_failed;
}

struct checked_inputs {
  std::vector<std::string> files;
  std::optional<std::uint64_t> total_bytes = 0; // nothing if that of one is unknown
  bool usable = true;
};

/// Says what is wrong with the inputs, all of it, before any work is done.
checked_inputs check_inputs(const options& o) {
  checked_inputs result;
  std::string empty;
  for (const auto& file : o.files) {
    const auto check = check_input(file, o.lines);
    if (check.state == input_state::unusable) {
      result.usable = false;
      fail(check.problem);
    } else if (check.state == input_state::empty) {
      fail(check.problem);
    } else {
      result.files.push_back(file);
      if (!check.size || !result.total_bytes)
        result.total_bytes.reset();
      else
        *result.total_bytes += *check.size;
    }
  }
  // One empty log among others, as after a rotation, is no reason to refuse the others.
  result.usable = result.usable && !result.files.empty();
  return result;
}

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

struct outcome {
  std::vector<std::string> inputs; // that were read, in part at least
  std::vector<troupe::graph_metrics> metrics;
  bool failed = false;
};

/// Reads one input after another into one summary.
class reader {
public:
  reader(const options& o, const checked_inputs& inputs, aggregate& sum, dead_letter_file& dead,
         troupe::shutdown_signals& signals)
      : options_(o), inputs_(inputs), sum_(sum), dead_(dead), signals_(signals), formats_(o.lines),
        line_(o.progress) {}

  outcome read_all() {
    troupe::config config;
    caf::actor_system sys{config};
    outcome result;
    for (const auto& file : inputs_.files) {
      if (signals_.received() > 0)
        break;
      if (inputs_.files.size() > 1)
        dead_.begin(file);
      result.inputs.push_back(file);
      auto run = start_run(sys, file, {formats_, options_.wanted, options_.workers}, sum_, dead_);
      const auto end = follow(run);
      line_.clear();
      result.metrics.push_back(run.metrics());
      if (const auto& error = end.error()) { // the others can be read all the same
        result.failed = true;
        fail(error->stage() == "read" ? error->message() : file + ": " + to_string(*error));
      }
    }
    return result;
  }

private:
  /// Waits for the end of the run. On a signal the source stops, and the rest is counted.
  troupe::report follow(troupe::run& run) {
    for (;;) {
      if (auto end = signals_.wait_for(run, progress_line::period))
        return *end;
      if (line_.shown())
        line_.draw(progress_of(run, sum_, dead_, inputs_.total_bytes));
    }
  }

  const options& options_;
  const checked_inputs& inputs_;
  aggregate& sum_;
  dead_letter_file& dead_;
  troupe::shutdown_signals& signals_;
  formats formats_;
  progress_line line_;
};

void write_report(const options& o, const summary& figures, const report_options& how) {
  switch (o.format) {
  case report_format::text:
    write_text(std::cout, figures, how);
    break;
  case report_format::json:
    write_json(std::cout, figures, how);
    break;
  case report_format::csv:
    write_csv(std::cout, figures, how);
    break;
  }
  std::cout.flush();
}

/// The exit code of a job that a signal has ended, as shells have it.
int exit_code(const troupe::shutdown_signals& signals, bool failed) {
  constexpr int ended_by_signal = 128;
  if (failed)
    return exit_failed;
  return signals.received() > 0 ? ended_by_signal + signals.first() : exit_fine;
}

std::optional<std::string> output_problem(const options& o) {
  const auto input = input_that_is(o.dead_letters, o.files);
  if (!input.empty())
    return "--dead-letters: " + o.dead_letters + " is the input " + input
           + ", which would be lost; name another file";
  return std::nullopt;
}

int run_job(const options& o) {
  if (const auto problem = output_problem(o)) {
    fail(*problem);
    return exit_usage;
  }
  const auto inputs = check_inputs(o);
  if (!inputs.usable)
    return exit_failed;
  dead_letter_file dead;
  if (const auto problem = dead.open(o.dead_letters))
    return fail(*problem);
  troupe::shutdown_signals signals{{.drain_limit = drain_limit}};
  aggregate sum;
  const auto start = steady_clock::now();
  const auto done = reader{o, inputs, sum, dead, signals}.read_all();
  const auto elapsed = steady_clock::now() - start;
  const bool interrupted = signals.received() > 0;
  auto& figures = sum.figures();
  for (const auto& [reason, count] : dead.reasons())
    figures.add_failed(reason, count);
  if (done.failed && figures.lines() == 0)
    return exit_failed;
  if (figures.lines() == figures.failed() && !interrupted)
    return fail(figures.lines() == 0 ? "there is not one line to read"
                                     : "no line is in the log format; see --format");
  write_report(o, figures,
               {.inputs = done.inputs,
                .top = o.top,
                .complete = !interrupted && !done.failed,
                .csv_safe = o.csv_safe,
                .elapsed = elapsed,
                .columns = terminal_columns(STDOUT_FILENO)});
  if (o.stats)
    for (const auto& metrics : done.metrics)
      write_stats(std::cerr, metrics);
  if (const auto problem = dead.close())
    return fail(*problem);
  if (!std::cout)
    return fail("standard output: the report could not be written");
  return exit_code(signals, done.failed);
}

} // namespace

} // namespace log_analytics

int main(int argc, char** argv) {
  using namespace log_analytics;
  std::ios::sync_with_stdio(false);
  try {
    const auto parsed = parse_options(argc, argv, std::cout, std::cerr);
    return parsed.value ? run_job(*parsed.value) : parsed.exit_code;
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
