#pragma once

#include "summary.hpp"

#include <memory>
#include <string>

namespace log_analytics {

/// Keeps a summary in a file from one run of the program to the next.
///
/// Shape:  binary (CBOR), with a version; written beside the file and renamed, so that the old one
///         is there until the new one is whole.
/// Errors: std::runtime_error in one line that names the file: what cannot be read or written, and
///         what is no state of this program.

/// While it lives, no other run goes on with this file: it would not see what this one adds.
/// Errors: another one does.
class state_lock {
public:
  explicit state_lock(const std::string& path);
  state_lock(const state_lock&) = delete;
  state_lock& operator=(const state_lock&) = delete;
  ~state_lock();

private:
  int file_;
};

/// The summary of the file, or an empty one where the file is empty or not there. Its hashes go on
/// with those of the file, so it is to be the first that is made.
std::unique_ptr<summary> load_state(const std::string& path);
void save_state(const std::string& path, const summary& s);

} // namespace log_analytics
