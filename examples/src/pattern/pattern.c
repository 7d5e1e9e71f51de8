#include "pattern.h"

#include <stddef.h>

/* Matches one character against the set that begins behind '['; `*end` is then behind its ']', or
   NULL when there is none. */
static int in_set(const char *set, unsigned char c, const char **end) {
  const int negated = *set == '!' || *set == '^';
  int found = 0;
  *end = NULL;
  if (negated) ++set;
  for (const char *at = set; *at != '\0'; ++at) {
    if (*at == ']' && at > set) {
      *end = at + 1;
      return found != negated;
    }
    const unsigned char low = (unsigned char)*at;
    unsigned char high = low;
    if (at[1] == '-' && at[2] != ']' && at[2] != '\0') {
      high = (unsigned char)at[2];
      at += 2;
    }
    if (low <= c && c <= high) found = 1;
  }
  return 0;
}

/* Matches one character; the rest of the pattern, or NULL. */
static const char *one(const char *pattern, char c) {
  if (c == '\0') return NULL;
  if (*pattern == '?') return pattern + 1;
  if (*pattern == '[') {
    const char *end;
    const int matches = in_set(pattern + 1, (unsigned char)c, &end);
    if (end != NULL) return matches ? end : NULL;
  } else if (*pattern == '\\' && pattern[1] != '\0') {
    ++pattern;
  }
  return *pattern == c ? pattern + 1 : NULL;
}

int pattern_matches(const char *pattern, const char *text) {
  /* Where to go on after the last '*' when the way taken fails. */
  const char *star = NULL;
  const char *resume = NULL;
  for (;;) {
    if (*pattern == '*') {
      star = ++pattern;
      resume = text;
      continue;
    }
    if (*pattern == '\0' && *text == '\0') return 1;
    const char *rest = *pattern == '\0' ? NULL : one(pattern, *text);
    if (rest != NULL) {
      pattern = rest;
      ++text;
    } else if (star != NULL && *resume != '\0') {
      pattern = star;
      text = ++resume;
    } else {
      return 0;
    }
  }
}
