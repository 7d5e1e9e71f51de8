/* Prints the lines of files, or of standard input, that match a shell pattern as a whole. */
#include <pattern.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
  int count;
  int invert;
  int numbers;
};

static long seek_in(FILE *file, const char *name, const char *pattern, struct options options) {
  char *line = NULL;
  size_t room = 0;
  long number = 0;
  long found = 0;
  ssize_t length;
  while ((length = getline(&line, &room, file)) >= 0) {
    ++number;
    if (length > 0 && line[length - 1] == '\n') line[length - 1] = '\0';
    if (pattern_matches(pattern, line) == options.invert) continue;
    ++found;
    if (options.count) continue;
    if (name != NULL) printf("%s:", name);
    if (options.numbers) printf("%ld:", number);
    puts(line);
  }
  free(line);
  if (options.count) {
    if (name != NULL) printf("%s:", name);
    printf("%ld\n", found);
  }
  return found;
}

int main(int argc, char **argv) {
  struct options options = {0, 0, 0};
  int at = 1;
  for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; ++at) {
    if (strcmp(argv[at], "-c") == 0) {
      options.count = 1;
    } else if (strcmp(argv[at], "-n") == 0) {
      options.numbers = 1;
    } else if (strcmp(argv[at], "-v") == 0) {
      options.invert = 1;
    } else {
      break;
    }
  }
  if (at >= argc) {
    fprintf(stderr, "usage: seek [-c] [-n] [-v] PATTERN [FILE]...\n");
    return 2;
  }
  const char *pattern = argv[at++];
  if (at == argc) return seek_in(stdin, NULL, pattern, options) > 0 ? 0 : 1;
  const int named = argc - at > 1;
  long found = 0;
  for (; at < argc; ++at) {
    FILE *file = fopen(argv[at], "r");
    if (file == NULL) {
      fprintf(stderr, "seek: %s: %s\n", argv[at], strerror(errno));
      return 2;
    }
    found += seek_in(file, named ? argv[at] : NULL, pattern, options);
    fclose(file);
  }
  return found > 0 ? 0 : 1;
}
