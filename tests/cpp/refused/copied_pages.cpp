#include "boomi_auth.hpp"

void use(boomi::Pages pages) {
  boomi::Pages copy = pages; // must not compile: deleted
  boomi::Pages moved = std::move(pages);
}
