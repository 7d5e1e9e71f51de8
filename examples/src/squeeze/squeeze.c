#include "squeeze.h"

#include <stdint.h>
#include <string.h>

enum {
  kLongestLiterals = 127,
  kShortestMatch = 4,
  kLongestMatch = 131, /* 255 - 124 */
  kFarthest = 65535,
  kHashBits = 14
};

size_t squeeze_bound(size_t size) { return size + size / kLongestLiterals + 1; }

static uint32_t hash_at(const unsigned char *at) {
  uint32_t four;
  memcpy(&four, at, sizeof four);
  return (four * 2654435761u) >> (32 - kHashBits);
}

static unsigned char *put_literals(const unsigned char *from, const unsigned char *to,
                                   unsigned char *out) {
  while (from < to) {
    size_t run = (size_t)(to - from);
    if (run > kLongestLiterals) run = kLongestLiterals;
    *out++ = (unsigned char)run;
    memcpy(out, from, run);
    out += run;
    from += run;
  }
  return out;
}

size_t squeeze(const unsigned char *in, size_t size, unsigned char *out) {
  /* Where each hash was seen last, plus one. */
  static _Thread_local size_t last[1 << kHashBits];
  memset(last, 0, sizeof last);
  unsigned char *const begin = out;
  size_t literals = 0; /* where those begin that were not written yet */
  size_t at = 0;
  while (at + kShortestMatch <= size) {
    size_t *seen = &last[hash_at(in + at)];
    const size_t candidate = *seen;
    *seen = at + 1;
    if (candidate == 0 || at + 1 - candidate > kFarthest ||
        memcmp(in + candidate - 1, in + at, kShortestMatch) != 0) {
      ++at;
      continue;
    }
    const size_t distance = at + 1 - candidate;
    size_t length = kShortestMatch;
    while (length < kLongestMatch && at + length < size && in[at + length - distance] == in[at + length]) {
      ++length;
    }
    out = put_literals(in + literals, in + at, out);
    *out++ = (unsigned char)(length + 124);
    *out++ = (unsigned char)(distance & 255);
    *out++ = (unsigned char)(distance >> 8);
    at += length;
    literals = at;
  }
  out = put_literals(in + literals, in + size, out);
  return (size_t)(out - begin);
}

size_t unsqueeze(const unsigned char *in, size_t size, unsigned char *out, size_t room) {
  const size_t damaged = (size_t)-1;
  const unsigned char *const end = in + size;
  size_t made = 0;
  while (in < end) {
    const unsigned char head = *in++;
    if (head < 128) {
      if (head == 0 || (size_t)(end - in) < head) return damaged;
      if (out != NULL) {
        if (room - made < head) return damaged;
        memcpy(out + made, in, head);
      }
      in += head;
      made += head;
      continue;
    }
    const size_t length = head - 124u;
    if (end - in < 2) return damaged;
    const size_t distance = in[0] | (size_t)in[1] << 8;
    in += 2;
    if (distance == 0 || distance > made) return damaged;
    if (out != NULL) {
      if (room - made < length) return damaged;
      /* Byte by byte: what is copied may overlap what is being written. */
      for (size_t i = 0; i < length; ++i) out[made + i] = out[made + i - distance];
    }
    made += length;
  }
  return made;
}
