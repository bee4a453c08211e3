#include <boomi_auth.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  char *header = NULL;
  boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, "user@example.com", "token", &header, NULL);
  printf("boomi-auth %s: %.6s\n", boomi_version(), header);
  int good = boomi_version_number() == BOOMI_VERSION_NUMBER && strncmp(header, "Basic ", 6) == 0;
  boomi_string_free(header);
  return !good;
}
