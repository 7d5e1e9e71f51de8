#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>

struct example {
  const char *pattern;
  const char *text;
  int matches;
};

static const struct example examples[] = {
    {"", "", 1},           {"", "a", 0},           {"a", "a", 1},        {"a", "b", 0},
    {"*", "", 1},          {"*", "anything", 1},   {"a*c", "abc", 1},    {"a*c", "ac", 1},
    {"a*c", "acb", 0},     {"a*b*c", "aXbYbZc", 1}, {"?", "", 0},         {"?", "x", 1},
    {"??", "x", 0},        {"[abc]", "b", 1},      {"[abc]", "d", 0},    {"[a-c]x", "bx", 1},
    {"[!a-c]", "b", 0},    {"[!a-c]", "z", 1},     {"[]]", "]", 1},      {"[a-]", "-", 1},
    {"[", "[", 1},         {"[ab", "[ab", 1},      {"\\*", "*", 1},      {"\\*", "x", 0},
    {"*.c", "main.c", 1},  {"*.c", "main.cc", 0},  {"\\", "\\", 1},      {"**a**", "bab", 1},
};

int main(void) {
  for (size_t i = 0; i < sizeof examples / sizeof *examples; ++i) {
    const struct example *e = &examples[i];
    if (pattern_matches(e->pattern, e->text) != e->matches) {
      fprintf(stderr, "pattern '%s' and text '%s': specified %d\n", e->pattern, e->text, e->matches);
      return 1;
    }
  }
  /* Would take for ever if every '*' were tried with every other. */
  static char text[20001];
  for (size_t i = 0; i + 1 < sizeof text; ++i) text[i] = 'a';
  if (pattern_matches("*a*a*a*a*a*a*a*b", text)) return 1;
  puts("pattern: all good");
  return 0;
}
