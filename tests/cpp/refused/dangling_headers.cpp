#include "boomi_auth.hpp"

void use(const boomi::Client &client) {
  for (boomi::Header header : client.get("/").headers()) (void)header; // must not compile: deleted
  const boomi::Response response = client.get("/");
  for (boomi::Header header : response.headers()) (void)header;
}
