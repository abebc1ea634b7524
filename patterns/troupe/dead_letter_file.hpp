#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/result.hpp>

namespace troupe {

namespace detail {
class letter_writer;
} // namespace detail

/// What a dead_letter_file does about what is in its file already.
enum class existing_file { append, replace };

struct dead_letter_file_options {
  count max_bytes = 1LL << 30; ///< of the file; what would go beyond it is counted, not written
  existing_file existing = existing_file::append;
};

/// Keeps dead letters in a file, a line of JSON each.
///
///     troupe::dead_letter_file letters{"lost.jsonl"};
///     auto end = troupe::start(sys, flow, {.dead_letters = letters}).wait();
///     if (const auto failed = letters.error()) …     // a full disk
///
/// Shape:  a handle: copies write to the same file. Callable from any thread. A line has
///         time (UTC), run, where it has a name, stage, code, message, attempts, and item, as text,
///         where the item could be printed; one that is not UTF-8 is also in item_hex.
/// Bound:  a buffer of 64 KiB, a file of `max_bytes`.
/// Errors: std::system_error for a file that cannot be opened; std::invalid_argument for max_bytes
///         < 1. The first error of writing is kept for `error` and `close`; what was not
///         written is counted.
/// Loss:   what is in the buffer, should the process end without letting go of the last handle.
class dead_letter_file {
public:
  explicit dead_letter_file(std::filesystem::path path, dead_letter_file_options options = {});

  void operator()(const dead_letter& letter) const;

  /// Writes what is in the buffer, and says whether writing has failed so far.
  std::optional<troupe::error> error() const;
  /// Letters that are in the file, or on their way to it.
  std::uint64_t written() const;
  /// Letters that are not, for want of room, because writing failed, or that came after `close`.
  std::uint64_t unwritten() const;
  /// Writes what is in the buffer and closes the file, as the last handle does when it goes.
  result<void> close() const;

private:
  std::shared_ptr<detail::letter_writer> writer_;
};

} // namespace troupe
