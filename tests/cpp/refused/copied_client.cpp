#include "boomi_auth.hpp"

void use(boomi::Client client) {
  boomi::Client copy = client; // must not compile: deleted
  boomi::Client moved = std::move(client);
}
