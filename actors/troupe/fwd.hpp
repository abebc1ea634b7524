#pragma once

namespace caf {
class actor;
class actor_system;
} // namespace caf

namespace troupe {

class context;
class error;
class observer;
class report;
class run;
class topology;
template <class T>
class flow;

} // namespace troupe
