/*
 * Unpacking what may be hostile.  The invariant: a file is only ever made, as a new file, in a directory that was reached from root
 * without following a link; so nothing that an archive brought or that lay there before can lead a write elsewhere.  Modes and times
 * of directories are set last, or a read-only one could not be filled.
 */
#include "base/error.h"
#include "base/vec.h"
#include "runner/files/archive_library.h"
#include "runner/files/archive_select.h"
#include "runner/files/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t default_max_bytes = UINT64_C(64) << 30;
enum { MAX_ENTRIES = 1000000 };

struct made_directory {
	const char *path;
	mode_t mode;
	struct timespec mtime;
};

struct unpacker {
	struct archive_library lib;
	void *handle;
	struct archive *archive;
	const char *name; /* of the archive, for messages */
	char *root;	  /* resolved */
	char made[40];	  /* a name that nobody else has, for what is being made */
	int root_fd, fd;
	uint64_t left;	   /* bytes that may still be written */
	bool missing_only; /* what is there stays as it is */
	uint32_t entries;
	struct archive_stats stats;
	struct arena a;
	VEC(struct made_directory) directories;
};

static int refuse(struct unpacker *u, const char *path, const char *why, pipe_error *err)
{
	return error_set(err, PIPE_EIO, "%s: \"%s\" is refused: %s", u->name, path, why);
}

static int system_error(struct unpacker *u, const char *path, pipe_error *err)
{
	if (errno == ELOOP || errno == EXDEV)
		return refuse(u, path, "a link stands in its way", err);
	return error_errno(err, error_code_of(errno), errno, "%s: \"%s\"", u->name, path);
}

static int damaged(struct unpacker *u, pipe_error *err)
{
	const char *why = u->lib.archive_error_string(u->archive);

	return error_set(err, u->lib.archive_errno(u->archive) == ENOMEM ? PIPE_ENOMEM : PIPE_EIO,
			 "%s is damaged or no archive of ours: %s", u->name, why ? why : "it ends too early");
}

static struct timespec mtime_of(struct unpacker *u, struct archive_entry *e)
{
	return (struct timespec){ u->lib.archive_entry_mtime(e), u->lib.archive_entry_mtime_nsec(e) };
}

static int set_times(int fd, struct timespec mtime)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime };

	return futimens(fd, times);
}

static bool is_there(int parent, const char *name)
{
	return faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int unpack_directory(struct unpacker *u, struct archive_entry *e, const char *path, pipe_error *err)
{
	struct made_directory *d;
	const char *name;
	struct stat st;
	int parent, rc = PIPE_OK;

	parent = beneath_parent(u->root_fd, path, true, &name);
	if (parent < 0)
		return system_error(u, path, err);
	if (u->missing_only && is_there(parent, name)) {
		close(parent);
		return PIPE_OK;
	}
	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		rc = system_error(u, path, err);
	else if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
		 (unlinkat(parent, name, 0) || mkdirat(parent, name, 0700)))
		rc = system_error(u, path, err);
	close(parent);
	if (rc)
		return rc;
	d = vec_push(&u->a, &u->directories);
	if (!d)
		return error_nomem(err);
	*d = (struct made_directory){ path, u->lib.archive_entry_perm(e) & 0777, mtime_of(u, e) };
	return PIPE_OK;
}

