#include "boomi_auth.hpp"

void use(const boomi::Client &client, const boomi::Request &request) {
  boomi::Response &page = client.pages(request).page(); // must not compile: deleted
  for (boomi::Response &each : client.pages(request)) each.check();
}
