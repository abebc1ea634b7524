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

#include "complain.hpp"
#include "input.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "progress.hpp"
#include "reader.hpp"
#include "report.hpp"
#include "state.hpp"
#include "stats.hpp"
#include "whole_file.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <malloc.h>
#include <unistd.h>

#include <troupe/shutdown_signals.hpp>

namespace log_analytics {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds drain_limit{30};

int fail(const std::string& problem) {
  complain(problem);
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
  if (o.follow) // it may not be there yet
    return {o.files, std::nullopt, true};
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

struct output {
  std::string option;
  std::string file;

  std::string problem(const std::string& what) const { return option + ": " + file + what; }
};

/// That what is written would destroy what is read, or what else is written; that nobody reads it.
std::optional<std::string> output_problem(const options& o) {
  const std::array<output, 3> outputs{
      {{"--dead-letters", o.dead_letters}, {"--html", o.html}, {"--state", o.state}}};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& out = outputs[i];
    for (const auto& input : o.files)
      if (is_same_file(out.file, input))
        return out.problem(" is an input, which would be lost; name another file");
    for (std::size_t k = 0; k < i; ++k)
      if (is_same_file(out.file, outputs[k].file))
        return out.problem(" is the file of another output, too; name another file");
    if (is_unread_pipe(out.file))
      return out.problem(" is a pipe that nobody reads; begin to read it first");
  }
  if (o.follow && !may_be_followed(o.files.front()))
    return "--follow: " + o.files.front() + " is no plain file that can grow";
  return std::nullopt;
}

/// One job, from the look at its inputs to the exit code.
class job {
public:
  explicit job(const options& o) : options_(o) {
    if (o.state.empty())
      return;
    lock_.emplace(o.state);
    sum_.go_on_with(load_state(o.state));
  }

  int run(const checked_inputs& inputs) {
    if (const auto problem = dead_.open(options_.dead_letters))
      return fail(*problem);
    done_ = read(inputs);
    const auto& figures = sum_.figures();
    if (done_.failed && figures.lines() == 0)
      return exit_failed;
    const auto told = figures.lines() - figures.skipped(); // by what is no blank or comment
    if (told == figures.failed() && (told > 0 || figures.lines() == 0) && !interrupted())
      return fail(figures.lines() == 0 ? "there is not one line to read"
                                       : "no line is in the log format; see --format");
    write_report();
    if (options_.stats)
      for (const auto& metrics : done_.metrics)
        write_stats(std::cerr, metrics);
    return finish();
  }

private:
  bool interrupted() const { return signals_.received() > 0; }
  bool complete() const { return !done_.failed && (options_.follow || !interrupted()); }

  outcome read(const checked_inputs& inputs) {
    reader r{options_, inputs.total_bytes, sum_, dead_, signals_};
    if (!options_.follow)
      return r.read_all(inputs.files);
    done_.inputs = inputs.files;
    return r.follow(inputs.files.front(), [this] { show_so_far(); });
  }

  /// On a terminal, and for whoever looks at the page.
  void show_so_far() {
    if (options_.format == report_format::text && terminal_columns(STDOUT_FILENO) > 0) {
      std::cout << "\x1b[H\x1b[2J";
      write_report();
    }
    write_page();
  }

  report_options how() const {
    return {.inputs = done_.inputs,
            .top = options_.top,
            .complete = complete(),
            .csv_safe = options_.csv_safe,
            .elapsed = steady_clock::now() - start_,
            .columns = terminal_columns(STDOUT_FILENO)};
  }

  void write_report() {
    switch (options_.format) {
    case report_format::text:
      write_text(std::cout, sum_.figures(), how());
      break;
    case report_format::json:
      write_json(std::cout, sum_.figures(), how());
      break;
    case report_format::csv:
      write_csv(std::cout, sum_.figures(), how());
      break;
    }
    std::cout.flush();
  }

  std::optional<std::string> write_page() {
    if (options_.html.empty())
      return std::nullopt;
    const auto problem = replace_file(
        options_.html, [&](std::ostream& out) { write_html(out, sum_.figures(), how()); });
    return problem ? std::optional{"--html: " + *problem} : std::nullopt;
  }

  /// What is written besides the report. All of it is tried.
  int finish() {
    bool failed = done_.failed;
    for (const auto& problem : {write_page(), dead_.close()})
      if (problem) {
        fail(*problem);
        failed = true;
      }
    if (!std::cout) {
      fail("standard output: the report could not be written");
      failed = true;
    }
    if (!options_.state.empty() && !failed && complete())
      save_state(options_.state, sum_.figures());
    else if (!options_.state.empty())
      fail("--state: " + options_.state + " is as it was before, since not all was read");
    return failed ? exit_failed : exit_code();
  }

  /// Of a job that a signal has ended, as shells have it.
  int exit_code() const {
    constexpr int ended_by_signal = 128;
    return interrupted() ? ended_by_signal + signals_.first() : exit_fine;
  }

  const options& options_;
  std::optional<state_lock> lock_;
  aggregate sum_;
  dead_letter_file dead_;
  troupe::shutdown_signals signals_{{.drain_limit = drain_limit}};
  steady_clock::time_point start_ = steady_clock::now();
  outcome done_;
};

int run_job(const options& o) {
  if (const auto problem = output_problem(o)) {
    fail(*problem);
    return exit_usage;
  }
  const auto inputs = check_inputs(o);
  return inputs.usable ? job{o}.run(inputs) : exit_failed;
}

} // namespace

} // namespace log_analytics

int main(int argc, char** argv) {
  using namespace log_analytics;
  // What a table gives back when it makes room is to go back to the system: it is in blocks larger
  // than this, and the blocks that lines are in, which come and go all the time, are smaller.
  constexpr int given_back = 200 * 1024;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
  ::mallopt(M_MMAP_THRESHOLD, given_back);
  std::ios::sync_with_stdio(false);
  try {
    const auto parsed = parse_options(argc, argv, std::cout, std::cerr);
    return parsed.value ? run_job(*parsed.value) : parsed.exit_code;
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
