#include "strmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct slot {
  char *key; /* NULL: never used; removed: was used */
  long value;
};

struct strmap {
  struct slot *slots;
  size_t capacity; /* a power of two, or 0 */
  size_t used;     /* slots that were ever used */
  size_t size;
};

static char removed[] = "";

static uint64_t hash_of(const char *key) {
  uint64_t hash = 14695981039346656037u;
  for (; *key != '\0'; ++key) hash = (hash ^ (unsigned char)*key) * 1099511628211u;
  return hash;
}

static int is_live(const struct slot *slot) {
  return slot->key != NULL && slot->key != removed;
}

/* The slot of `key`, or the first free one on its way. */
static struct slot *find(const strmap *map, const char *key) {
  const size_t mask = map->capacity - 1;
  struct slot *reusable = NULL;
  for (size_t i = (size_t)hash_of(key) & mask;; i = (i + 1) & mask) {
    struct slot *slot = &map->slots[i];
    if (slot->key == NULL) return reusable != NULL ? reusable : slot;
    if (slot->key == removed) {
      if (reusable == NULL) reusable = slot;
    } else if (strcmp(slot->key, key) == 0) {
      return slot;
    }
  }
}

static int grow(strmap *map) {
  strmap larger = {NULL, 16, map->size, map->size};
  while (larger.capacity < map->size * 4) larger.capacity *= 2;
  larger.slots = calloc(larger.capacity, sizeof *larger.slots);
  if (larger.slots == NULL) return 0;
  for (size_t i = 0; i < map->capacity; ++i) {
    if (is_live(&map->slots[i])) *find(&larger, map->slots[i].key) = map->slots[i];
  }
  free(map->slots);
  *map = larger;
  return 1;
}

strmap *strmap_new(void) { return calloc(1, sizeof(strmap)); }

void strmap_free(strmap *map) {
  if (map == NULL) return;
  for (size_t i = 0; i < map->capacity; ++i) {
    if (is_live(&map->slots[i])) free(map->slots[i].key);
  }
  free(map->slots);
  free(map);
}

long *strmap_at(strmap *map, const char *key) {
  if (map->used * 4 >= map->capacity * 3 && !grow(map)) return NULL;
  struct slot *slot = find(map, key);
  if (is_live(slot)) return &slot->value;
  char *copy = strdup(key);
  if (copy == NULL) return NULL;
  if (slot->key == NULL) ++map->used;
  slot->key = copy;
  slot->value = 0;
  ++map->size;
  return &slot->value;
}

long strmap_get(const strmap *map, const char *key, long otherwise) {
  if (map->capacity == 0) return otherwise;
  const struct slot *slot = find(map, key);
  return is_live(slot) ? slot->value : otherwise;
}

int strmap_remove(strmap *map, const char *key) {
  if (map->capacity == 0) return 0;
  struct slot *slot = find(map, key);
  if (!is_live(slot)) return 0;
  free(slot->key);
  slot->key = removed;
  --map->size;
  return 1;
}

size_t strmap_size(const strmap *map) { return map->size; }

static int by_key(const void *a, const void *b) {
  const struct slot *const *left = a;
  const struct slot *const *right = b;
  return strcmp((*left)->key, (*right)->key);
}

int strmap_each(const strmap *map, void (*visit)(const char *, long, void *), void *context) {
  if (map->size == 0) return 1;
  const struct slot **live = malloc(map->size * sizeof *live);
  if (live == NULL) return 0;
  size_t count = 0;
  for (size_t i = 0; i < map->capacity; ++i) {
    if (is_live(&map->slots[i])) live[count++] = &map->slots[i];
  }
  qsort(live, count, sizeof *live, by_key);
  for (size_t i = 0; i < count; ++i) visit(live[i]->key, live[i]->value, context);
  free(live);
  return 1;
}
