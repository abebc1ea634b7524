#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include <troupe/sources.hpp>

namespace troupe {

namespace detail {

/// Text that was read at once; lines are views into it and keep it alive.
class text_block {
public:
  static text_block* make(std::size_t capacity);

  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const noexcept { return capacity_; }
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release(std::size_t references = 1) noexcept;

  /// The reader gives references away without counting each, and takes the rest back at the end.
  static constexpr std::size_t reader_share = std::size_t{1} << 40;

private:
  explicit text_block(std::size_t capacity) : capacity_(capacity) {}

  std::atomic<std::size_t> references_{reader_share};
  std::size_t capacity_;
};

class line_splitter;

} // namespace detail

/// One line of a text, without its end: a view into a block that it keeps alive. Cheap to move;
/// copying counts a reference.
class line {
public:
  line() = default;
  line(const line& other) noexcept
      : block_(other.block_), text_(other.text_), number_(other.number_), cut_(other.cut_) {
    if (block_ != nullptr)
      block_->retain();
  }
  line(line&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), text_(std::exchange(other.text_, {})),
        number_(other.number_), cut_(other.cut_) {}
  line& operator=(line other) noexcept {
    std::swap(block_, other.block_);
    std::swap(text_, other.text_);
    number_ = other.number_;
    cut_ = other.cut_;
    return *this;
  }
  ~line() {
    if (block_ != nullptr)
      block_->release();
  }

  std::string_view text() const noexcept { return text_; }
  operator std::string_view() const noexcept { return text_; }
  explicit operator std::string() const { return std::string{text_}; }

  /// 1 for the first line of the input.
  std::uint64_t number() const noexcept { return number_; }
  /// Whether it was longer than allowed, and this is its beginning.
  bool cut() const noexcept { return cut_; }

  friend bool operator==(const line& a, std::string_view b) noexcept { return a.text_ == b; }

private:
  friend detail::line_splitter;
  line(detail::text_block* block, std::string_view text, std::uint64_t number, bool cut) noexcept
      : block_(block), text_(text), number_(number), cut_(cut) {}

  detail::text_block* block_ = nullptr;
  std::string_view text_;
  std::uint64_t number_ = 0;
  bool cut_ = false;
};

std::ostream& operator<<(std::ostream& out, const line& l);

/// What to do about a line that is longer than allowed.
enum class long_line {
  fail, ///< the run fails, naming the line
  cut,  ///< its first bytes are a line for which `cut()` holds; the rest is skipped
};

/// What to do when an input breaks off: what follows cannot be read.
enum class broken_input {
  fail, ///< the run fails at once, and gives up the lines that are under way
  end,  ///< it is the input's end: all whole lines before it are handled, then the run ends with
        ///< the error, which says behind which line it was
};

/// What ends a line.
enum class line_end {
  any,  ///< "\n" and "\r\n"
  feed, ///< "\n" alone: a "\r" in front of it is a part of the line
};

/// What becomes of NUL bytes.
enum class nul_bytes {
  keep,
  skip_leading, ///< those in front of a line are left out, however many: they are there when a log
                ///< was emptied while its server went on writing where it was
};

struct lines_options {
  count buffer = default_buffer; ///< most lines on the edge out of the source
  count longest = 1024 * 1024;   ///< bytes
  long_line too_long = long_line::fail;
  broken_input broken = broken_input::fail;
  line_end ends = line_end::any;
  nul_bytes nuls = nul_bytes::keep;
};

/// Begins a flow with the lines of a file or pipe (plain or gzip), of standard input ("-"), or of a
/// stream, which must outlive the run and is read once.
///
///     troupe::lines("read", "access.log")
///         | troupe::stage("parse", parse)   // parse(std::string_view)
///
/// Shape:  flow<troupe::line>; one actor on a thread of its own; in order. "\n" and "\r\n" end a
///         line, the last may lack its end.
/// Bound:  `buffer` lines, and the blocks of 128 KiB that they lie in. Whoever keeps a line keeps
///         its block: turn what is to be kept into a std::string.
/// Errors: a file that cannot be opened or read (but see `broken`), or a line longer than
///         `longest` (unless it is to be cut), fails the run, saying which and why.
/// Ends:   a pipe or terminal that is silent keeps neither drain nor stop waiting; a stream that
///         blocks does, until it has read.
/// Cost:   no allocation a line.
flow<line> lines(std::string name, std::filesystem::path path, lines_options options = {});
flow<line> lines(std::string name, std::istream& in, lines_options options = {});

} // namespace troupe
