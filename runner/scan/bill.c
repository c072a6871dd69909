#include "runner/scan/bill.h"

#include "base/error.h"
#include "stages/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* Package URL types, and what Trivy calls packages of which no lock file is known.  separator: between namespace and name. */
static const struct kind {
	const char *purl, *type;
	char separator; /* 0: a distribution's, whose namespace is its name */
} kinds[] = {
	{ "apk", "", 0 },	    { "cargo", "cargo", '/' },	   { "composer", "composer", '/' }, { "deb", "", 0 },
	{ "gem", "gemspec", '/' },  { "golang", "gobinary", '/' }, { "hex", "hex", '/' },	    { "maven", "jar", ':' },
	{ "npm", "node-pkg", '/' }, { "nuget", "nuget", '/' },	   { "pub", "pub", '/' },	    { "pypi", "python-pkg", '/' },
	{ "rpm", "", 0 },
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

struct bill {
	struct arena *a;
	struct scan_os *os;
	const char *path;
	struct package_list *lists[KINDS];
	uint64_t without; /* components that cannot be looked up */
	int fd;
};

/* ---- package URLs ---- */

struct purl {
	const char *type, *namespace, *name, *version, *qualifiers; /* decoded, but for qualifiers */
};

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* In place. */
static char *decode(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		int high = *at == '%' ? hex(at[1]) : -1, low = high >= 0 ? hex(at[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high * 16 + low);
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return text;
}

/* Cuts text at the last of a character: what is behind it, or NULL. */
static char *cut_last(char *text, char c)
{
	char *at = strrchr(text, c);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* From its end to its beginning, as the specification says; false: it is none, or there is no memory. */
static bool parse(struct arena *a, const char *text, struct purl *out)
{
	char *rest = strncmp(text, "pkg:", 4) ? NULL : arena_strdup(a, text + 4), *part, *slash;

	if (!rest)
		return false;
	memset(out, 0, sizeof(*out));
	cut_last(rest, '#');
	part = strchr(rest, '?');
	if (part)
		*part++ = '\0';
	out->qualifiers = part ? part : "";
	while (*rest == '/')
		rest++;
	slash = strchr(rest, '/');
	if (!slash)
		return false;
	*slash = '\0';
	out->type = rest;
	rest = slash + 1;
	slash = strrchr(rest, '/');
	part = strrchr(rest, '@');
	if (part && part != rest && (!slash || part > slash))
		*part++ = '\0';
	else
		part = NULL;
	out->version = part ? decode(part) : "";
	part = cut_last(rest, '/');
	out->namespace = part ? decode(rest) : "";
	out->name = decode(part ? part : rest);
	return *out->name != '\0';
}

/* The value of a qualifier; "" : there is none. */
static const char *qualifier(struct arena *a, const struct purl *p, const char *name)
{
	size_t n = strlen(name);
	const char *at = p->qualifiers;

	while (*at) {
		size_t length = strcspn(at, "&");

		if (length > n && at[n] == '=' && !strncmp(at, name, n)) {
			char *value = arena_strndup(a, at + n + 1, length - n - 1);
			return value ? decode(value) : "";
		}
		at += length + (at[length] == '&');
	}
	return "";
}

/* ---- components ---- */

static const struct kind *kind_of(const char *type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(kinds[i].purl, type))
			return &kinds[i];
	return NULL;
}

/* distro=debian-12.5; the namespace is the family where that is missing. */
static bool take_os(struct bill *b, const struct purl *p)
{
	const char *distro = qualifier(b->a, p, "distro");
	char *copy = arena_strdup(b->a, *distro ? distro : p->namespace), *version;

	if (!copy)
		return false;
	if (*b->os->family)
		return true;
	version = cut_last(copy, '-');
	b->os->family = copy;
	b->os->version = version ? version : "";
	b->os->name = distro;
	return true;
}

/* upstream=NAME@VERSION names the source package. */
static bool take_source(struct bill *b, const struct purl *p, struct scan_package *package)
{
	char *upstream = arena_strdup(b->a, qualifier(b->a, p, "upstream")), *version;

	if (!upstream)
		return false;
	version = strrchr(upstream, '@');
	if (version)
		*version++ = '\0';
	package->source_name = upstream;
	package->source_version = version ? version : "";
	return true;
}

static struct package_list *list_of(struct bill *b, const struct kind *k)
{
	struct package_list **slot = &b->lists[k - kinds];

	if (!*slot && (*slot = ARENA_NEW(b->a, struct package_list))) {
		(*slot)->type = k->type;
		(*slot)->class = k->separator ? PACKAGE_LANGUAGE : PACKAGE_OS;
		(*slot)->path = b->path;
	}
	return *slot;
}

/* A distribution compares versions with their epochs, which package URLs of rpm keep apart. */
static const char *version_of(struct bill *b, const struct purl *p)
{
	const char *epoch = qualifier(b->a, p, "epoch");

	return *epoch ? arena_printf(b->a, "%s:%s", epoch, p->version) : p->version;
}

static int component(void *payload, const struct evidence_component *c, pipe_error *err)
{
	struct bill *b = payload;
	const struct kind *k;
	struct package_list *list;
	struct scan_package *package;
	struct purl p;

	k = *c->purl && parse(b->a, c->purl, &p) ? kind_of(p.type) : NULL;
	if (!k || !*p.version) {
		b->without++;
		return PIPE_OK;
	}
	list = list_of(b, k);
	package = list ? vec_push(b->a, &list->packages) : NULL;
	if (!package)
		return error_nomem(err);
	*package = (struct scan_package){ .source_name = "", .source_version = "", .path = "" };
	package->name = k->separator && *p.namespace ? arena_printf(b->a, "%s%c%s", p.namespace, k->separator, p.name)
						     : arena_strdup(b->a, p.name);
	package->version = version_of(b, &p);
	package->arch = qualifier(b->a, &p, "arch");
	package->licenses = arena_strdup(b->a, c->licenses);
	package->purl = arena_strdup(b->a, c->purl);
	if (!k->separator && (!take_os(b, &p) || !take_source(b, &p, package)))
		return error_nomem(err);
	return package->name && package->version && package->licenses && package->purl ? PIPE_OK : error_nomem(err);
}

/* ---- the document ---- */

static int64_t read_some(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct bill *b = payload;
	ssize_t n;

	do
		n = read(b->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, PIPE_EIO, errno, "%s", b->path) : n;
}

static int read_document(struct bill *b, pipe_error *err)
{
	struct report_options options = { .workspace = "", .tool = "" };
	struct evidence_sink sink = { .component = component, .payload = b };
	const struct report_format *used = NULL;
	int rc = report_read(NULL, b->path, read_some, b, &options, &sink, &used, err);

	if (rc == PIPE_OK && !(used->gives & GIVES_COMPONENTS))
		return error_set(err, PIPE_EPIPELINE, "%.300s is no SBOM in CycloneDX or SPDX JSON, but %s", b->path, used->name);
	return rc;
}

static int hand_out(struct bill *b, struct package_list *const **lists, size_t *count, pipe_error *err)
{
	struct package_list **list = ARENA_ARRAY(b->a, struct package_list *, KINDS + 1);

	if (!list)
		return error_nomem(err);
	*count = 0;
	for (size_t i = 0; i < KINDS; i++)
		if (b->lists[i])
			list[(*count)++] = b->lists[i];
	if (b->without && *count) {
		const char **note = vec_push(b->a, &list[0]->notes);
		if (!note ||
		    !(*note = arena_printf(b->a, "%" PRIu64 " components have no package URL that can be looked up", b->without)))
			return error_nomem(err);
	}
	*lists = list;
	if (!*count && b->without)
		return error_set(err, PIPE_EPIPELINE,
				 "%.300s: none of its %" PRIu64 " components has a package URL that can be looked up", b->path,
				 b->without);
	return PIPE_OK;
}

int bill_read(const char *path, struct arena *a, struct scan_os *os, struct package_list *const **lists, size_t *count,
	      pipe_error *err)
{
	struct bill b = { .a = a, .os = os, .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	int rc;

	*lists = NULL;
	*count = 0;
	if (b.fd < 0)
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "%s", path);
	rc = read_document(&b, err);
	close(b.fd);
	return rc == PIPE_OK ? hand_out(&b, lists, count, err) : rc;
}
