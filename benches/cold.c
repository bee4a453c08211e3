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
    static struct side sides[] = {{"curl", "curl_easy_init to _cleanup", NULL, curl_once, {0}, {0}},
                                  {"boomi", "boomi_client_new to _free", NULL, boomi_once, {0}, {0}}};
    read_arguments(count, arguments, 15, 20);
    measure(sides, 2, rounds, times, only);
    if (only)
        return 0;
    print_ratio(ca_file ? "cold, one root" : "cold, the system's roots", sides[1].time, sides[0].time, rounds, 0.6);
    print_side(&sides[0], rounds);
    print_side(&sides[1], rounds);
    return 0;
}
