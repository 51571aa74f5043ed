//go:build libsecp256k1 && cgo

// The few lines of C between the Go side and libsecp256k1. They decide nothing:
// they bring points in and out of the library's form. They may call only what the
// library promises to be constant-time in its secret argument
// (TestOnlyConstantTimeFunctionsOfTheLibrarySeeSecrets).

#include "libsecp256k1.h"

#include <secp256k1_ecdh.h>
#include <string.h>

static int parse(secp256k1_pubkey *key, const unsigned char *p) {
	unsigned char sec1[65];
	sec1[0] = 4;
	memcpy(sec1 + 1, p, 64);
	return secp256k1_ec_pubkey_parse(secp256k1_context_static, key, sec1, sizeof sec1);
}

static int serialize(unsigned char *out, const secp256k1_pubkey *key) {
	unsigned char sec1[65];
	size_t n = sizeof sec1;
	secp256k1_ec_pubkey_serialize(secp256k1_context_static, sec1, &n, key, SECP256K1_EC_UNCOMPRESSED);
	memcpy(out, sec1 + 1, 64);
	return 1;
}

// A "hash" for the ECDH function that is none: the point itself.
static int copy_point(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data) {
	(void)data;
	memcpy(out, x, 32);
	memcpy(out + 32, y, 32);
	return 1;
}

secp256k1_context *mm_context(const unsigned char *seed32) {
	secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	if (ctx != NULL && !secp256k1_context_randomize(ctx, seed32)) {
		secp256k1_context_destroy(ctx);
		ctx = NULL;
	}
	return ctx;
}

int mm_on_curve(const unsigned char *p) {
	secp256k1_pubkey key;
	return parse(&key, p);
}

int mm_decompress(unsigned char *out, const unsigned char *p33) {
	secp256k1_pubkey key;
	return secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, p33, 33) && serialize(out, &key);
}

int mm_mul(unsigned char *out, const unsigned char *k, const unsigned char *p) {
	secp256k1_pubkey key;
	return parse(&key, p) && secp256k1_ecdh(secp256k1_context_static, out, &key, k, copy_point, NULL);
}

int mm_mul_base(const secp256k1_context *ctx, unsigned char *out, const unsigned char *k) {
	secp256k1_pubkey key;
	return secp256k1_ec_pubkey_create(ctx, &key, k) && serialize(out, &key);
}

int mm_add(unsigned char *out, const unsigned char *p, const unsigned char *q, int negate_q) {
	secp256k1_pubkey a, b, sum;
	const secp256k1_pubkey *both[2] = {&a, &b};
	if (!parse(&a, p) || !parse(&b, q)) {
		return 0;
	}
	if (negate_q && !secp256k1_ec_pubkey_negate(secp256k1_context_static, &b)) {
		return 0;
	}
	return secp256k1_ec_pubkey_combine(secp256k1_context_static, &sum, both, 2) && serialize(out, &sum);
}
