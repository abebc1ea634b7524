#pragma once

#include "line_format.hpp"

#include <optional>
#include <string_view>

namespace log_analytics {

/// What Apache's directive of this letter stands for; `name` is what stands in its braces, if there
/// are any. Nothing: there is no such directive.
std::optional<field> apache_field(char letter, std::string_view name);

/// What nginx's variable of this name stands for; `ignored` for the many that are of no use here.
field nginx_field(std::string_view name);

/// The same of a name in the "#Fields:" line of the W3C extended format, in IIS and CloudFront.
field w3c_field(std::string_view name);

} // namespace log_analytics
