#include "ini.h"

#include <stdlib.h>
#include <string.h>

static const char text[] =
    "top = 1\n"
    "; a comment\n"
    "[ first ]\n"
    "  key=value with = sign  \n"
    "quoted = \"  spaces  \"\n"
    "\n"
    "[second]\r\n"
    "key = other\r\n"
    "key = last\r\n"
    "empty =\n";

static void expect(const ini *values, const char *name, const char *specified) {
  const char *got = ini_get(values, name);
  if (got == specified || (got != NULL && specified != NULL && strcmp(got, specified) == 0)) return;
  fprintf(stderr, "%s: specified '%s', got '%s'\n", name, specified ? specified : "nothing",
          got ? got : "nothing");
  exit(1);
}

static void count(const char *name, const char *value, void *context) {
  (void)name;
  (void)value;
  ++*(int *)context;
}

int main(void) {
  FILE *file = fmemopen((void *)text, strlen(text), "r");
  int bad_line;
  ini *values = ini_read(file, &bad_line);
  fclose(file);
  if (bad_line != 0) return 1;
  expect(values, "top", "1");
  expect(values, "first.key", "value with = sign");
  expect(values, "first.quoted", "  spaces  ");
  expect(values, "second.key", "last");
  expect(values, "second.empty", "");
  expect(values, "second.nothing", NULL);
  int values_seen = 0;
  ini_each(values, count, &values_seen);
  if (values_seen != 5) return 1;
  ini_free(values);

  static const char broken[] = "good = 1\n[open\nno equals sign\n";
  file = fmemopen((void *)broken, strlen(broken), "r");
  values = ini_read(file, &bad_line);
  fclose(file);
  if (bad_line != 2) return 1;
  expect(values, "good", "1");
  ini_free(values);
  puts("ini: all good");
  return 0;
}
