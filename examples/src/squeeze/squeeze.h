/* Compression by references to what came before. A stream is a sequence of runs: a byte L, then
   L literal bytes when L < 128; else a match of L - 124 bytes, and its distance in two bytes. */
#ifndef SQUEEZE_H
#define SQUEEZE_H

#include <stddef.h>

/* The most bytes that `size` bytes can become. */
size_t squeeze_bound(size_t size);
/* Compresses into `out`, which has squeeze_bound(size) bytes; how many it took. */
size_t squeeze(const unsigned char *in, size_t size, unsigned char *out);
/* The size of what `in` holds, or (size_t)-1 when it is damaged; writes it to `out` unless that is
   NULL, never more than `room` bytes. */
size_t unsqueeze(const unsigned char *in, size_t size, unsigned char *out, size_t room);

#endif
