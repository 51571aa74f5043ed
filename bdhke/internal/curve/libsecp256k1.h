// What the Go side calls: one call per operation, points as x || y (64 bytes, big
// endian), scalars as 32 bytes, big endian. Every function returns 1 and fills
// out, or returns 0 when there is no such point: infinity, or bytes that are not
// on the curve. out may be one of the inputs.

#ifndef MINTMARK_LIBSECP256K1_H
#define MINTMARK_LIBSECP256K1_H

#include <secp256k1.h>

// A context with its own blinding of multiplications of the generator; NULL when
// it cannot be made. It is never changed again, so that threads may share it.
secp256k1_context *mm_context(const unsigned char *seed32);

int mm_on_curve(const unsigned char *p);
int mm_decompress(unsigned char *out, const unsigned char *p33);

// In constant time in k.
int mm_mul(unsigned char *out, const unsigned char *k, const unsigned char *p);
int mm_mul_base(const secp256k1_context *ctx, unsigned char *out, const unsigned char *k);

// In constant time in the coordinates.
int mm_add(unsigned char *out, const unsigned char *p, const unsigned char *q, int negate_q);

#endif
