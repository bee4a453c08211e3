/* A GET of 1 KiB with a JWT on a warm TLS connection: boomi_client_send(), whose client keeps the JWT, against libcurl's easy
 * handle, which has it in a header; both collect the body.
 */
#include "peers.h"

static boomi_client *client;
static boomi_request *request;
static CURL *curl;

static void boomi_start(void) {
    client = new_client();
    request = new_request();
}

static void boomi_once(void) {
    get_object(client, request);
}

static void curl_start(void) {
    curl = new_bearer_curl(bearer_headers());
}

static void curl_once(void) {
    curl_exchange(curl, OBJECT_BYTES);
}

int main(int count, char **arguments) {
    static struct side sides[] = {{"curl", "libcurl easy handle", curl_start, curl_once, {0}, {0}},
                                  {"boomi", "boomi_client_send", boomi_start, boomi_once, {0}, {0}}};
    read_arguments(count, arguments, 31, 400);
    measure(sides, 2, rounds, times, only);
    if (only)
        return 0;
    print_ratio("get", sides[1].time, sides[0].time, rounds, 0.8);
    print_ratio("get, processor time", sides[1].processor, sides[0].processor, rounds, 0);
    print_side(&sides[0], rounds);
    print_side(&sides[1], rounds);
    return 0;
}
