#include "boomi_auth.hpp"

void use(boomi::Job job) {
  boomi::Job copy = job; // must not compile: deleted
  boomi::Job moved = std::move(job);
}
