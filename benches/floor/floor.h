/* A bare rustls socket: what any client that stands on rustls takes at the least. floor/src/lib.rs is behind it. */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>
#include <stdint.h>

struct floor;

/* A TLS connection to 127.0.0.1, verified against the certificate in `ca_pem` alone; NULL if there is none. Never freed. */
struct floor *floor_connect(uint16_t port, const char *ca_pem, size_t length);

/* Sends the request, and reads until the answer's body has so many bytes: 0 if it does. */
int floor_exchange(struct floor *floor, const char *request, size_t length, size_t body_bytes);

#endif
