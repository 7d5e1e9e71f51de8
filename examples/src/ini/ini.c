#include "ini.h"

#include <strmap.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct ini {
  strmap *places; /* name to index in `values`, plus one */
  char **values;
  size_t count;
};

static char *trim(char *text) {
  while (isspace((unsigned char)*text)) ++text;
  char *end = text + strlen(text);
  while (end > text && isspace((unsigned char)end[-1])) --end;
  *end = '\0';
  return text;
}

static char *unquote(char *value) {
  const size_t length = strlen(value);
  if (length < 2 || value[0] != '"' || value[length - 1] != '"') return value;
  value[length - 1] = '\0';
  return value + 1;
}

static int put(ini *values, const char *name, const char *value) {
  char *copy = strdup(value);
  long *place = strmap_at(values->places, name);
  if (copy == NULL || place == NULL) goto fail;
  if (*place == 0) {
    char **more = realloc(values->values, (values->count + 1) * sizeof *more);
    if (more == NULL) goto fail;
    values->values = more;
    more[values->count++] = NULL;
    *place = (long)values->count;
  }
  free(values->values[*place - 1]);
  values->values[*place - 1] = copy;
  return 1;
fail:
  free(copy);
  return 0;
}

/* 1: good, 0: malformed, -1: out of memory. */
static int take_line(ini *values, char *line, char **section) {
  line = trim(line);
  if (*line == '\0' || *line == ';' || *line == '#') return 1;
  if (*line == '[') {
    char *end = strchr(line, ']');
    if (end == NULL || end[1] != '\0') return 0;
    *end = '\0';
    free(*section);
    *section = strdup(trim(line + 1));
    return *section == NULL ? -1 : 1;
  }
  char *equals = strchr(line, '=');
  if (equals == NULL || equals == line) return 0;
  *equals = '\0';
  const char *key = trim(line);
  const char *value = unquote(trim(equals + 1));
  const size_t room = strlen(key) + (*section == NULL ? 0 : strlen(*section) + 1) + 1;
  char *name = malloc(room);
  if (name == NULL) return -1;
  snprintf(name, room, "%s%s%s", *section == NULL ? "" : *section, *section == NULL ? "" : ".", key);
  const int good = put(values, name, value) ? 1 : -1;
  free(name);
  return good;
}

ini *ini_read(FILE *file, int *bad_line) {
  *bad_line = 0;
  ini *values = calloc(1, sizeof *values);
  if (values == NULL || (values->places = strmap_new()) == NULL) {
    ini_free(values);
    return NULL;
  }
  char *line = NULL;
  size_t room = 0;
  char *section = NULL;
  int number = 0;
  while (getline(&line, &room, file) >= 0) {
    ++number;
    const int result = take_line(values, line, &section);
    if (result == 0 && *bad_line == 0) *bad_line = number;
    if (result < 0) {
      ini_free(values);
      values = NULL;
      break;
    }
  }
  free(section);
  free(line);
  return values;
}

void ini_free(ini *values) {
  if (values == NULL) return;
  for (size_t i = 0; i < values->count; ++i) free(values->values[i]);
  free(values->values);
  strmap_free(values->places);
  free(values);
}

const char *ini_get(const ini *values, const char *name) {
  const long place = strmap_get(values->places, name, 0);
  return place == 0 ? NULL : values->values[place - 1];
}

struct visit {
  const ini *values;
  void (*visit)(const char *, const char *, void *);
  void *context;
};

static void visit_place(const char *name, long place, void *context) {
  const struct visit *visit = context;
  visit->visit(name, visit->values->values[place - 1], visit->context);
}

void ini_each(const ini *values, void (*each)(const char *, const char *, void *), void *context) {
  struct visit visit = {values, each, context};
  strmap_each(values->places, visit_place, &visit);
}
