#pragma once

namespace log_analytics {

/// From now on the first SIGINT or SIGTERM is noted, and the second ends the process with code 1.
void catch_interrupts();

/// Whether a signal has been noted.
bool interrupted();

} // namespace log_analytics
