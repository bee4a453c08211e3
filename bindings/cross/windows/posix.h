/* The little of POSIX that some programs of tests/c take, put before them. */
#include <stdlib.h>

static inline unsigned alarm(unsigned seconds) {
  (void)seconds;
  return 0;
}

static inline int setenv(const char *name, const char *value, int overwrite) {
  (void)overwrite;
  return _putenv_s(name, value);
}

static inline int unsetenv(const char *name) {
  return _putenv_s(name, "");
}
