/* A GET of 1 KiB with a JWT on a warm TLS connection: boomi_client_send(), whose client keeps the JWT, against libcurl's easy
 * handle, which has it in a header; both collect the body. The floor is a bare rustls socket, which has the request as a text.
 */
#include "floor/floor.h"
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

static struct floor *bare;
static char text[2048];
static int text_bytes;

static void floor_start(void) {
    struct curl_slist *headers = bearer_headers();
    text_bytes = snprintf(text, sizeof text, "GET " API_PATH " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", tls_port);
    for (struct curl_slist *header = headers; header; header = header->next)
        text_bytes += snprintf(text + text_bytes, sizeof text - (size_t)text_bytes, "%s\r\n", header->data);
    text_bytes += snprintf(text + text_bytes, sizeof text - (size_t)text_bytes, "\r\n");
    curl_slist_free_all(headers);
    bare = floor_connect((uint16_t)tls_port, ca_pem, ca_length);
    check(bare != NULL, "floor_connect");
}

static void floor_once(void) {
    check(floor_exchange(bare, text, (size_t)text_bytes, OBJECT_BYTES) == 0, "floor_exchange");
}

int main(int count, char **arguments) {
    static struct side sides[] = {
        {.name = "curl", .title = "libcurl, easy handle", .start = curl_start, .once = curl_once},
        {.name = "boomi", .title = "boomi_client_send", .start = boomi_start, .once = boomi_once},
        {.name = "rustls", .title = "floor: bare rustls", .start = floor_start, .once = floor_once}};
    read_arguments(count, arguments, 31, 400);
    measure(sides, 3, rounds, times, only);
    if (only)
        return 0;
    compare("GET of 1 KiB, kept connection", &sides[1], &sides[0], rounds, 0.8);
    compare("GET of 1 KiB, kept connection", &sides[1], &sides[2], rounds, 0);
    print_row("GET of 1 KiB, processor time", sides[1].title, sides[1].processor, sides[0].title, sides[0].processor, "us",
              rounds, 0);
    return 0;
}
