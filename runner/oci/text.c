/* Small texts on the way to and from a registry. */
#include "base/error.h"
#include "runner/oci/client.h"
#include "runner/oci/name.h"

#include <string.h>

bool registry_header(const struct exchange_reply *reply, const char *name, char *out, size_t size)
{
	const char *value = NULL;
	size_t length;

	out[0] = '\0';
	if (!exchange_header(reply, name, &value, &length))
		return false;
	length = length < size ? length : size - 1;
	memcpy(out, value, length);
	out[length] = '\0';
	return true;
}

void registry_encode(struct str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:";

	while (*text) {
		size_t n = strspn(text, plain);
		str_add(out, text, n);
		text += n;
		if (*text)
			str_printf(out, "%%%02X", (unsigned char)*text++);
	}
}

const char *registry_algorithm(const char *digest, char out[16])
{
	size_t n = strcspn(digest, ":");

	n = n < 16 ? n : 15;
	memcpy(out, digest, n);
	out[n] = '\0';
	return out;
}

int registry_check_names(const char *repository, const char *tag_or_digest, pipe_error *err)
{
	if (!oci_repository_valid(repository))
		return error_set(err, PIPE_EUSAGE, "\"%.120s\" is no name of a repository", repository);
	if (tag_or_digest && !oci_digest_valid(tag_or_digest) && !oci_tag_valid(tag_or_digest))
		return error_set(err, PIPE_EUSAGE, "\"%.150s\" is neither a tag nor a digest", tag_or_digest);
	return PIPE_OK;
}

int registry_address(struct registry *r, const char *reference, char **out, pipe_error *err)
{
	return transfer_resolve(r->transfer, r->base ? r->base : r->https, reference, out, err);
}
