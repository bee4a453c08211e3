#include "boomi_auth.hpp"

void use(boomi::Config config) {
  boomi::Config copy = config; // must not compile: deleted
  boomi::Config clone = config.clone();
}
