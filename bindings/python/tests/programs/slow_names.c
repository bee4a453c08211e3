/* Preloaded into a program, this never finds the name "slow.test", and says on its standard output that it is looking for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  look_up *libc;
  if (name != NULL && strcmp(name, "slow.test") == 0) {
    if (write(1, "looking\n", 8) != 8) _exit(1);
    for (;;) pause();
  }
  *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
  return libc(name, service, hints, result);
}
