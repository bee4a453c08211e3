#include "boomi_auth.hpp"

void use(boomi::TokenProvider provider) {
  boomi::TokenProvider copy = provider; // must not compile: deleted
  boomi::TokenProvider moved = std::move(provider);
}
