/* What a target is, and what the kinds of targets share. */
#include "base/error.h"
#include "runner/scan/layer/layer.h"
#include "runner/scan/tree/tree_store.h"
#include "stages/scanner/package/package.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries have numbers of 31 bits. */
static const uint64_t default_entries = 2000000, most_entries = INT32_MAX, default_bytes = UINT64_C(64) << 30;
enum { DEFAULT_RATIO = 1000, DEFAULT_LAYERS = 500 };

/* ---- parts ---- */

void tree_part_close(struct tree_part *part)
{
	if (part->owned && part->fd >= 0)
		close(part->fd);
	part->fd = -1;
	part->owned = false;
}

int64_t tree_part_read(const struct tree_part *part, uint64_t at, void *buffer, size_t size)
{
	uint64_t left = at < part->length ? part->length - at : 0;
	char *to = buffer;
	size_t got = 0;

	size = left < size ? (size_t)left : size;
	while (got < size) {
		ssize_t n = pread(part->fd, to + got, size - got, (off_t)(part->offset + at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (int64_t)got;
}

int tree_scratch_file(const struct tree_walk *w, int *fd, pipe_error *err)
{
	const char *directory = w->options->scratch ? w->options->scratch : P_tmpdir;
	char path[4096];

	*fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* A file system that knows no files without a name. */
	if (*fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) &&
	    snprintf(path, sizeof(path), "%s/pipe-scan-XXXXXX", directory) < (int)sizeof(path)) {
		*fd = mkostemp(path, O_CLOEXEC);
		if (*fd >= 0)
			unlink(path);
	}
	return *fd >= 0 ? PIPE_OK : error_errno(err, error_code_of(errno), errno, "cannot make a file in %s", directory);
}

/* ---- words ---- */

int tree_cancelled(const struct tree_walk *w, pipe_error *err)
{
	if (w->options->cancel && atomic_load_explicit(w->options->cancel, memory_order_relaxed))
		return error_set(err, PIPE_EIO, "%s: the scan was cancelled", w->target);
	return PIPE_OK;
}

int tree_note(struct tree_walk *w, pipe_error *err, const char *format, ...)
{
	const char **note = vec_push(w->a, &w->notes);
	va_list ap;

	if (!note)
		return error_nomem(err);
	va_start(ap, format);
	*note = arena_vprintf(w->a, format, ap);
	va_end(ap);
	return *note ? PIPE_OK : error_nomem(err);
}

void tree_progress(const struct tree_walk *w, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!w->options->progress)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	w->options->progress(w->options->progress_payload, line);
}

int tree_over(pipe_error *err, const char *limit, uint64_t bound, const char *format, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	return error_set(err, PIPE_ELIMIT, "%s (the limit \"%s\" is %llu; it can be raised)", what, limit,
			 (unsigned long long)bound);
}

/* ---- layers ---- */

static int scan_layer(struct tree_walk *w, struct layer_reader *reader, const struct tree_layer *layer, uint32_t number,
		      uint32_t count, tree_open_layer open_layer, void *source, pipe_error *err)
{
	char what[256];
	struct tree_part part = { .fd = -1 };
	int rc = tree_cancelled(w, err);

	snprintf(what, sizeof(what), "layer %u of %u (%.100s)", number, count, layer->digest ? layer->digest : layer->diff_id);
	tree_progress(w, "layer %u of %u, %llu MB", number, count, (unsigned long long)(layer->bytes / 1000000));
	if (rc == PIPE_OK)
		rc = open_layer(source, layer, &part, err);
	if (rc == PIPE_OK)
		rc = layer_read(reader, layer, &part, (uint16_t)number, what, err);
	tree_part_close(&part);
	return rc;
}

int tree_layers_scan(struct tree_walk *w, const struct tree_layer *layers, uint32_t count, tree_open_layer open_layer,
		     void *source, pipe_error *err)
{
	struct layer_reader *reader;
	int rc = layer_reader_create(&reader, w, err);

	for (uint32_t i = count; rc == PIPE_OK && i-- > 0;)
		rc = scan_layer(w, reader, &layers[i], i + 1, count, open_layer, source, err);
	if (rc == PIPE_OK)
		rc = layer_reader_end(reader, err);
	layer_reader_free(reader);
	return rc;
}

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

static bool looks_like_path(const char *text)
{
	size_t n = strlen(text);

	return *text == '/' || *text == '.' || (n > 4 && !strcmp(text + n - 4, ".tar"));
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
	if (at->kind == TREE_AUTO && !looks_like_path(w->target)) {
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
