/* Two libraries written in Rust in one program: ours, and second.rs. */
#include <string.h>

#include "boomi_auth.h"

size_t second_count(size_t length);

int main(void) {
  char *code = NULL;
  int works = boomi_otp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, &code, NULL) == 0 && strcmp(code, "287082") == 0;
  boomi_string_free(code);
  return works && second_count(1000) == 1000 ? 0 : 1;
}
