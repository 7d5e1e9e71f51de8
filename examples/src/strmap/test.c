#include "strmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) {                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                     \
    }                                                              \
  } while (0)

static void in_order(const char *key, long value, void *context) {
  char *last = context;
  CHECK(strcmp(last, key) < 0);
  CHECK(value == atol(key + 1));
  strcpy(last, key);
}

int main(void) {
  strmap *map = strmap_new();
  CHECK(strmap_get(map, "nothing", 7) == 7);
  CHECK(!strmap_remove(map, "nothing"));
  char key[32];
  for (long i = 0; i < 10000; ++i) {
    snprintf(key, sizeof key, "k%05ld", i);
    *strmap_at(map, key) = i;
  }
  CHECK(strmap_size(map) == 10000);
  for (long i = 0; i < 10000; i += 2) {
    snprintf(key, sizeof key, "k%05ld", i);
    CHECK(strmap_remove(map, key));
    CHECK(strmap_get(map, key, -1) == -1);
  }
  CHECK(strmap_size(map) == 5000);
  CHECK(strmap_get(map, "k00777", -1) == 777);
  char last[32] = "";
  CHECK(strmap_each(map, in_order, last));
  CHECK(strcmp(last, "k09999") == 0);
  *strmap_at(map, "") += 3;
  CHECK(strmap_get(map, "", 0) == 3);
  strmap_free(map);
  puts("strmap: all good");
  return 0;
}