static int write_block(int fd, const char *bytes, size_t length, off_t offset)
{
	while (length) {
		ssize_t n = pwrite(fd, bytes, length, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		offset += n;
		length -= (size_t)n;
	}
	return 0;
}

static int over_limit(struct unpacker *u, const char *path, pipe_error *err)
{
	return error_set(err, PIPE_ELIMIT, "%s: \"%s\" goes beyond the size that may be unpacked", u->name, path);
}

static int unpack_content(struct unpacker *u, int fd, const char *path, pipe_error *err)
{
	uint64_t limit = u->left, end = 0;

	for (;;) {
		const void *block;
		size_t length;
		la_int64_t offset;
		int got = u->lib.archive_read_data_block(u->archive, &block, &length, &offset);

		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			return damaged(u, err);
		if (offset < 0 || (uint64_t)offset > limit || length > limit - (uint64_t)offset)
			return over_limit(u, path, err);
		if (write_block(fd, block, length, offset))
			return system_error(u, path, err);
		if ((uint64_t)offset + length > end)
			end = (uint64_t)offset + length;
	}
	u->left -= end;
	return PIPE_OK;
}

/* What is put in place appears whole or not at all, also while others unpack or use the same files: it is made under a name that
 * nobody else has, and renamed.  An empty directory gives way; what stands there otherwise is replaced and never written through. */
static int put_in_place(int parent, const char *made, const char *name)
{
	int error;

	if (renameat(parent, made, parent, name) == 0)
		return 0;
	if (errno == EISDIR && unlinkat(parent, name, AT_REMOVEDIR) == 0 && renameat(parent, made, parent, name) == 0)
		return 0;
	error = errno;
	unlinkat(parent, made, 0);
	errno = error;
	return -1;
}

/* A file without a name where the system has such, so that a killed process leaves nothing; else under the name `made`. */
static int open_unnamed(int parent, const char *made, bool *named)
{
	int fd = openat(parent, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	*named = fd < 0;
	return *named ? openat(parent, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : fd;
}

static int give_name(int fd, int parent, const char *made)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, parent, made, AT_SYMLINK_FOLLOW);
}

static int unpack_file(struct unpacker *u, struct archive_entry *e, int parent, const char *name, const char *path,
		       pipe_error *err)
{
	la_int64_t size = u->lib.archive_entry_size(e);
	bool named;
	int fd, rc;

	if (size < 0 || (uint64_t)size > u->left)
		return over_limit(u, path, err);
	fd = open_unnamed(parent, u->made, &named);
	if (fd < 0)
		return system_error(u, path, err);
	rc = unpack_content(u, fd, path, err);
	if (rc == PIPE_OK && (ftruncate(fd, size) || fchmod(fd, u->lib.archive_entry_perm(e) & 0777) ||
			      set_times(fd, mtime_of(u, e)) || (!named && give_name(fd, parent, u->made))))
		rc = system_error(u, path, err);
	if (rc == PIPE_OK && put_in_place(parent, u->made, name))
		rc = system_error(u, path, err);
	else if (rc && named)
		unlinkat(parent, u->made, 0);
	close(fd);
	return rc;
}

static int unpack_symlink(struct unpacker *u, struct archive_entry *e, int parent, const char *name, const char *path,
			  pipe_error *err)
{
	const char *target = u->lib.archive_entry_symlink(e);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime_of(u, e) };

	if (!target || !*target)
		return refuse(u, path, "a link to nothing", err);
	if (!archive_link_stays(u->root, path, target)) {
		u->stats.outside++;
		return PIPE_OK;
	}
	if (symlinkat(target, parent, u->made))
		return system_error(u, path, err);
	(void)utimensat(parent, u->made, times, AT_SYMLINK_NOFOLLOW); /* a link's own time matters to nobody */
	return put_in_place(parent, u->made, name) ? system_error(u, path, err) : PIPE_OK;
}

