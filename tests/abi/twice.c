/* The header stands alone, first, and may come again. This is one of two translation units; the other is the same. */
#include "boomi_auth.h"
#include "boomi_auth.h"

#define JOIN(a, b) a##b
#define NAME(number) JOIN(version_of_, number)

uint32_t NAME(UNIT)(void);
uint32_t NAME(UNIT)(void) {
  const char *url = BOOMI_BASE_URL_US BOOMI_BASE_URL_GB;
  boomi_code code = BOOMI_OK;
  return url[0] == 'h' && code == 0 ? boomi_version_number() : 0;
}

#ifdef WITH_MAIN
uint32_t version_of_2(void);
int main(void) { return version_of_1() == BOOMI_VERSION_NUMBER && version_of_2() == version_of_1() ? 0 : 1; }
#endif
