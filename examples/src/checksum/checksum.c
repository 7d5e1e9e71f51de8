/* Prints the CRC-32, Adler-32 or FNV-1a of files or of standard input. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t table[256];

static void make_table(void) {
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
}

struct sum {
  const char *name;
  uint64_t start;
  uint64_t (*add)(uint64_t state, const unsigned char *data, size_t size);
  uint64_t (*end)(uint64_t state);
  int digits;
};

static uint64_t crc32_add(uint64_t state, const unsigned char *data, size_t size) {
  uint32_t crc = (uint32_t)state;
  for (size_t i = 0; i < size; ++i) crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
  return crc;
}
static uint64_t crc32_end(uint64_t state) { return state ^ 0xffffffffu; }

static uint64_t adler32_add(uint64_t state, const unsigned char *data, size_t size) {
  uint32_t low = state & 0xffff;
  uint32_t high = (uint32_t)(state >> 16);
  for (size_t i = 0; i < size; ++i) {
    low = (low + data[i]) % 65521;
    high = (high + low) % 65521;
  }
  return (uint64_t)high << 16 | low;
}

static uint64_t fnv1a_add(uint64_t state, const unsigned char *data, size_t size) {
  for (size_t i = 0; i < size; ++i) state = (state ^ data[i]) * 1099511628211u;
  return state;
}

static uint64_t same(uint64_t state) { return state; }

static const struct sum sums[] = {
    {"crc32", 0xffffffffu, crc32_add, crc32_end, 8},
    {"adler32", 1, adler32_add, same, 8},
    {"fnv1a", 14695981039346656037u, fnv1a_add, same, 16},
};

static int print(const struct sum *sum, FILE *file, const char *name) {
  unsigned char buffer[65536];
  uint64_t state = sum->start;
  size_t got;
  while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) state = sum->add(state, buffer, got);
  if (ferror(file)) return 0;
  printf("%0*llx", sum->digits, (unsigned long long)sum->end(state));
  if (name != NULL) printf("  %s", name);
  putchar('\n');
  return 1;
}

int main(int argc, char **argv) {
  const struct sum *sum = NULL;
  for (size_t i = 0; argc > 1 && i < sizeof sums / sizeof *sums; ++i) {
    if (strcmp(argv[1], sums[i].name) == 0) sum = &sums[i];
  }
  if (sum == NULL) {
    fprintf(stderr, "usage: checksum crc32|adler32|fnv1a [FILE]...\n");
    return 2;
  }
  make_table();
  if (argc == 2) return print(sum, stdin, NULL) ? 0 : 1;
  int status = 0;
  for (int i = 2; i < argc; ++i) {
    FILE *file = fopen(argv[i], "rb");
    if (file == NULL || !print(sum, file, argv[i])) {
      fprintf(stderr, "checksum: %s: %s\n", argv[i], strerror(errno));
      status = 1;
    }
    if (file != NULL) fclose(file);
  }
  return status;
}
