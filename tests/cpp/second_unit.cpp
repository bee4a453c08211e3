// Linked into the programs, so that the header is in two translation units. A callback set in one and a call made in
// the other share what they need.
#include "boomi_auth.hpp"
#include "check.hpp"

std::string body_of(const boomi::Client &client, const std::string &path) { return client.get(path).check().body(); }
