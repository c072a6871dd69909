/*
 * Names made fit for host names.  GitLab's environment slug ends in six characters of the name's SHA-256 in base 36 whenever the
 * name had to change; a deployment finds the same namespaces here only if that is done exactly.
 */
#include "pipeline/plan/planner.h"

#include <string.h>

enum { NAME_SLUG_MOST = 63, ENVIRONMENT_SLUG_MOST = 24, SUFFIX = 6, DIGEST = 32, BLOCK = 64 };

/* ---- SHA-256 (FIPS 180-4) of a short text ---- */

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void sha256_block(uint32_t state[8], const unsigned char *block)
{
	static const uint32_t k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	};
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
		       block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
			      k[i] + w[i];
		uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
			      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

static void sha256(const char *text, size_t length, unsigned char digest[DIGEST])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	unsigned char block[BLOCK] = { 0 };
	uint64_t bits = (uint64_t)length * 8;
	size_t rest = length % BLOCK;

	for (size_t i = 0; i + BLOCK <= length; i += BLOCK)
		sha256_block(state, (const unsigned char *)text + i);
	memcpy(block, text + length - rest, rest);
	block[rest] = 0x80;
	if (rest >= BLOCK - 8) {
		sha256_block(state, block);
		memset(block, 0, sizeof(block));
	}
	for (int i = 0; i < 8; i++)
		block[BLOCK - 1 - i] = (unsigned char)(bits >> (8 * i));
	sha256_block(state, block);
	for (int i = 0; i < DIGEST; i++)
		digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* The last six digits of the digest as a number in base 36. */
static void suffix_of(const char *text, char out[SUFFIX + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	const uint64_t modulus = 36ull * 36 * 36 * 36 * 36 * 36;
	unsigned char digest[DIGEST];
	uint64_t rest = 0;

	sha256(text, strlen(text), digest);
	for (int i = 0; i < DIGEST; i++)
		rest = (rest * 256 + digest[i]) % modulus;
	for (int i = SUFFIX; i > 0; i--) {
		out[i - 1] = digits[rest % 36];
		rest /= 36;
	}
	out[SUFFIX] = '\0';
}

/* ---- slugs ---- */

/* a-z and 0-9, everything else a dash; one a character, as GitLab counts them. */
static char slug_char(const char **text)
{
	unsigned char c = (unsigned char)*(*text)++;

	while (c >= 0x80 && ((unsigned char)**text & 0xc0) == 0x80)
		++*text;
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? (char)c : '-';
}

char *slug_name(struct arena *a, const char *text)
{
	char buffer[NAME_SLUG_MOST + 1];
	size_t n = 0, skip = 0;

	while (*text && n < NAME_SLUG_MOST)
		buffer[n++] = slug_char(&text);
	while (n && buffer[n - 1] == '-')
		n--;
	while (skip < n && buffer[skip] == '-')
		skip++;
	return arena_strndup(a, buffer + skip, n - skip);
}

char *slug_environment(struct arena *a, const char *name)
{
	char buffer[ENVIRONMENT_SLUG_MOST + 2], suffix[SUFFIX + 1];
	const char *p = name;
	size_t n = 0;

	if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z'))) {
		memcpy(buffer, "env-", 4);
		n = 4;
	}
	while (*p && n <= ENVIRONMENT_SLUG_MOST) {
		char c = slug_char(&p);
		if (c != '-' || !n || buffer[n - 1] != '-')
			buffer[n++] = c;
	}
	buffer[n] = '\0';
	if (n <= ENVIRONMENT_SLUG_MOST && !strcmp(buffer, name))
		return arena_strndup(a, buffer, n);
	if (n > ENVIRONMENT_SLUG_MOST - SUFFIX - 1)
		n = ENVIRONMENT_SLUG_MOST - SUFFIX - 1;
	buffer[n] = '\0';
	suffix_of(name, suffix);
	return arena_printf(a, "%s%s%s", buffer, buffer[n - 1] == '-' ? "" : "-", suffix);
}
