#pragma once

// The names of all public types, for headers that only mention them.

namespace troupe {

// Words.
class context;
class error;
class observer;
class on_error;
class rate;
class report;
class time_span;
struct counters;
struct dead_letter;
struct graph_metrics;
struct settings;
struct stage_metrics;
enum class errc;

// Patterns.
template <class T>
class flow;
template <class T>
class lanes;
class run;
class topology;
struct run_options;
template <class Req, class Resp>
class service;
class dead_letter_file;
class limiter;
class dump_on;
class manager;
class optimizer;
class semaphore;
class shutdown_signals;
class supervisor;
class supervisor_spec;

// The monitor.
class monitor;
class threshold;
struct alert;

} // namespace troupe
