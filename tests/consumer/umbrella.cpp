// All of troupe's headers at once, for the warnings of other compilers.
#include <troupe/troupe.hpp>

int main() {}
