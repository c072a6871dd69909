/* Packing: paths sorted, owners left out, times exact, so that the same files make the same archive. */
#include "base/error.h"
#include "runner/files/archive_library.h"
#include "runner/files/archive_select.h"
#include "runner/files/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 128 * 1024 };

struct packer {
	struct archive_library lib;
	void *handle;
	struct archive *archive;
	struct archive_entry *entry;
	const char *name; /* of the archive, for messages */
	const char *root;
	int root_fd, fd;
	char *temporary; /* NULL: there is none, or none any more */
	char *buffer;
	struct str *names; /* of struct archive_select */
	struct archive_stats stats;
};

static void count_file(struct packer *p, const char *path)
{
	size_t length = strlen(path) + 1;

	p->stats.files++;
	if (p->names && p->names->length + length <= ARCHIVE_NAMES_MOST)
		str_add(p->names, path, length);
}

static int lib_error(struct packer *p, pipe_error *err)
{
	const char *why = p->lib.archive_error_string(p->archive);

	return error_set(err, p->lib.archive_errno(p->archive) == ENOMEM ? PIPE_ENOMEM : PIPE_EIO, "%s: %s", p->name,
			 why ? why : "cannot be written");
}

static int open_output(struct packer *p, const char *archive, pipe_error *err)
{
	if (asprintf(&p->temporary, "%s.XXXXXX", archive) < 0) {
		p->temporary = NULL;
		return error_nomem(err);
	}
	p->fd = mkostemp(p->temporary, O_CLOEXEC);
	if (p->fd < 0) {
		int saved = errno;
		free(p->temporary);
		p->temporary = NULL;
		return error_errno(err, error_code_of(saved), saved, "%s", archive);
	}
	return PIPE_OK;
}

static int start(struct packer *p, const char *archive, pipe_error *err)
{
	int rc = archive_library_open(&p->lib, &p->handle, err);

	if (rc == PIPE_OK)
		rc = root_open(p->root, &p->root_fd, err);
	if (rc == PIPE_OK)
		rc = open_output(p, archive, err);
	if (rc)
		return rc;
	p->archive = p->lib.archive_write_new();
	p->entry = p->lib.archive_entry_new();
	p->buffer = malloc(COPY_BYTES);
	if (!p->archive || !p->entry || !p->buffer)
		return error_nomem(err);
	/* hdrcharset: names are bytes, whatever the locale is. */
	if (p->lib.archive_write_set_format_pax(p->archive) < ARCHIVE_WARN ||
	    p->lib.archive_write_add_filter_zstd(p->archive) != ARCHIVE_OK ||
	    p->lib.archive_write_set_options(p->archive, "hdrcharset=BINARY") < ARCHIVE_WARN ||
	    p->lib.archive_write_open_fd(p->archive, p->fd) != ARCHIVE_OK)
		return lib_error(p, err);
	return PIPE_OK;
}

static int put_header(struct packer *p, const struct stat *st, pipe_error *err)
{
	p->lib.archive_entry_set_filetype(p->entry, st->st_mode & S_IFMT);
	p->lib.archive_entry_set_perm(p->entry, st->st_mode & 0777);
	p->lib.archive_entry_set_mtime(p->entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	p->lib.archive_entry_set_size(p->entry, S_ISREG(st->st_mode) ? st->st_size : 0);
	return p->lib.archive_write_header(p->archive, p->entry) < ARCHIVE_WARN ? lib_error(p, err) : PIPE_OK;
}

/* A file that shrinks meanwhile is padded with zeros by libarchive, one that grows is cut: the header has been written. */
static int put_content(struct packer *p, int fd, const char *path, uint64_t left, pipe_error *err)
{
	while (left) {
		ssize_t n = read(fd, p->buffer, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, error_code_of(errno), errno, "%s", path);
		if (!n)
			break;
		if (p->lib.archive_write_data(p->archive, p->buffer, (size_t)n) < 0)
			return lib_error(p, err);
		left -= (uint64_t)n;
	}
	return PIPE_OK;
}

/* What has gone since it was selected, or has become something else, is left out. */
static int put_opened(struct packer *p, const struct selected *s, pipe_error *err)
{
	int flags = s->type == WALK_DIRECTORY ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK;
	int fd = beneath_open(p->root_fd, s->path, flags, 0), rc = PIPE_OK;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENOTDIR
			       ? PIPE_OK
			       : error_errno(err, error_code_of(errno), errno, "%s", s->path);
	if (fstat(fd, &st)) {
		rc = error_errno(err, PIPE_EIO, errno, "%s", s->path);
	} else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		rc = put_header(p, &st, err);
		if (rc == PIPE_OK && S_ISREG(st.st_mode))
			rc = put_content(p, fd, s->path, (uint64_t)st.st_size, err);
		if (S_ISREG(st.st_mode))
			count_file(p, s->path);
	}
	close(fd);
	return rc;
}

