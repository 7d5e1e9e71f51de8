/* Compresses (-c) or restores (-d) a file with libsqueeze. A file begins with "SQZ1" and its own
   size in eight bytes, least significant first. */
#include <squeeze.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[4] = {'S', 'Q', 'Z', '1'};
enum { kHeader = 12 };

static void die(const char *what, const char *why) {
  fprintf(stderr, "squeezer: %s: %s\n", what, why);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = malloc(size > 0 ? size : 1);
  if (memory == NULL) die("memory", "there is not enough");
  return memory;
}

static unsigned char *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  if (file == NULL) die(name, strerror(errno));
  size_t room = 1 << 16;
  unsigned char *data = allocate(room);
  *size = 0;
  size_t got;
  while ((got = fread(data + *size, 1, room - *size, file)) > 0) {
    *size += got;
    if (*size < room) continue;
    room *= 2;
    data = realloc(data, room);
    if (data == NULL) die(name, "there is not enough memory");
  }
  if (ferror(file)) die(name, "cannot be read");
  fclose(file);
  return data;
}

static void write_file(const char *name, const unsigned char *data, size_t size) {
  FILE *file = fopen(name, "wb");
  if (file == NULL) die(name, strerror(errno));
  if (fwrite(data, 1, size, file) != size || fclose(file) != 0) die(name, "cannot be written");
}

static void compress_file(const char *from, const char *to) {
  size_t size;
  unsigned char *data = read_file(from, &size);
  unsigned char *packed = allocate(kHeader + squeeze_bound(size));
  memcpy(packed, magic, sizeof magic);
  for (int i = 0; i < 8; ++i) packed[4 + i] = (unsigned char)((uint64_t)size >> (8 * i));
  const size_t packed_size = squeeze(data, size, packed + kHeader);
  write_file(to, packed, kHeader + packed_size);
  free(packed);
  free(data);
}

static void restore_file(const char *from, const char *to) {
  size_t size;
  unsigned char *packed = read_file(from, &size);
  if (size < kHeader || memcmp(packed, magic, sizeof magic) != 0) die(from, "is no such file");
  uint64_t promised = 0;
  for (int i = 0; i < 8; ++i) promised |= (uint64_t)packed[4 + i] << (8 * i);
  if (unsqueeze(packed + kHeader, size - kHeader, NULL, 0) != promised) die(from, "is damaged");
  unsigned char *data = allocate(promised);
  unsqueeze(packed + kHeader, size - kHeader, data, promised);
  write_file(to, data, promised);
  free(data);
  free(packed);
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "-c") == 0) {
    compress_file(argv[2], argv[3]);
  } else if (argc == 4 && strcmp(argv[1], "-d") == 0) {
    restore_file(argv[2], argv[3]);
  } else {
    fprintf(stderr, "usage: squeezer -c|-d FROM TO\n");
    return 2;
  }
  return 0;
}
