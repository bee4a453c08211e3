#include "boomi_auth.hpp"

void use(const boomi::Client &client) {
  boomi::Token none; // must not compile: boomi::Token
  boomi::Token token = client.jwt_generate(), copy = token;
}
