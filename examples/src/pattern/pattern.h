/* Shell patterns: '*' any text, '?' any character, "[a-z]" and "[!a-z]" one of a set, '\' takes the
   next character as it is. */
#ifndef PATTERN_H
#define PATTERN_H

/* Whether all of `text` matches. An open '[' stands for itself. Never more than quadratic. */
int pattern_matches(const char *pattern, const char *text);

#endif