static int unpack_hardlink(struct unpacker *u, const char *target, int parent, const char *name, const char *path,
			   pipe_error *err)
{
	const char *clean = *target == '/' ? NULL : path_clean(target, &u->a, NULL), *its_name;
	int its_parent, rc = PIPE_OK;
	struct stat st;

	if (!clean || !*clean)
		return refuse(u, path, "a hard link to a file outside", err);
	its_parent = beneath_parent(u->root_fd, clean, false, &its_name);
	if (its_parent < 0)
		return system_error(u, path, err);
	if (fstatat(its_parent, its_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		rc = refuse(u, path, "a hard link to what is no file", err);
	else if (linkat(its_parent, its_name, parent, u->made, 0) || put_in_place(parent, u->made, name))
		rc = system_error(u, path, err);
	else
		unlinkat(parent, u->made, 0); /* to rename one name of a file to another of its names does nothing */
	close(its_parent);
	return rc;
}

static int unpack_leaf(struct unpacker *u, struct archive_entry *e, const char *path, pipe_error *err)
{
	const char *hard = u->lib.archive_entry_hardlink(e), *name;
	int parent = beneath_parent(u->root_fd, path, true, &name), rc;
	uint32_t outside = u->stats.outside;

	if (parent < 0)
		return system_error(u, path, err);
	if (u->missing_only && is_there(parent, name))
		rc = PIPE_OK;
	else if (hard && !strcmp(hard, path))
		rc = PIPE_OK; /* a link to itself: there already */
	else if (hard)
		rc = unpack_hardlink(u, hard, parent, name, path, err);
	else if (u->lib.archive_entry_filetype(e) == AE_IFLNK)
		rc = unpack_symlink(u, e, parent, name, path, err);
	else
		rc = unpack_file(u, e, parent, name, path, err);
	close(parent);
	u->stats.files += outside == u->stats.outside;
	return rc;
}

static int unpack_entry(struct unpacker *u, struct archive_entry *e, pipe_error *err)
{
	const char *written = u->lib.archive_entry_pathname(e), *path;
	unsigned type = u->lib.archive_entry_filetype(e);
	bool nomem;

	if (++u->entries > MAX_ENTRIES)
		return error_set(err, PIPE_ELIMIT, "%s has more than %d entries", u->name, (int)MAX_ENTRIES);
	if (!written || !*written)
		return refuse(u, "", "an entry without a name", err);
	if (*written == '/')
		return refuse(u, written, "an absolute path", err);
	path = path_clean(written, &u->a, &nomem);
	if (!path)
		return nomem ? error_nomem(err) : refuse(u, written, "it leaves the directory", err);
	if (!*path)
		return PIPE_OK;
	if (type == AE_IFDIR)
		return unpack_directory(u, e, path, err);
	if (type == AE_IFREG || type == AE_IFLNK || u->lib.archive_entry_hardlink(e))
		return unpack_leaf(u, e, path, err);
	return refuse(u, path, "neither file, directory nor link", err);
}

static void finish_directories(struct unpacker *u)
{
	for (uint32_t i = u->directories.count; i-- > 0;) {
		const struct made_directory *d = &u->directories.items[i];
		int fd = beneath_open(u->root_fd, d->path, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			continue;
		(void)set_times(fd, d->mtime);
		(void)fchmod(fd, d->mode);
		close(fd);
	}
}

static int choose_name(struct unpacker *u, pipe_error *err)
{
	uint64_t bits[2];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return error_errno(err, PIPE_EIO, errno, "no random numbers");
	snprintf(u->made, sizeof(u->made), ".%016llx%016llx", (unsigned long long)bits[0], (unsigned long long)bits[1]);
	return PIPE_OK;
}

static int start(struct unpacker *u, pipe_error *err)
{
	struct stat st;
	int rc = archive_library_open(&u->lib, &u->handle, err);

	if (rc == PIPE_OK)
		rc = choose_name(u, err);
	if (rc)
		return rc;
	u->fd = open(u->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (u->fd < 0)
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno, "%s", u->name);
	if (fstat(u->fd, &st) || !S_ISREG(st.st_mode))
		return error_set(err, PIPE_EIO, "%s is not a regular file", u->name);
	u->stats.bytes = (uint64_t)st.st_size;
	u->archive = u->lib.archive_read_new();
	if (!u->archive)
		return error_nomem(err);
	if (u->lib.archive_read_support_filter_zstd(u->archive) != ARCHIVE_OK ||
	    u->lib.archive_read_support_format_tar(u->archive) != ARCHIVE_OK ||
	    u->lib.archive_read_open_fd(u->archive, u->fd, 128 * 1024) != ARCHIVE_OK)
		return damaged(u, err);
	return PIPE_OK;
}

static int unpack_all(struct unpacker *u, pipe_error *err)
{
	for (;;) {
		struct archive_entry *e;
		int rc, got = u->lib.archive_read_next_header(u->archive, &e);

		if (got == ARCHIVE_EOF)
			return PIPE_OK;
		if (got < ARCHIVE_WARN)
			return damaged(u, err);
		rc = unpack_entry(u, e, err);
		if (rc)
			return rc;
	}
}

static int unpack(struct unpacker *u, const char *root, pipe_error *err)
{
	int rc = root_open(root, &u->root_fd, err);

	if (rc == PIPE_OK && !(u->root = realpath(root, NULL)))
		rc = error_errno(err, error_code_of(errno), errno, "%s", root);
	if (rc == PIPE_OK)
		rc = start(u, err);
	if (rc == PIPE_OK)
		rc = unpack_all(u, err);
	finish_directories(u);
	if (u->archive)
		u->lib.archive_read_free(u->archive);
	if (u->fd >= 0)
		close(u->fd);
	if (u->root_fd >= 0)
		close(u->root_fd);
	free(u->root);
	arena_clear(&u->a);
	lazy_close(u->handle);
	return rc;
}

int archive_extract(const char *archive, const char *root, uint64_t max_bytes, struct archive_stats *stats, pipe_error *err)
{
	struct unpacker u = { .name = archive, .root_fd = -1, .fd = -1, .left = max_bytes ? max_bytes : default_max_bytes };
	int rc = unpack(&u, root, err);

	if (stats)
		*stats = u.stats;
	return rc;
}

int archive_complete(const char *archive, const char *root, pipe_error *err)
{
	struct unpacker u = { .name = archive, .root_fd = -1, .fd = -1, .left = default_max_bytes, .missing_only = true };

	return unpack(&u, root, err);
}

bool archive_names_there(const char *root, const char *names, size_t length)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool there = fd >= 0;

	for (size_t at = 0; there && at < length; at += strlen(names + at) + 1)
		there = is_there(fd, names + at);
	if (fd >= 0)
		close(fd);
	return there;
}
