// Nothing before it, and twice.
#include "boomi_auth.hpp"
#include "boomi_auth.hpp"
