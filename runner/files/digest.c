#include "runner/files/digest.h"

#include "base/error.h"
#include "base/lazy.h"
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRYPTO_FUNCTIONS(X)                                                                                                      \
	X(EVP_MD_CTX_new)                                                                                                        \
	X(EVP_MD_CTX_free)                                                                                                       \
	X(EVP_sha256)                                                                                                            \
	X(EVP_sha384)                                                                                                            \
	X(EVP_sha512)                                                                                                            \
	X(EVP_DigestInit_ex)                                                                                                     \
	X(EVP_DigestUpdate)                                                                                                      \
	X(EVP_DigestFinal_ex)                                                                                                    \
	X(EVP_EncodeBlock)

struct crypto_library {
	LAZY_FUNCTIONS(CRYPTO_FUNCTIONS)
};

static const char *const sonames[] = { "libcrypto.so.3", NULL };
static const char *const functions[] = { CRYPTO_FUNCTIONS(LAZY_NAME) NULL };
static const struct lazy_library crypto = { "hashing", "libssl3", sonames, functions };

struct digest {
	struct crypto_library lib;
	void *handle;
	EVP_MD_CTX *context;
	bool failed; /* sticks until the end */
};

static const EVP_MD *algorithm_of(const struct crypto_library *lib, const char *name)
{
	return !strcmp(name, "sha256")	 ? lib->EVP_sha256()
	       : !strcmp(name, "sha384") ? lib->EVP_sha384()
	       : !strcmp(name, "sha512") ? lib->EVP_sha512()
					 : NULL;
}

int digest_create(struct digest **out, const char *algorithm, pipe_error *err)
{
	struct digest *d = calloc(1, sizeof(*d));
	const EVP_MD *type;
	int rc;

	*out = NULL;
	if (!d)
		return error_nomem(err);
	rc = lazy_open(&crypto, &d->handle, &d->lib, err);
	if (rc)
		goto fail;
	type = algorithm_of(&d->lib, algorithm);
	if (!type) {
		rc = error_set(err, PIPE_EUSAGE, "\"%s\" is no hash that is known here; sha256, sha384 and sha512 are",
			       algorithm);
		goto fail;
	}
	d->context = d->lib.EVP_MD_CTX_new();
	if (!d->context || !d->lib.EVP_DigestInit_ex(d->context, type, NULL)) {
		rc = error_nomem(err);
		goto fail;
	}
	*out = d;
	return PIPE_OK;
fail:
	digest_free(d);
	return rc;
}

void digest_add(struct digest *d, const void *bytes, size_t length)
{
	if (!d->lib.EVP_DigestUpdate(d->context, bytes, length))
		d->failed = true;
}

static int finish(struct digest *d, unsigned char *bytes, unsigned *length, pipe_error *err)
{
	if (d->failed || !d->lib.EVP_DigestFinal_ex(d->context, bytes, length))
		return error_set(err, PIPE_EIO, "libcrypto could not hash");
	return PIPE_OK;
}

int digest_hex(struct digest *d, char *out, pipe_error *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length;
	int rc = finish(d, bytes, &length, err);

	for (unsigned i = 0; rc == PIPE_OK && i < length; i++)
		snprintf(out + (size_t)2 * i, 3, "%02x", bytes[i]);
	return rc;
}

int digest_base64(struct digest *d, char *out, pipe_error *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length;
	int rc = finish(d, bytes, &length, err);

	if (rc == PIPE_OK)
		d->lib.EVP_EncodeBlock((unsigned char *)out, bytes, (int)length);
	return rc;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	if (d->context)
		d->lib.EVP_MD_CTX_free(d->context);
	lazy_close(d->handle);
	free(d);
}
