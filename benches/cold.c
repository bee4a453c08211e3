/* A JWT from nothing: a new client or handle, a fresh connection with its handshake, one exchange, and everything freed. */
#include "peers.h"

static void boomi_once(void) {
    boomi_client *client = new_client();
    generate_jwt(client);
    boomi_client_free(client);
}

static void curl_once(void) {
    CURL *curl = new_curl(JWT_PATH);
    curl_exchange(curl, JWT_BYTES);
    curl_easy_cleanup(curl);
}

int main(int count, char **arguments) {
    static struct side sides[] = {{.name = "curl", .title = "libcurl, init to cleanup", .once = curl_once},
                                  {.name = "boomi", .title = "boomi_config_new to boomi_client_free", .once = boomi_once}};
    read_arguments(count, arguments, 15, 20);
    measure(sides, 2, rounds, times, only);
    if (!only)
        compare(ca_file ? "JWT from nothing, one root" : "JWT from nothing, system roots", &sides[1], &sides[0], rounds, 0.6);
    return 0;
}
