/* A map from strings to numbers, with open addressing. Keys are copied. */
#ifndef STRMAP_H
#define STRMAP_H

#include <stddef.h>

typedef struct strmap strmap;

strmap *strmap_new(void);
void strmap_free(strmap *map);

/* A pointer to the number under `key`, made with 0 when there is none; NULL when out of memory.
   Valid until the next call that may add a key. */
long *strmap_at(strmap *map, const char *key);
/* The number under `key`, or `otherwise`. */
long strmap_get(const strmap *map, const char *key, long otherwise);
/* Whether there was such a key. */
int strmap_remove(strmap *map, const char *key);
size_t strmap_size(const strmap *map);

/* Calls `visit` for each pair, sorted by key. Returns 0 when out of memory. */
int strmap_each(const strmap *map, void (*visit)(const char *key, long value, void *context),
                void *context);

#endif
