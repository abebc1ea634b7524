#include <troupe/alert_file.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>

#include <troupe/detail/alert_line.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/text/output_file.hpp>

namespace troupe {

namespace {

using detail::output_file;

class to_file final : public alert_listener {
public:
  to_file(const std::filesystem::path& path, std::uint64_t max_bytes)
      : path_{std::filesystem::absolute(path)}, max_bytes_{max_bytes} {
    output_file{path_, output_file::opening::append}.close();
  }

  std::string name() const override { return "file " + path_.string(); }

  void on_alert(const alert& a) override {
    const auto at = detail::wall_time(a.at, std::chrono::steady_clock::now(),
                                      std::chrono::system_clock::now());
    auto line = detail::alert_line(a, at);
    const std::lock_guard lock{mutex_};
    output_file file{path_, output_file::opening::append};
    // Of a process that was killed, or of ours when the disk was full.
    if (file.ends_amid_a_line())
      line.insert(line.begin(), '\n');
    if (line.size() > max_bytes_ || file.size() > max_bytes_ - line.size())
      throw std::runtime_error("\"" + path_.string()
                               + "\" is full: max_bytes = " + std::to_string(max_bytes_));
    file.write(line);
    file.close();
  }

private:
  const std::filesystem::path path_;
  const std::uint64_t max_bytes_;
  std::mutex mutex_; ///< two monitors may have this: a line is written as a whole
};

} // namespace

std::shared_ptr<alert_listener> alert_file(std::filesystem::path path, alert_file_options options) {
  detail::check_count("alert_file", "max_bytes", options.max_bytes, 1,
                      std::numeric_limits<long long>::max());
  return std::make_shared<to_file>(path, options.max_bytes);
}

} // namespace troupe
