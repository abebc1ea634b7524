#pragma once

#include <string>
#include <string_view>

namespace log_analytics {

/// Which kind of program a user agent says it is. Rough: by the words that the usual ones have in
/// it, and whoever wants to can say anything.
struct agent_family {
  std::string_view browser; ///< "Firefox"; of a crawler its name, a part of the agent
  std::string_view system;  ///< "Windows"
  bool crawler = false;
};

/// Views into the agent or of static lifetime.
agent_family family_of(std::string_view agent);

/// Whether a path is that of a style sheet, script, picture, font, film, archive and the like, and
/// not of a page. By its ending, so rough as well.
bool is_static_file(std::string_view path);

} // namespace log_analytics
