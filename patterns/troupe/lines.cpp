#include <troupe/lines.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <ostream>
#include <stdexcept>

#include <troupe/text/text_input.hpp>

namespace troupe {

namespace detail {

namespace {

// Large enough that a read costs little, small enough that a block stays in the second-level cache.
constexpr std::size_t block_size = 128 * 1024;

} // namespace

text_block* text_block::make(std::size_t capacity) {
  void* const memory = ::operator new(sizeof(text_block) + capacity);
  return ::new (memory) text_block{capacity};
}

void text_block::release(std::size_t references) noexcept {
  if (references_.fetch_sub(references, std::memory_order_acq_rel) != references)
    return;
  this->~text_block();
  ::operator delete(static_cast<void*>(this));
}

/// Reads blocks and cuts them into lines. A line that a block's end cuts is copied to the next
/// block.
class line_splitter final : public source_kernel {
public:
  line_splitter(std::function<std::unique_ptr<text_input>()> open_input, const lines_options& o)
      : open_input_(std::move(open_input)), options_(o), longest_(o.longest) {}
  ~line_splitter() override { drop_block(); }

  void open(source_services) override { input_ = open_input_(); }

  int descriptor() const noexcept override { return input_->descriptor(); }

  supply fill(batch_base& out, kernel_host& host) override {
    auto& items = static_cast<batch<line>&>(out).items;
    while (items.size() < out.limit && !host.halted()) {
      if (options_.nuls == nul_bytes::skip_leading)
        skip_nuls();
      if (next_line(items))
        continue;
      if (size_ > longest_)
        begin_skipping(items);
      if (ended_)
        return last_line(items);
      const auto got = options_.broken == broken_input::fail ? read_more() : read_or_end(host);
      if (got.what == text_input::status::waiting)
        return supply::unready;
      ended_ = got.what == text_input::status::ended;
    }
    return supply::more;
  }

private:
  // Only in front of a line: what is already scanned begins with something else.
  void skip_nuls() {
    if (skipping_ || scanned_ > 0)
      return;
    const auto* const text = std::find_if(text_, text_ + size_, [](char c) { return c != '\0'; });
    drop(static_cast<std::size_t>(text - text_));
  }

  bool next_line(item_array<line>& items) {
    const auto* const from = text_ + scanned_;
    const auto* const newline
        = from == nullptr ? nullptr
                          : static_cast<const char*>(std::memchr(from, '\n', size_ - scanned_));
    if (newline == nullptr) {
      scanned_ = size_;
      return false;
    }
    const auto length = static_cast<std::size_t>(newline - text_);
    if (!std::exchange(skipping_, false))
      hand_out(items, length);
    drop(length + 1);
    return true;
  }

  supply last_line(item_array<line>& items) {
    if (size_ > 0 && !skipping_)
      hand_out(items, size_);
    drop(size_);
    return supply::ended;
  }

  // What has come of the current line is too long already, and its end is not in sight.
  void begin_skipping(item_array<line>& items) {
    if (!std::exchange(skipping_, true))
      hand_out(items, size_);
    drop(size_);
  }

  void drop(std::size_t bytes) {
    text_ += bytes;
    size_ -= bytes;
    scanned_ = 0;
  }

  void hand_out(item_array<line>& items, std::size_t length) {
    const bool cut = length > longest_;
    if (cut && options_.too_long == long_line::fail)
      throw std::runtime_error{"line " + std::to_string(number_ + 1) + " is longer than "
                               + std::to_string(longest_) + " bytes"};
    if (cut)
      length = longest_;
    else if (length > 0 && text_[length - 1] == '\r' && options_.ends == line_end::any)
      --length;
    items.push_back(line{block_, {text_, length}, ++number_, cut});
    ++given_;
  }

  text_input::answer read_more() {
    if (block_ == nullptr || text_ + size_ == block_->data() + block_->capacity())
      next_block();
    auto* const into = block_->data() + (text_ - block_->data()) + size_;
    const auto room = static_cast<std::size_t>(block_->data() + block_->capacity() - into);
    const auto got = input_->read(into, room);
    size_ += got.bytes;
    return got;
  }

  // Of the line that it breaks off in nobody knows whether it is whole.
  text_input::answer read_or_end(kernel_host& host) {
    try {
      return read_more();
    } catch (const std::exception& e) {
      host.end_with({errc::stage_failed,
                     {},
                     std::string{e.what()} + ", behind line " + std::to_string(number_)});
      drop(size_);
      return {text_input::status::ended, 0};
    }
  }

  // A fresh block that begins with what is left of the old one.
  void next_block() {
    auto* const fresh = text_block::make(std::max(block_size, 2 * size_));
    if (size_ > 0)
      std::memcpy(fresh->data(), text_, size_);
    drop_block();
    block_ = fresh;
    text_ = fresh->data();
  }

  void drop_block() {
    if (block_ != nullptr)
      block_->release(text_block::reader_share - given_);
    block_ = nullptr;
    given_ = 0;
  }

  std::function<std::unique_ptr<text_input>()> open_input_;
  std::unique_ptr<text_input> input_;
  lines_options options_;
  std::size_t longest_;
  bool skipping_ = false; ///< the current line was cut; its rest is of no interest
  text_block* block_ = nullptr;
  const char* text_ = nullptr; ///< what is not handed out yet, in block_
  std::size_t size_ = 0;
  std::size_t scanned_ = 0; ///< of it, known to have no line end
  std::size_t given_ = 0;   ///< references to block_ that lines have
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

namespace {

flow<line> lines_from(std::string name, std::function<std::unique_ptr<text_input>()> open,
                      const lines_options& options) {
  check_count("lines", name, "longest", options.longest);
  auto n = source_node(std::move(name), "lines", {.buffer = options.buffer, .thread = thread::own});
  n.source.reads_input = true;
  n.source.make = [open = std::move(open), options](std::size_t, caf::actor_system&) {
    return std::make_unique<line_splitter>(open, options);
  };
  return begin_flow<line>(std::move(n));
}

} // namespace

} // namespace detail

std::ostream& operator<<(std::ostream& out, const line& l) { return out << l.text(); }

flow<line> lines(std::string name, std::filesystem::path path, lines_options options) {
  return detail::lines_from(
      std::move(name), [path = std::move(path)] { return detail::open_input(path); }, options);
}

flow<line> lines(std::string name, std::istream& in, lines_options options) {
  return detail::lines_from(
      std::move(name), [&in] { return detail::open_input(in); }, options);
}

} // namespace troupe
