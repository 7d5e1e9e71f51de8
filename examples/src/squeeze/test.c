#include "squeeze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void round_trip(const unsigned char *data, size_t size, const char *what) {
  unsigned char *packed = malloc(squeeze_bound(size));
  unsigned char *unpacked = malloc(size + 1);
  const size_t packed_size = squeeze(data, size, packed);
  const int good = packed_size <= squeeze_bound(size) &&
                   unsqueeze(packed, packed_size, NULL, 0) == size &&
                   unsqueeze(packed, packed_size, unpacked, size) == size &&
                   memcmp(data, unpacked, size) == 0;
  if (!good) {
    fprintf(stderr, "round trip failed: %s, %zu bytes\n", what, size);
    exit(1);
  }
  /* Damage must be noticed or harmless, never a crash. */
  for (size_t i = 0; i < packed_size && i < 2000; ++i) {
    packed[i] ^= 0x55;
    unsqueeze(packed, packed_size, unpacked, size);
    packed[i] ^= 0x55;
  }
  free(packed);
  free(unpacked);
}

int main(void) {
  static unsigned char data[300000];
  round_trip(data, 0, "nothing");
  round_trip(data, sizeof data, "zeroes");
  unsigned long state = 1;
  for (size_t i = 0; i < sizeof data; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    data[i] = (unsigned char)(state >> 56);
  }
  round_trip(data, sizeof data, "noise");
  for (size_t size = 1; size < 300; ++size) round_trip(data, size, "short noise");
  for (size_t i = 0; i < sizeof data; ++i) data[i] = "to be or not to be, "[(i * i / 7) % 20];
  round_trip(data, sizeof data, "text");
  puts("squeeze: all good");
  return 0;
}
