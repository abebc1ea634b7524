#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/dead_letter_file.hpp>
#include <troupe/flow.hpp>
#include <troupe/fused.hpp>
#include <troupe/lines.hpp>
#include <troupe/on_error.hpp>
#include <troupe/result.hpp>
#include <troupe/stage.hpp>

namespace troupe {

/// A dead letter as it was written to a file.
struct dead_letter_line {
  std::uint64_t line = 0; ///< in the file, from 1
  std::string stage;
  error reason; ///< with stage and attempts
  std::string time;
  std::optional<std::string> item; ///< empty if it could not be printed
  std::string run;                 ///< its name; empty if it had none
};

/// `lost.jsonl:3: …` for people: stage, reason and item.
std::ostream& operator<<(std::ostream& out, const dead_letter_line& l);

struct replay_options {
  std::string stage = {};             ///< only letters of this stage; empty: all
  count longest = 16LL * 1024 * 1024; ///< bytes of a line; a longer one is malformed
  count buffer = default_buffer;      ///< most lines, and most letters, on their edges
  troupe::on_error on_error = troupe::on_error::stop; ///< for lines that are malformed
};

namespace detail {

/// The letter on each line of the file; lines of other stages are filtered. Errors: what is wrong
/// with a line, with file and line number.
class letter_reader {
public:
  letter_reader(const std::filesystem::path& path, std::string stage)
      : file_(path.string()), stage_(std::move(stage)) {}
  result<std::optional<dead_letter_line>> operator()(const line& l) const;
  error malformed(std::uint64_t number, const std::string& why) const;

private:
  std::string file_;
  std::string stage_;
};

/// The text of the item of each. Errors: also for one that has none.
class item_reader {
public:
  explicit item_reader(letter_reader letters) : letters_(std::move(letters)) {}
  result<std::optional<std::string>> operator()(const line& l) const;

private:
  letter_reader letters_;
};

flow<line> letter_lines(const std::string& name, const std::filesystem::path& path,
                        const replay_options& options);
stage_options letter_stage(const replay_options& options);

template <class F>
using replayed_t = unwrapped_t<std::invoke_result_t<F&, std::string>>;
template <class T, class F>
concept replays = std::invocable<F&, std::string> && std::same_as<replayed_t<F>, T>;

} // namespace detail

/// Begins a flow with the letters that a dead_letter_file has written.
///
/// Shape:  flow<dead_letter_line>; two actors, "NAME lines" that reads and NAME; in order.
/// Bound:  as `lines`, and `buffer` letters.
/// Errors: as `lines`; std::invalid_argument for an option out of range. A malformed line goes
///         where `on_error` says, with file and line number.
flow<dead_letter_line> dead_letters(std::string name, std::filesystem::path path,
                                    replay_options options = {});

/// Begins a flow with the items that a dead_letter_file has kept, made of their text by `parse`: T,
/// std::optional<T> or troupe::result<T> of a std::string_view or std::string.
///
///     auto again = troupe::replay<order>("again", "lost.jsonl", parse_order, {.stage = "book"})
///                  | troupe::stage("book", book) | …
///
/// Shape:  flow<T>; otherwise, and in its errors, like `dead_letters`. A letter without an item is
///         malformed; one that `parse` fails on goes where `on_error` says.
template <class T, class F>
flow<T> replay(std::string name, std::filesystem::path path, F parse, replay_options options = {}) {
  if constexpr (!detail::replays<T, F>) {
    static_assert(detail::never<F>, "troupe: replay<T> needs a function that takes a "
                                    "std::string_view and returns T, std::optional<T> or "
                                    "troupe::result<T>");
    return {};
  } else {
    const detail::item_reader items{{path, options.stage}};
    return detail::letter_lines(name, path, options)
           | stage(name, fused(items, std::move(parse)), detail::letter_stage(options));
  }
}

} // namespace troupe
