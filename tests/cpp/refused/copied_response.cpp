#include "boomi_auth.hpp"

void use(const boomi::Client &client) {
  boomi::Response response = client.get("/").check();
  boomi::Response copy = response; // must not compile: deleted
}
