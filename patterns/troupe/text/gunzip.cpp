#include <troupe/text/gunzip.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#ifdef TROUPE_HAS_ZLIB
#include <zlib.h>
#endif

namespace troupe::detail {

#ifdef TROUPE_HAS_ZLIB

namespace {

constexpr std::size_t buffer_size = 128 * 1024;

class gunzip final : public text_input {
public:
  gunzip(std::unique_ptr<text_input> packed, const std::string& head, std::string name)
      : packed_(std::move(packed)), name_(std::move(name)),
        buffer_(std::max(buffer_size, head.size())) {
    head.copy(buffer_.data(), head.size());
    show(head.size());
    constexpr int gzip_only = 15 + 16;
    if (::inflateInit2(&stream_, gzip_only) != Z_OK)
      fail("out of memory");
  }
  ~gunzip() override { ::inflateEnd(&stream_); }

  int descriptor() const noexcept override { return packed_->descriptor(); }

  answer read(char* into, std::size_t size) override {
    if (damaged_ != nullptr)
      fail(damaged_);
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (const auto got = refill(); got == status::waiting)
        return {status::waiting, 0};
      if (between_members_ && !begins_member())
        return {status::ended, 0};
      if (stream_.avail_in == 0)
        fail("unexpected end of file");
      unpack();
      if (damaged_ != nullptr && stream_.avail_out == size)
        fail(damaged_);
    }
    return {status::ok, size - stream_.avail_out};
  }

private:
  // Makes sure that there is something to look at, two bytes where a member may begin, unless the
  // file has ended.
  status refill() {
    const uInt needed = between_members_ ? 2 : 1;
    while (stream_.avail_in < needed && !ended_) {
      const auto left = stream_.avail_in;
      std::move(stream_.next_in, stream_.next_in + left, buffer_.begin());
      const auto got = packed_->read(buffer_.data() + left, buffer_.size() - left);
      show(left + got.bytes);
      if (got.what == status::waiting)
        return status::waiting;
      ended_ = got.what == status::ended;
    }
    return status::ok;
  }

  void show(std::size_t bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_in = static_cast<uInt>(bytes);
  }

  bool begins_member() {
    const std::string_view next{reinterpret_cast<const char*>(stream_.next_in), stream_.avail_in};
    if (!next.starts_with(gzip_magic))
      return false;
    between_members_ = false;
    ::inflateReset(&stream_);
    return true;
  }

  void unpack() {
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END)
      between_members_ = true;
    else if (code == Z_MEM_ERROR)
      fail("out of memory");
    else if (code != Z_OK && code != Z_BUF_ERROR)
      damaged_ = stream_.msg != nullptr ? stream_.msg : "not gzip";
  }

  [[noreturn]] void fail(const char* why) const {
    throw std::runtime_error{"cannot read " + name_ + ": " + why};
  }

  std::unique_ptr<text_input> packed_;
  std::string name_;
  std::vector<char> buffer_;
  z_stream stream_{};
  const char* damaged_ = nullptr; ///< why there is nothing behind what is unpacked
  bool between_members_ = false;
  bool ended_ = false;
};

} // namespace

std::unique_ptr<text_input> unpacked(std::unique_ptr<text_input> packed, std::string head,
                                     std::string name) {
  return std::make_unique<gunzip>(std::move(packed), head, std::move(name));
}

#else

std::unique_ptr<text_input> unpacked(std::unique_ptr<text_input>, std::string, std::string name) {
  throw std::runtime_error{"cannot read " + name + ": gzip, and this build has no zlib"};
}

#endif

} // namespace troupe::detail
