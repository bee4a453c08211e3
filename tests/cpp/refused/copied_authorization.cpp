#include "boomi_auth.hpp"

void use(boomi::Authorization authorization) {
  boomi::Authorization copy = authorization; // must not compile: deleted
  authorization.observe(200);
}
