// log_analytics: web access logs, analysed by a pipeline of actors.
//
//   files, stdin                                                          report: text, JSON, CSV
//        |                                                                          ^
//        v                       +---------+                                        |
//    +------+   lines, batches   | parse 1 |   records, as completed   +-----------+|
//    | read |------------------->|   ...   |-------------------------->| aggregate |+
//    +------+<-------------------| parse n |<--------------------------+-----------+
//               demand           +---------+   demand
//                                     |
//                                     v  malformed lines: number, reason, text
//                               --dead-letters FILE
//
// "read" hands out lines as views into shared blocks, "parse" finds the fields in them, "aggregate"
// counts: no line is ever copied. Memory is bounded by the demand between the stages and by the
// limits of the tables (summary.hpp). Several files are read one after another, into one report.

#include "input.hpp"
#include "interrupt.hpp"
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
checked_inputs check_inputs(const std::vector<std::string>& files) {
  checked_inputs result;
  std::string empty;
  for (const auto& file : files) {
    const auto check = check_input(file);
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

/// Waits for the end of `run`, or on an interrupt drains it: the source stops, the rest is counted.
troupe::report follow(troupe::run& run, const aggregate& sum, const dead_letter_file& dead,
                      std::optional<std::uint64_t> total, progress_line& line) {
  constexpr int looks = 10; // for an interrupt, before the line is drawn again
  for (int look = 1;; ++look) {
    if (auto end = run.wait_for(progress_line::period / looks))
      return *end;
    if (interrupted())
      return run.drain(drain_limit);
    if (line.shown() && look % looks == 0)
      line.draw(progress_of(run, sum, dead, total));
  }
}

struct outcome {
  std::vector<std::string> inputs; // that were read, in part at least
  std::vector<troupe::graph_metrics> metrics;
  std::optional<std::string> problem;
};

outcome read_all(const options& o, const checked_inputs& inputs, aggregate& sum,
                 dead_letter_file& dead) {
  outcome result;
  troupe::config config;
  caf::actor_system sys{config};
  progress_line line{o.progress};
  for (const auto& file : inputs.files) {
    if (interrupted() || result.problem)
      break;
    if (inputs.files.size() > 1)
      dead.begin(file);
    result.inputs.push_back(file);
    auto run = start_run(sys, file, o.workers, sum, dead);
    const auto end = follow(run, sum, dead, inputs.total_bytes, line);
    result.metrics.push_back(run.metrics());
    if (const auto& error = end.error())
      result.problem = file + ": " + to_string(*error);
  }
  return result;
}

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

int run_job(const options& o) {
  const auto inputs = check_inputs(o.files);
  if (!inputs.usable)
    return exit_failed;
  dead_letter_file dead;
  if (const auto problem = dead.open(o.dead_letters))
    return fail(*problem);
  catch_interrupts();
  aggregate sum{o.range};
  const auto start = steady_clock::now();
  const auto done = read_all(o, inputs, sum, dead);
  const auto elapsed = steady_clock::now() - start;
  auto& figures = sum.figures();
  for (const auto& [reason, count] : dead.reasons())
    figures.add_failed(reason, count);
  if (done.problem && (fail(*done.problem), figures.lines() == 0))
    return exit_failed;
  if (figures.lines() == figures.failed() && !interrupted())
    return fail(figures.lines() == 0 ? "there is not one line to read"
                                     : "no line is in the combined or common log format");
  write_report(o, figures,
               {done.inputs, o.top, !interrupted() && !done.problem, elapsed,
                terminal_columns(STDOUT_FILENO)});
  if (o.stats)
    for (const auto& metrics : done.metrics)
      write_stats(std::cerr, metrics);
  if (const auto problem = dead.close())
    return fail(*problem);
  if (!std::cout)
    return fail("standard output: the report could not be written");
  return done.problem ? exit_failed : exit_fine;
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
