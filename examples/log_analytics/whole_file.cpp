#include "whole_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace log_analytics {

namespace fs = std::filesystem;

namespace {

std::string reason() { return std::generic_category().message(errno); }

/// Beside the target, under a name that nobody has; it is gone at the end unless it was kept.
class fresh_file {
public:
  explicit fresh_file(const fs::path& target) : name_(target.string() + ".XXXXXX") {
    const int file = ::mkstemp(name_.data());
    if (file < 0)
      return;
    struct stat old {};
    const bool there = ::stat(target.c_str(), &old) == 0;
    const auto mask = ::umask(0);
    ::umask(mask);
    ::fchmod(file, there ? old.st_mode & 0777U : 0666U & ~mask);
    ::close(file);
    made_ = true;
  }
  fresh_file(const fresh_file&) = delete;
  fresh_file& operator=(const fresh_file&) = delete;
  ~fresh_file() {
    if (made_)
      std::remove(name_.c_str());
  }

  bool made() const { return made_; }
  const std::string& name() const { return name_; }
  bool replace(const fs::path& target) {
    std::error_code failure;
    fs::rename(name_, target, failure);
    errno = failure.value();
    made_ = made_ && failure;
    return !failure;
  }

private:
  std::string name_;
  bool made_ = false;
};

bool written(const std::string& path, const std::function<void(std::ostream&)>& write) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  write(out);
  out.close();
  return static_cast<bool>(out);
}

} // namespace

std::optional<std::string> replace_file(const std::string& path,
                                        const std::function<void(std::ostream&)>& write) {
  const std::string incomplete = path + ": not all of it could be written";
  std::error_code failure;
  const auto there = fs::status(path, failure);
  if (fs::exists(there) && !fs::is_regular_file(there))
    return written(path, write) ? std::nullopt : std::optional{incomplete};
  const auto target = fs::exists(there) ? fs::canonical(path, failure) : fs::path{path};
  fresh_file fresh{target};
  if (!fresh.made())
    return path + ": " + reason();
  if (!written(fresh.name(), write))
    return incomplete;
  return fresh.replace(target) ? std::nullopt : std::optional{path + ": " + reason()};
}

} // namespace log_analytics
