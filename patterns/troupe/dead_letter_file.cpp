#include <troupe/dead_letter_file.hpp>

#include <limits>
#include <utility>

#include <troupe/detail/refusal.hpp>
#include <troupe/text/letter_line.hpp>
#include <troupe/text/letter_writer.hpp>
#include <troupe/text/utc_time.hpp>

namespace troupe {

dead_letter_file::dead_letter_file(std::filesystem::path path, dead_letter_file_options options) {
  detail::check_count("dead_letter_file", "max_bytes", options.max_bytes, 1,
                      std::numeric_limits<long long>::max());
  writer_ = std::make_shared<detail::letter_writer>(std::move(path), options.max_bytes,
                                                    options.existing == existing_file::append
                                                        ? detail::output_file::opening::append
                                                        : detail::output_file::opening::replace);
}

void dead_letter_file::operator()(const dead_letter& letter) const {
  writer_->add(detail::letter_line(letter, detail::utc_now()));
}

std::optional<error> dead_letter_file::error() const { return writer_->flush(); }
std::uint64_t dead_letter_file::written() const { return writer_->written(); }
std::uint64_t dead_letter_file::unwritten() const { return writer_->unwritten(); }

result<void> dead_letter_file::close() const {
  if (auto failed = writer_->close())
    return tl::unexpected{*std::move(failed)};
  return {};
}

} // namespace troupe
