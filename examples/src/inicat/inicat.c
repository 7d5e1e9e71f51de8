/* Prints the values of an INI file: all of them, or those named. */
#include <ini.h>

#include <errno.h>
#include <string.h>

static void print(const char *name, const char *value, void *context) {
  fprintf(context, "%s=%s\n", name, value);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: inicat FILE [NAME]...\n");
    return 2;
  }
  FILE *file = fopen(argv[1], "r");
  if (file == NULL) {
    fprintf(stderr, "inicat: %s: %s\n", argv[1], strerror(errno));
    return 2;
  }
  int bad_line;
  ini *values = ini_read(file, &bad_line);
  fclose(file);
  if (values == NULL) {
    fprintf(stderr, "inicat: there is not enough memory\n");
    return 2;
  }
  if (bad_line != 0) {
    fprintf(stderr, "inicat: %s:%d: neither a section nor a value\n", argv[1], bad_line);
    ini_free(values);
    return 2;
  }
  int status = 0;
  if (argc == 2) ini_each(values, print, stdout);
  for (int i = 2; i < argc; ++i) {
    const char *value = ini_get(values, argv[i]);
    if (value != NULL) {
      puts(value);
    } else {
      fprintf(stderr, "inicat: there is no %s\n", argv[i]);
      status = 1;
    }
  }
  ini_free(values);
  return status;
}
