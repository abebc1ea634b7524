#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/text/line_writer.hpp>
#include <troupe/transforms.hpp>

namespace troupe {

struct sink_options {
  count consumers = 1; ///< actors that run the function at the same time, each with its own copy
  count buffer = default_buffer; ///< most items on the edge into the sink
  batch_size batch = automatic;
  troupe::on_error on_error = troupe::on_error::stop;
  restart_intensity intensity = restart_intensity::never(); ///< as in stage_options
  troupe::thread thread = troupe::thread::shared;
};

/// Of a sink without a function of yours.
struct plain_sink_options {
  count buffer = default_buffer; ///< most items on the edge into it
  batch_size batch = automatic;
};

namespace detail {

inline node sink_node(std::string name, std::string_view what, const sink_options& o) {
  return stage_node(std::move(name), what,
                    {.parallel = o.consumers,
                     .buffer = o.buffer,
                     .batch = o.batch,
                     .on_error = o.on_error,
                     .intensity = o.intensity,
                     .thread = o.thread});
}
inline node sink_node(std::string name, std::string_view what, const plain_sink_options& o,
                      troupe::thread thread = thread::shared) {
  return sink_node(std::move(name), what,
                   sink_options{.buffer = o.buffer, .batch = o.batch, .thread = thread});
}

template <class T, class F>
struct sink_op : faulty {
  using input = T;
  using output = no_output;

  F function;
  bool keep;

  sink_op(F f, bool k) : function(std::move(f)), keep(k) {}

  bool keeps() const noexcept { return can_keep<F, T>; }
  disposition operator()(T& item, emitter<no_output>& out, kernel_host& host) {
    if constexpr (std::is_void_v<answer_t<F, T>>) {
      call_on(function, item, keep, host.ctx());
      return disposition::delivered;
    } else {
      return settle(call_on(function, item, keep, host.ctx()), out, fault);
    }
  }
};

template <class T, class V>
struct collect_op {
  using input = T;
  using output = no_output;
  std::vector<V>* into;

  disposition operator()(T& item, emitter<no_output>&, kernel_host&) {
    into->push_back(static_cast<V>(std::move(item)));
    return disposition::delivered;
  }
};

template <class T>
struct ignore_op {
  using input = T;
  using output = no_output;

  disposition operator()(T&, emitter<no_output>&, kernel_host&) { return disposition::delivered; }
};

template <class T>
struct write_lines_op {
  using input = T;
  using output = no_output;
  std::unique_ptr<line_writer> file;
  std::uint64_t pending = 0; ///< lines that may still be lost with a full disk: in flight

  disposition operator()(T& item, emitter<no_output>&, kernel_host& host) {
    const bool written = file->write(item);
    ++pending;
    if (written)
      host.counts().deliver(std::exchange(pending, 0));
    return disposition::held;
  }
  bool finish(emitter<no_output>&, kernel_host& host) {
    file->close();
    host.counts().deliver(std::exchange(pending, 0));
    return true;
  }
};

template <class F>
struct sink_pipe : pipe_tag {
  std::string name;
  F function;
  sink_options options;

  sink_pipe(std::string n, F f, sink_options o)
      : name(std::move(n)), function(std::move(f)), options(std::move(o)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (pipe<F>) {
      return wont_run_parts<T>();
    } else if constexpr (!std::copy_constructible<F>) {
      static_assert(never<T>,
                    "troupe: a sink's function must be copyable: each run and each consumer "
                    "gets a copy (share what cannot be copied through a std::shared_ptr)");
      return flow<invalid>{};
    } else if constexpr (!accepts<F, T>) {
      static_assert(never<T>,
                    "troupe: the function of this sink does not accept the item type that "
                    "the flow hands it");
      return flow<invalid>{};
    } else if constexpr (!sink_answer<answer_t<F, T>>) {
      static_assert(never<T>, "troupe: what the function of this sink answers would be ignored; it "
                              "returns nothing, troupe::result<void> to fail, or std::optional to "
                              "filter");
      return flow<invalid>{};
    } else {
      return extend<void>(f, with_kernel(sink_node(name, "sink", options),
                                         sink_op<T, F>{function, options.on_error.keeps_item()}));
    }
  }
};

} // namespace detail

/// Ends a flow: calls `f` with each item.
///
///     | troupe::sink("store", [&](const row& r) { db.insert(r); },
///                    {.thread = troupe::thread::own})
///
/// Shape:  flow<T> -> flow<void>; one actor, or `consumers` actors behind a distributor, each with
///         a copy of f, each item consumed once. One consumer sees the items in order.
/// Bound:  `buffer` items on the edge into it (at least `consumers`).
/// Errors: as `stage`. f returns nothing, troupe::result<void> to fail, or an std::optional, of
///         which an empty one counts as filtered; another answer would be ignored, and
///         does not compile.
template <class F>
detail::sink_pipe<std::decay_t<F>> sink(std::string name, F&& f, sink_options options = {}) {
  return {std::move(name), std::forward<F>(f), std::move(options)};
}

/// Ends a flow in a vector, which must outlive the run and be left alone until it has ended.
///
/// Bound:  none: the vector grows with the flow.
template <class V>
auto collect(std::string name, std::vector<V>& into, plain_sink_options options = {}) {
  return detail::pipe_of{[name = std::move(name), into = &into,
                          options]<class T>(const flow<T>& f) {
    if constexpr (std::constructible_from<V, T&&>) {
      return detail::extend<void>(f,
                                  detail::with_kernel(detail::sink_node(name, "collect", options),
                                                      detail::collect_op<T, V>{into}));
    } else {
      static_assert(detail::never<T>,
                    "troupe: the vector of this collect does not hold the item type "
                    "that the flow hands it");
      return flow<detail::invalid>{};
    }
  }};
}

/// Ends a flow in a text file, a line an item; an existing file is replaced when the run starts.
///
/// Shape:  flow<T> -> flow<void> for a T that converts to std::string_view; one actor, on a thread
///         of its own.
/// Errors: a file that cannot be opened or written (disk full) fails the run, saying why.
inline auto write_lines(std::string name, std::filesystem::path path,
                        plain_sink_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (std::convertible_to<T&, std::string_view>) {
      return detail::extend<void>(
          f, detail::with_fresh(detail::sink_node(name, "write_lines", options, thread::own), [=] {
            return detail::write_lines_op<T>{std::make_unique<detail::line_writer>(path)};
          }));
    } else {
      static_assert(detail::never<T>, "troupe: write_lines needs items that convert to "
                                      "std::string_view; map them to std::string first");
      return flow<detail::invalid>{};
    }
  }};
}

/// Ends a flow by dropping its items, which count as delivered.
///
/// Bound:  `buffer` items on the edge into it.
inline auto ignore(std::string name, plain_sink_options options = {}) {
  return detail::pipe_of{[name = std::move(name), options]<class T>(const flow<T>& f) {
    return detail::extend<void>(
        f, detail::with_kernel(detail::sink_node(name, "ignore", options), detail::ignore_op<T>{}));
  }};
}

} // namespace troupe
