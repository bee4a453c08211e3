#include "boomi_auth.hpp"

void use(const boomi::Client &client, boomi::Call call) {
  boomi::Call copy = call; // must not compile: deleted
  client.get("/", call);
}
