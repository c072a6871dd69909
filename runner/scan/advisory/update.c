/*
 * Bringing Trivy's database up to date.  All work is done beside the one that is there, in `trivy.new`; only when that is whole,
 * opened, checked and flushed do the two change places.  So whoever is killed, and when, there is one whole database, the old or the
 * new one, and whoever reads the old one goes on reading it.
 *
 *   update.lock       held (flock) while an update is under way
 *   download.DIGEST   what has come of the layer; taken up again by the next update
 *   trivy.new         what is being made; left behind by one that was killed, removed by the next
 *   trivy             the database; the layer's digest is kept in it
 */
#include "runner/scan/advisory/advisories.h"

#include "base/error.h"
#include "runner/files/archive_library.h"
#include "runner/files/beneath.h"
#include "runner/history/state.h"
#include "runner/oci/registry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
#define NEW "trivy.new"
#define CURRENT "trivy"
#define OTHER_SOURCE "; another source can be named with --from REGISTRY/REPOSITORY:TAG"

enum { ENTRIES_MAX = 100, DIGEST_FILE = 256 };
static const uint64_t layer_max = UINT64_C(8) << 30, database_max = UINT64_C(32) << 30, metadata_max = 1 << 20;

struct update {
	const struct advisories_update *options;
	const char *directory;
	struct arena arena;
	struct oci_reference from;
	struct registry *registry;
	int root, lock, download;
	char digest[140]; /* of the layer */
	uint64_t bytes;
};

static void say(struct update *u, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct update *u, const char *format, ...)
{
	char line[400];
	va_list ap;

	if (!u->options->progress)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	u->options->progress(u->options->progress_payload, line);
}

static int io_error(const struct update *u, const char *what, pipe_error *err)
{
	return error_errno(err, error_code_of(errno), errno, "%.200s/%s", u->directory, what);
}

/* ---- the directory ---- */

