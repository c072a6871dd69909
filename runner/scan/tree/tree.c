/* What a target is: a directory, an archive, an image in a registry. */
#include "base/error.h"
#include "runner/scan/tree/tree_store.h"
#include "stages/scanner/package/package.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries have numbers of 31 bits. */
static const uint64_t default_entries = 2000000, most_entries = INT32_MAX, default_bytes = UINT64_C(64) << 30;
enum { DEFAULT_RATIO = 1000, DEFAULT_LAYERS = 500 };

/* ---- targets ---- */

static const struct {
	const char *prefix;
	enum tree_kind kind;
} transports[] = { { "oci:", TREE_OCI_LAYOUT },
		   { "oci-archive:", TREE_OCI_LAYOUT },
		   { "docker-archive:", TREE_DOCKER_ARCHIVE },
		   { "docker://", TREE_REGISTRY } };

struct where {
	enum tree_kind kind;
	const char *path; /* or the reference */
	struct stat st;
};

static bool there(struct where *at, const char *path)
{
	at->path = path;
	return stat(path, &at->st) == 0;
}

/* "PATH", "PATH:NAME" or "PATH@DIGEST": the shortest beginning that is there. */
static int find_path(struct tree_walk *w, struct where *at, const char *text, bool *found, pipe_error *err)
{
	*found = there(at, text);
	for (const char *p = text + strcspn(text, ":@"); !*found && *p; p += 1 + strcspn(p + 1, ":@")) {
		const char *path = arena_strndup(w->a, text, (size_t)(p - text));

		if (!path)
			return error_nomem(err);
		*found = *path && there(at, path);
		if (*found)
			w->name = p + 1;
	}
	return PIPE_OK;
}

static bool has_file(const char *directory, const char *name, struct arena *a)
{
	const char *path = arena_printf(a, "%s/%s", directory, name);
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool tree_target_is_path(const char *target)
{
	size_t n = strlen(target);

	return *target == '/' || *target == '.' || (n > 4 && !strcmp(target + n - 4, ".tar"));
}

/* "oci:PATH" and the like, as other tools write them. */
static int locate_transport(struct tree_walk *w, struct where *at, bool *found, pipe_error *err)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		size_t n = strlen(transports[i].prefix);

		if (strncmp(w->target, transports[i].prefix, n) != 0)
			continue;
		at->kind = transports[i].kind;
		at->path = w->target + n;
		if (at->kind != TREE_REGISTRY)
			return find_path(w, at, w->target + n, found, err);
		*found = true;
	}
	return PIPE_OK;
}

static int locate(struct tree_walk *w, struct where *at, pipe_error *err)
{
	enum tree_kind kind = w->options->kind;
	bool found = kind == TREE_REGISTRY || (kind == TREE_AUTO && there(at, w->target));
	int rc = PIPE_OK;

	at->kind = kind;
	at->path = w->target;
	if (!found && kind == TREE_AUTO)
		rc = locate_transport(w, at, &found, err);
	if (rc || found)
		return rc;
	rc = find_path(w, at, w->target, &found, err);
	if (rc)
		return rc;
	if (found) {
		at->kind = kind;
		return PIPE_OK;
	}
	if (at->kind == TREE_AUTO && !tree_target_is_path(w->target)) {
		at->kind = TREE_REGISTRY;
		at->path = w->target;
		return PIPE_OK;
	}
	return error_set(err, PIPE_ENOTFOUND, "%s: there is no such file or directory", w->target);
}

/* Archives of newer Dockers are both kinds at once; what manifest.json says of tags decides. */
static int scan_store(struct tree_walk *w, const struct where *at, pipe_error *err)
{
	enum tree_kind kind = at->kind;
	struct tree_store *store;
	int rc = tree_store_open(&store, w, at->path, err);

	if (rc)
		return rc;
	if (kind == TREE_AUTO && tree_store_has(store, "manifest.json"))
		kind = TREE_DOCKER_ARCHIVE;
	else if (kind == TREE_AUTO && tree_store_has(store, "index.json"))
		kind = TREE_OCI_LAYOUT;
	if (kind == TREE_DOCKER_ARCHIVE)
		rc = tree_docker_scan(w, store, err);
	else if (kind == TREE_OCI_LAYOUT)
		rc = tree_oci_scan(w, store, err);
	else
		rc = error_set(
			err, PIPE_EPIPELINE,
			"%s is a tar archive, but of no image: it has neither manifest.json (docker save) nor index.json (OCI "
			"layout); to scan what is in it, unpack it and name the directory",
			at->path);
	tree_store_close(store);
	return rc;
}

static int scan_located(struct tree_walk *w, const struct where *at, pipe_error *err)
{
	if (at->kind == TREE_REGISTRY)
		return tree_registry_scan(w, at->path, err);
	if (at->kind == TREE_DIRECTORY && !S_ISDIR(at->st.st_mode))
		return error_set(err, PIPE_EUSAGE, "%s is no directory", at->path);
	if (at->kind == TREE_DIRECTORY || (at->kind == TREE_AUTO && S_ISDIR(at->st.st_mode) &&
					   !(has_file(at->path, "oci-layout", w->a) && has_file(at->path, "index.json", w->a)))) {
		if (w->name)
			return error_set(err, PIPE_EUSAGE, "%s is a directory, and no layout with an image \"%.100s\"", at->path,
					 w->name);
		return tree_directory_scan(w, at->path, err);
	}
	return scan_store(w, at, err);
}

static void set_limits(struct tree_limits *l)
{
	l->entries = l->entries ? l->entries : default_entries;
	l->entries = l->entries < most_entries ? l->entries : most_entries;
	l->bytes = l->bytes ? l->bytes : default_bytes;
	l->ratio = l->ratio ? l->ratio : DEFAULT_RATIO;
	l->file_bytes = l->file_bytes ? l->file_bytes : PACKAGE_FILE_MAX;
	l->layers = l->layers ? l->layers : DEFAULT_LAYERS;
}

static int end_notes(struct tree_walk *w, pipe_error *err)
{
	const char **end = vec_push(w->a, &w->notes);

	w->image->notes = w->notes.items;
	return end ? PIPE_OK : error_nomem(err);
}

int tree_scan(const char *target, const struct tree_options *options, struct arena *a, struct tree_image *image,
	      bool (*wants)(void *payload, const struct tree_file *file),
	      int (*visit)(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err),
	      void *payload, pipe_error *err)
{
	struct tree_walk w = { .target = target,
			       .options = options,
			       .limits = options->limits,
			       .a = a,
			       .image = image,
			       .wants = wants,
			       .visit = visit,
			       .payload = payload };
	struct where at = { 0 };
	int rc;

	*image = (struct tree_image){ .id = "", .digest = "", .os = "", .architecture = "", .user = "", .created = "" };
	set_limits(&w.limits);
	rc = locate(&w, &at, err);
	if (rc == PIPE_OK)
		rc = scan_located(&w, &at, err);
	return rc ? rc : end_notes(&w, err);
}