static int put_link(struct packer *p, const struct selected *s, pipe_error *err)
{
	char target[PATH_MAX];
	const char *name;
	struct stat st;
	ssize_t n = -1;
	int parent = beneath_parent(p->root_fd, s->path, false, &name), rc = PIPE_OK;

	if (parent >= 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		n = readlinkat(parent, name, target, sizeof(target) - 1);
	if (n >= 0) {
		target[n] = '\0';
		if (archive_link_stays(p->root, s->path, target)) {
			p->lib.archive_entry_set_symlink(p->entry, target);
			rc = put_header(p, &st, err);
			count_file(p, s->path);
		} else {
			p->stats.outside++;
		}
	}
	if (parent >= 0)
		close(parent);
	return rc;
}

static int put_all(struct packer *p, const selected_list *list, pipe_error *err)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct selected *s = &list->items[i];
		int rc;

		p->lib.archive_entry_clear(p->entry);
		p->lib.archive_entry_set_pathname(p->entry, s->path);
		rc = s->type == WALK_LINK ? put_link(p, s, err) : put_opened(p, s, err);
		if (rc)
			return rc;
	}
	/* Empty directories are something to hand on, too. */
	if (!p->stats.files && list->count > p->stats.outside)
		p->stats.files = list->count - p->stats.outside;
	return PIPE_OK;
}

static int publish(struct packer *p, const char *archive, pipe_error *err)
{
	struct stat st;

	if (p->lib.archive_write_close(p->archive) != ARCHIVE_OK)
		return lib_error(p, err);
	if (fchmod(p->fd, 0644) || fdatasync(p->fd) || fstat(p->fd, &st) || rename(p->temporary, archive))
		return error_errno(err, error_code_of(errno), errno, "%s", archive);
	free(p->temporary);
	p->temporary = NULL;
	p->stats.bytes = (uint64_t)st.st_size;
	return PIPE_OK;
}

static void end(struct packer *p)
{
	if (p->archive)
		p->lib.archive_write_free(p->archive);
	if (p->entry)
		p->lib.archive_entry_free(p->entry);
	if (p->temporary)
		unlink(p->temporary);
	free(p->temporary);
	free(p->buffer);
	if (p->fd >= 0)
		close(p->fd);
	if (p->root_fd >= 0)
		close(p->root_fd);
	lazy_close(p->handle);
}

int archive_write(const char *archive, const char *root, const struct archive_select *select, struct archive_stats *stats,
		  uint64_t *unmatched, pipe_error *err)
{
	struct packer p = { .name = archive, .names = select->names, .root = root, .root_fd = -1, .fd = -1 };
	struct arena a = ARENA_INIT;
	selected_list list = { 0 };
	int rc;

	*stats = (struct archive_stats){ 0 };
	rc = archive_select_files(root, select, &list, unmatched, &a, err);
	if (rc || !list.count)
		goto done;
	rc = start(&p, archive, err);
	if (rc == PIPE_OK)
		rc = put_all(&p, &list, err);
	if (rc == PIPE_OK && p.stats.files)
		rc = publish(&p, archive, err);
	if (rc == PIPE_OK)
		*stats = p.stats;
done:
	end(&p);
	arena_clear(&a);
	return rc;
}

int archive_find(const char *root, const struct archive_select *select, int (*each)(void *payload, const char *path),
		 void *payload, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	selected_list list = { 0 };
	int rc = archive_select_files(root, select, &list, NULL, &a, err);

	for (uint32_t i = 0; rc == PIPE_OK && i < list.count; i++)
		if (list.items[i].type != WALK_DIRECTORY && each(payload, list.items[i].path))
			break;
	arena_clear(&a);
	return rc;
}
