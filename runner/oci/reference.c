/*
 * The grammar of references (https://github.com/distribution/reference): [registry[:port]/]repository[:tag][@digest].  The first part is
 * a registry where it cannot be a repository's: it has a dot, a colon, a capital letter, or is "localhost".
 */
#include "runner/oci/reference.h"

#include "base/error.h"
#include "runner/oci/name.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

enum { REPOSITORY_MAX = 255, TAG_MAX = 128, HOST_MAX = 255, PORT_MAX = 65535 };

/* ---- parts ---- */

bool oci_digest_valid(const char *digest)
{
	static const struct {
		const char *name;
		size_t length, hex;
	} algorithms[] = { { "sha256:", 7, 64 }, { "sha384:", 7, 96 }, { "sha512:", 7, 128 } };

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (!strncmp(digest, algorithms[i].name, algorithms[i].length)) {
			const char *hex = digest + algorithms[i].length;
			size_t n = strspn(hex, DIGIT "abcdef");
			return n == algorithms[i].hex && !hex[n];
		}
	return false;
}

bool oci_tag_valid(const char *tag)
{
	return *tag && *tag != '.' && *tag != '-' && strlen(tag) <= TAG_MAX && !tag[strspn(tag, LOWER UPPER DIGIT "_.-")];
}

/* What may stand between the letters and digits of a part: one dot, one or two underscores, any number of dashes; 0: none of these. */
static size_t separator(const char *text)
{
	if (*text == '.')
		return 1;
	if (*text == '_')
		return text[1] == '_' ? 2 : 1;
	return strspn(text, "-");
}

/* One part of a repository's path; its length, or 0. */
static size_t path_part(const char *text)
{
	size_t n = strspn(text, LOWER DIGIT), between, more;

	while (n && (between = separator(text + n))) {
		more = strspn(text + n + between, LOWER DIGIT);
		if (!more)
			return 0;
		n += between + more;
	}
	return n;
}

bool oci_repository_valid(const char *repository)
{
	const char *p = repository;
	size_t n;

	if (strlen(repository) > REPOSITORY_MAX)
		return false;
	while ((n = path_part(p)) && p[n] == '/')
		p += n + 1;
	return n && !p[n];
}

/* The port behind a host, with its colon, or nothing. */
static bool port_valid(const char *text)
{
	size_t n = *text == ':' ? strspn(text + 1, DIGIT) : 0;
	unsigned port = 0;

	if (!*text)
		return true;
	for (size_t i = 1; i <= n && n <= 5; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	return n && n <= 5 && !text[n + 1] && port && port <= PORT_MAX;
}

bool oci_host_valid(const char *host)
{
	const char *p = host;
	size_t n;

	if (strlen(host) > HOST_MAX)
		return false;
	if (*host == '[') {
		n = strspn(host + 1, DIGIT "abcdefABCDEF:");
		return n && host[n + 1] == ']' && port_valid(host + n + 2);
	}
	for (;; p += n + 1) {
		n = strspn(p, LOWER UPPER DIGIT "-");
		if (!n || *p == '-' || p[n - 1] == '-')
			return false;
		if (p[n] != '.')
			return port_valid(p + n);
	}
}

/* ---- the whole ---- */

static bool is_registry(const char *part, size_t length)
{
	size_t small = 0;

	while (small < length && !strchr(UPPER ".:", part[small]))
		small++;
	return small < length || (length == 9 && !memcmp(part, "localhost", 9));
}

static int wrong(const char *text, const char *why, pipe_error *err)
{
	return error_set(err, PIPE_EUSAGE, "\"%.120s\" is no reference to an image: %s", text, why);
}

/* Takes the digest and the tag off the end of rest, which is the arena's own. */
static int take_ends(const char *text, char *rest, struct oci_reference *out, pipe_error *err)
{
	char *at = strchr(rest, '@'), *slash, *colon;

	if (at) {
		*at = '\0';
		out->digest = at + 1;
		if (!oci_digest_valid(out->digest))
			return wrong(text, "behind the \"@\" a digest such as sha256:<64 hexadecimal digits> is expected", err);
	}
	slash = strrchr(rest, '/');
	colon = strchr(slash ? slash : rest, ':');
	if (!colon) {
		out->implied_latest = !at;
		out->tag = at ? "" : "latest";
		return PIPE_OK;
	}
	*colon = '\0';
	out->tag = colon + 1;
	return oci_tag_valid(out->tag)
		       ? PIPE_OK
		       : wrong(text,
			       "a tag has up to 128 letters, digits, \"_\", \".\" and \"-\", and begins with none of the last two",
			       err);
}

static const char *why_not(const char *repository)
{
	if (!*repository)
		return "the name is missing";
	if (strlen(repository) > REPOSITORY_MAX)
		return "the name is longer than 255 characters";
	if (repository[strcspn(repository, UPPER)])
		return "a repository's name is written in small letters";
	return "a repository's name has small letters and digits, with single \".\" and \"_\" or dashes between them, in parts separated "
	       "by \"/\"";
}

static int take_registry(const char *text, char **rest, struct oci_reference *out, pipe_error *err)
{
	char *slash = strchr(*rest, '/');

	out->registry = OCI_DOCKER_HUB;
	if (!slash || !is_registry(*rest, (size_t)(slash - *rest)))
		return PIPE_OK;
	*slash = '\0';
	out->registry = *rest;
	*rest = slash + 1;
	if (!strcmp(out->registry, "index." OCI_DOCKER_HUB))
		out->registry = OCI_DOCKER_HUB;
	return oci_host_valid(out->registry) ? PIPE_OK : wrong(text, "the registry is no host name with or without a port", err);
}

int oci_reference_parse(const char *text, struct arena *a, struct oci_reference *out, pipe_error *err)
{
	char *rest = arena_strdup(a, text);
	int rc;

	*out = (struct oci_reference){ .registry = "", .repository = "", .tag = "", .digest = "" };
	if (!rest)
		return error_nomem(err);
	if (strstr(text, "://"))
		return wrong(text, "it is written without \"https://\"", err);
	rc = take_ends(text, rest, out, err);
	if (rc == PIPE_OK)
		rc = take_registry(text, &rest, out, err);
	if (rc)
		return rc;
	if (!oci_repository_valid(rest))
		return wrong(text, why_not(rest), err);
	out->repository = rest;
	if (!strcmp(out->registry, OCI_DOCKER_HUB) && !strchr(rest, '/'))
		out->repository = arena_printf(a, "library/%s", rest);
	return out->repository ? PIPE_OK : error_nomem(err);
}
