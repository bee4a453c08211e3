#include "boomi_auth.hpp"

void use(boomi::Request request, boomi::Request other) {
  other = request; // must not compile: deleted
  other = std::move(request);
}