static int take_lock(struct update *u, pipe_error *err)
{
	u->lock = openat(u->root, "update.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (u->lock < 0)
		return io_error(u, "update.lock", err);
	if (flock(u->lock, LOCK_EX | LOCK_NB) == 0)
		return PIPE_OK;
	if (errno == EWOULDBLOCK)
		return error_set(err, PIPE_EBUSY, "another update of %.300s is under way", u->directory);
	return io_error(u, "update.lock", err);
}

/* What a killed one left behind; and downloads of other layers, which nobody asks for any more. */
static int clean(struct update *u, const char *keep, pipe_error *err)
{
	int fd = openat(u->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = PIPE_OK;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	uint64_t bytes = 0;
	struct dirent *entry;

	if (!directory) {
		rc = io_error(u, ".", err);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (entry = readdir(directory))) {
		bool old_download = !strncmp(entry->d_name, "download.", 9) && strcmp(entry->d_name, keep);

		if (old_download || !strcmp(entry->d_name, NEW))
			rc = tree_remove(u->root, entry->d_name, &bytes, err);
	}
	closedir(directory);
	return rc;
}

/* ---- what there is ---- */

static int connect(struct update *u, pipe_error *err)
{
	const struct registry_options options = {
		.docker_config = u->options->docker_config,
		.envp = u->options->envp,
		.ca_file = u->options->ca_file,
		.insecure = u->options->insecure,
		.plain_http = u->options->plain_http,
		.cancel = u->options->cancel,
	};
	int rc = oci_reference_parse(u->options->from ? u->options->from : ADVISORIES_DEFAULT, &u->arena, &u->from, err);

	if (rc)
		return rc;
	if (u->from.implied_latest) /* the tag is the schema's version */
		u->from.tag = "2";
	return registry_open(&u->registry, u->from.registry, &options, err);
}

static int unfit(struct update *u, const char *why, pipe_error *err)
{
	return error_set(err, PIPE_EPIPELINE, "%.100s/%.150s:%.60s is no database of Trivy's: %s", u->from.registry,
			 u->from.repository, u->from.tag, why);
}

static int read_manifest(struct update *u, const char *text, size_t length, pipe_error *err)
{
	json_t *map = json_loadb(text, length, 0, NULL);
	const json_t *layers = json_object_get(map, "layers"), *layer = json_array_get(layers, 0);
	const char *type = json_string_value(json_object_get(layer, "mediaType"));
	const char *digest = json_string_value(json_object_get(layer, "digest"));
	json_int_t size = json_integer_value(json_object_get(layer, "size"));
	int rc = PIPE_OK;

	if (json_array_size(layers) != 1 || !type || strcmp(type, LAYER))
		rc = unfit(u, "it should have one layer of type " LAYER, err);
	else if (!digest || !oci_digest_valid(digest) || strlen(digest) >= sizeof(u->digest))
		rc = unfit(u, "its layer has no valid digest", err);
	else if (size <= 0 || (uint64_t)size > layer_max)
		rc = unfit(u, "its layer is empty or too large", err);
	else
		snprintf(u->digest, sizeof(u->digest), "%s", digest);
	u->bytes = rc ? 0 : (uint64_t)size;
	json_decref(map);
	return rc;
}

static int get_manifest(struct update *u, pipe_error *err)
{
	struct registry_manifest manifest = { .digest = "" };
	int rc;

	str_init(&manifest.body);
	rc = registry_get_manifest(u->registry, u->from.repository, *u->from.digest ? u->from.digest : u->from.tag, &manifest,
				   err);
	if (!rc)
		rc = read_manifest(u, manifest.body.data, manifest.body.length, err);
	registry_manifest_clear(&manifest);
	return rc;
}

/* Is that layer unpacked already, and whole as far as can be seen? */
static bool is_current(struct update *u)
{
	char path[PATH_MAX], digest[DIGEST_FILE] = "";
	struct advisory_source source;
	int fd = openat(u->root, CURRENT "/digest", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, digest, sizeof(digest) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0 || strcmp(digest, u->digest) || state_path(path, NULL, u->directory, CURRENT) ||
	    trivy_db_open(&source, path, NULL))
		return false;
	source.close(source.payload);
	return true;
}

static int download(struct update *u, pipe_error *err)
{
	char name[200];
	int rc;

	snprintf(name, sizeof(name), "download.%s", u->digest);
	rc = clean(u, name, err);
	if (rc)
		return rc;
	u->download = openat(u->root, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (u->download < 0)
		return io_error(u, name, err);
	say(u, "getting %.1f MB from %s/%s", (double)u->bytes / 1e6, u->from.registry, u->from.repository);
	rc = registry_get_blob(u->registry, u->from.repository, u->digest, u->bytes, u->download, err);
	if (rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT) /* not worth going on with */
		unlinkat(u->root, name, 0);
	return rc;
}

/* ---- unpacking ---- */

static const struct member {
	const char *name;
	const uint64_t *most;
} members[] = { { "trivy.db", &database_max }, { "metadata.json", &metadata_max } };
enum { MEMBERS = sizeof(members) / sizeof(*members) };

struct unpacking {
	struct update *update;
	struct archive_library lib;
	struct archive *archive;
	int to; /* the new directory */
	unsigned seen;
};

static int broken(struct unpacking *p, pipe_error *err)
{
	const char *why = p->lib.archive_error_string(p->archive);

	return error_set(err, p->lib.archive_errno(p->archive) == ENOMEM ? PIPE_ENOMEM : PIPE_EPIPELINE,
			 "the layer %.80s cannot be unpacked: %s", p->update->digest, why ? why : "it ends too early");
}

/* Blocks come in order; holes of a sparse file are left as holes. */
static int copy_data(struct unpacking *p, const struct member *member, int fd, pipe_error *err)
{
	for (;;) {
		const void *block;
		size_t length;
		la_int64_t offset;
		int result = p->lib.archive_read_data_block(p->archive, &block, &length, &offset);

		if (result == ARCHIVE_EOF)
			return PIPE_OK;
		if (result != ARCHIVE_OK)
			return broken(p, err);
		if (p->update->options->cancel && atomic_load(p->update->options->cancel))
			return error_set(err, PIPE_EIO, "the update was cancelled; nothing was changed");
		if (offset < 0 || (uint64_t)offset > *member->most || length > *member->most - (uint64_t)offset)
			return error_set(err, PIPE_ELIMIT, "%s of the layer is larger than %" PRIu64 " bytes", member->name,
					 *member->most);
		if (lseek(fd, offset, SEEK_SET) < 0 || fd_write_all(fd, block, length))
			return io_error(p->update, member->name, err);
	}
}

static int unpack_member(struct unpacking *p, unsigned i, int64_t size, pipe_error *err)
{
	const struct member *member = &members[i];
	int fd, rc;

	if (p->seen & 1u << i)
		return unfit(p->update, "a file is in it twice", err);
	if (size < 0 || (uint64_t)size > *member->most)
		return error_set(err, PIPE_ELIMIT, "%s of the layer is larger than %" PRIu64 " bytes", member->name,
				 *member->most);
	p->seen |= 1u << i;
	fd = openat(p->to, member->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return io_error(p->update, member->name, err);
	rc = copy_data(p, member, fd, err);
	if (!rc && (ftruncate(fd, size) || fsync(fd)))
		rc = io_error(p->update, member->name, err);
	if (close(fd) && !rc)
		rc = io_error(p->update, member->name, err);
	return rc;
}

static int unpack_entries(struct unpacking *p, pipe_error *err)
{
	struct archive_entry *entry;

	for (unsigned count = 0; count < ENTRIES_MAX; count++) {
		int result = p->lib.archive_read_next_header(p->archive, &entry), rc = PIPE_OK;
		const char *name;

		if (result == ARCHIVE_EOF)
			return p->seen == (1u << MEMBERS) - 1 ? PIPE_OK
							      : unfit(p->update, "trivy.db or metadata.json is missing", err);
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return broken(p, err);
		name = p->lib.archive_entry_pathname(entry);
		name = !name ? "" : strncmp(name, "./", 2) ? name : name + 2;
		for (unsigned i = 0; !rc && i < MEMBERS; i++)
			if (!strcmp(name, members[i].name) && p->lib.archive_entry_filetype(entry) == AE_IFREG)
				rc = unpack_member(p, i, p->lib.archive_entry_size(entry), err);
		if (rc)
			return rc;
	}
	return unfit(p->update, "it holds too many files", err);
}

static int unpack(struct update *u, int to, pipe_error *err)
{
	struct unpacking p = { .update = u, .to = to };
	void *handle = NULL;
	int rc = archive_library_open(&p.lib, &handle, err);

	if (rc)
		return rc;
	if (lseek(u->download, 0, SEEK_SET) < 0)
		return io_error(u, "download", err);
	p.archive = p.lib.archive_read_new();
	if (!p.archive)
		rc = error_nomem(err);
	else if (p.lib.archive_read_support_format_tar(p.archive) != ARCHIVE_OK ||
		 p.lib.archive_read_support_filter_gzip(p.archive) != ARCHIVE_OK ||
		 p.lib.archive_read_open_fd(p.archive, u->download, 65536) != ARCHIVE_OK)
		rc = broken(&p, err);
	else
		rc = unpack_entries(&p, err);
	if (p.archive)
		p.lib.archive_read_free(p.archive);
	lazy_close(handle);
	return rc;
}

/* ---- changing places ---- */

static int write_digest(struct update *u, int to, pipe_error *err)
{
	int fd = openat(to, "digest", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), rc = PIPE_OK;

	if (fd < 0 || fd_write_all(fd, u->digest, strlen(u->digest)) || fsync(fd))
		rc = io_error(u, NEW "/digest", err);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Where a file system cannot exchange two directories in one step: file by file, each in one.  Between them the old metadata says that
 * the new database is older than it is, which does no harm. */
static int move_files(struct update *u, pipe_error *err)
{
	static const char *const names[] = { "trivy.db", "metadata.json", "digest" };
	char from[64], to[64];

	if (unlinkat(u->root, CURRENT "/digest", 0) && errno != ENOENT)
		return io_error(u, CURRENT "/digest", err);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(from, sizeof(from), NEW "/%s", names[i]);
		snprintf(to, sizeof(to), CURRENT "/%s", names[i]);
		if (renameat(u->root, from, u->root, to))
			return io_error(u, to, err);
	}
	return PIPE_OK;
}

static int swap_in(struct update *u, pipe_error *err)
{
	uint64_t bytes = 0;
	int rc = PIPE_OK;

	if (renameat2(u->root, NEW, u->root, CURRENT, RENAME_NOREPLACE) &&
	    renameat2(u->root, NEW, u->root, CURRENT, RENAME_EXCHANGE)) {
		/* without either flag: NFS and the like */
		if (errno != EINVAL && errno != ENOSYS && errno != EXDEV)
			return io_error(u, CURRENT, err);
		if (renameat(u->root, NEW, u->root, CURRENT))
			rc = move_files(u, err);
	}
	if (!rc && fsync(u->root))
		rc = io_error(u, ".", err);
	return rc ? rc : tree_remove(u->root, NEW, &bytes, err);
}

static int make_new(struct update *u, pipe_error *err)
{
	struct advisory_source source;
	char path[PATH_MAX];
	int to, rc;

	if (mkdirat(u->root, NEW, 0777))
		return io_error(u, NEW, err);
	to = openat(u->root, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (to < 0)
		return io_error(u, NEW, err);
	say(u, "unpacking");
	rc = unpack(u, to, err);
	if (!rc)
		rc = state_path(path, err, u->directory, NEW);
	if (!rc)
		rc = trivy_db_open(&source, path, err);
	if (!rc) {
		source.close(source.payload);
		rc = write_digest(u, to, err);
	}
	if (!rc && fsync(to))
		rc = io_error(u, NEW, err);
	close(to);
	return rc;
}

static int run(struct update *u, pipe_error *err)
{
	int rc = connect(u, err);

	if (!rc)
		rc = get_manifest(u, err);
	if (rc)
		return rc;
	if (is_current(u)) {
		say(u, "this is the newest one already");
		return PIPE_OK;
	}
	rc = download(u, err);
	if (!rc)
		rc = make_new(u, err);
	return rc ? rc : swap_in(u, err);
}

/* Whatever is wrong with the source: there may be another. */
static int with_advice(int rc, pipe_error *err)
{
	pipe_error why;

	if (!err || (rc != PIPE_ENETWORK && rc != PIPE_ENOTFOUND && rc != PIPE_EPIPELINE))
		return rc;
	why = *err;
	return error_set(err, rc, "%.380s%s", why.text, OTHER_SOURCE);
}

int advisories_update(const char *directory, const struct advisories_update *options, pipe_error *err)
{
	struct update u = {
		.options = options, .directory = directory, .arena = ARENA_INIT, .root = -1, .lock = -1, .download = -1
	};
	pipe_error ignored;
	int rc = state_make(directory, err);

	if (!rc)
		rc = root_open(directory, &u.root, err);
	if (!rc)
		rc = take_lock(&u, err);
	if (!rc) {
		rc = with_advice(run(&u, err), err);
		/* a download that came whole is of no more use, and what was made in vain neither */
		if (!rc || (rc != PIPE_ENETWORK && rc != PIPE_EIO)) {
			char name[200];

			snprintf(name, sizeof(name), "download.%s", u.digest);
			unlinkat(u.root, name, 0);
		}
		(void)tree_remove(u.root, NEW, &(uint64_t){ 0 }, &ignored);
	}
	if (u.registry)
		registry_close(u.registry);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ u.download, u.lock, u.root }[i];

		if (fd >= 0)
			close(fd);
	}
	arena_clear(&u.arena);
	return rc;
}
