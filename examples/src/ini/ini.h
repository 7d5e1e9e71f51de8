/* Reads INI files: "[section]", "key = value", comments after ';' or '#' at the start of a line,
   values in double quotes keep their spaces. A later value replaces an earlier one. */
#ifndef INI_H
#define INI_H

#include <stdio.h>

typedef struct ini ini;

/* NULL when out of memory. After a malformed line, `*line` is its number, else 0. */
ini *ini_read(FILE *file, int *line);
void ini_free(ini *values);
/* The value under "section.key" (or just "key" before any section), or NULL. */
const char *ini_get(const ini *values, const char *name);
/* Calls `visit` for each value, sorted by name. */
void ini_each(const ini *values, void (*visit)(const char *name, const char *value, void *context),
              void *context);

#endif
