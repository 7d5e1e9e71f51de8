/* Counts how often each word is in the files (or standard input), most frequent first. A word is a
   run of letters and apostrophes; case does not matter. */
#include <strmap.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kLongestWord = 64 };

struct entry {
  char word[kLongestWord + 1];
  long count;
};

struct list {
  struct entry *entries;
  size_t count;
};

static int count_words(FILE *file, strmap *counts) {
  char word[kLongestWord + 1];
  size_t length = 0;
  int c;
  do {
    c = getc(file);
    if (c != EOF && (isalpha(c) || (c == '\'' && length > 0))) {
      if (length < kLongestWord) word[length++] = (char)tolower(c);
      continue;
    }
    if (length == 0) continue;
    word[length] = '\0';
    length = 0;
    long *count = strmap_at(counts, word);
    if (count == NULL) return 0;
    ++*count;
  } while (c != EOF);
  return 1;
}

static void collect(const char *word, long count, void *context) {
  struct list *list = context;
  struct entry *entry = &list->entries[list->count++];
  strcpy(entry->word, word);
  entry->count = count;
}

static int by_count(const void *a, const void *b) {
  const struct entry *left = a;
  const struct entry *right = b;
  if (left->count != right->count) return left->count < right->count ? 1 : -1;
  return strcmp(left->word, right->word);
}

int main(int argc, char **argv) {
  strmap *counts = strmap_new();
  if (counts == NULL) return 2;
  if (argc == 1 && !count_words(stdin, counts)) return 2;
  for (int i = 1; i < argc; ++i) {
    FILE *file = fopen(argv[i], "r");
    if (file == NULL) {
      fprintf(stderr, "tally: %s: %s\n", argv[i], strerror(errno));
      return 2;
    }
    const int good = count_words(file, counts);
    fclose(file);
    if (!good) return 2;
  }
  struct list list = {calloc(strmap_size(counts) + 1, sizeof(struct entry)), 0};
  if (list.entries == NULL || !strmap_each(counts, collect, &list)) return 2;
  qsort(list.entries, list.count, sizeof *list.entries, by_count);
  for (size_t i = 0; i < list.count; ++i) {
    printf("%7ld %s\n", list.entries[i].count, list.entries[i].word);
  }
  free(list.entries);
  strmap_free(counts);
  return 0;
}
