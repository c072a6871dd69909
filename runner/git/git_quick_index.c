/*
 * Is the work tree clean?  It is when the index was written from HEAD's tree (its TREE extension says so) and every file still has the
 * time and size that the index remembers.  It surely is not when a file is missing or of another size.  A file with another time and
 * the same size would have to be hashed: that, and every oddity of an index, is left to libgit2.
 * https://git-scm.com/docs/index-format
 */
#include "base/arena.h"
#include "runner/files/beneath.h"
#include "runner/git/git_quick.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	INDEX_MAX = 512 << 20,
	HEADER = 12,
	FIXED = 62, /* of an entry, up to its name */
	CHECKSUM = 20,
	OF_CTIME = 0,
	OF_MTIME = 8,
	OF_INODE = 20,
	OF_MODE = 24,
	OF_SIZE = 36,
	OF_FLAGS = 60,
	FLAG_EXTENDED = 0x4000,
	FLAGS_UNUSUAL = 0x8000 | FLAG_EXTENDED, /* assume-valid; skip-worktree, intent-to-add */
	FLAG_STAGE = 0x3000,
	MODE_LINK = 0120000,
	MODE_GITLINK = 0160000
};

struct index {
	const unsigned char *bytes, *end; /* end: of what is before the checksum */
	uint32_t version, count;
	struct timespec written;
	char name[PATH_MAX]; /* of the entry; in version 4 the next one goes on from it */
	size_t name_length;
	bool attributes; /* a .gitattributes file is tracked */
};

static uint32_t number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool load(struct index *x, const char *path, struct arena *a)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *text;
	struct stat st;
	size_t length;
	bool ok;

	if (fd < 0)
		return false;
	ok = fstat(fd, &st) == 0 && fd_read_all(fd, path, INDEX_MAX, a, &text, &length, NULL) == PIPE_OK &&
	     length >= HEADER + CHECKSUM && !memcmp(text, "DIRC", 4);
	close(fd);
	if (!ok)
		return false;
	x->bytes = (const unsigned char *)text;
	x->end = x->bytes + length - CHECKSUM;
	x->version = number(x->bytes + 4);
	x->count = number(x->bytes + 8);
	x->written = st.st_mtim;
	return x->version >= 2 && x->version <= 4;
}

/* Version 4 writes how much of the last name's end goes, and what comes instead. */
static const unsigned char *packed_name(struct index *x, const unsigned char *p)
{
	uint64_t strip;
	const unsigned char *nul;

	if (p >= x->end)
		return NULL;
	strip = *p & 0x7f;
	while (*p++ & 0x80) {
		if (p >= x->end || strip > PATH_MAX)
			return NULL;
		strip = (strip + 1) << 7 | (*p & 0x7f);
	}
	nul = memchr(p, '\0', (size_t)(x->end - p));
	if (!nul || strip > x->name_length || x->name_length - strip + (size_t)(nul - p) >= sizeof(x->name))
		return NULL;
	x->name_length -= strip;
	memcpy(x->name + x->name_length, p, (size_t)(nul - p) + 1);
	x->name_length += (size_t)(nul - p);
	return nul + 1;
}

/* The entry after this one; x->name is this one's. */
static const unsigned char *read_name(struct index *x, const unsigned char *entry)
{
	const unsigned char *p = entry + FIXED, *nul;
	size_t size;

	if (x->version == 4)
		return packed_name(x, p);
	nul = memchr(p, '\0', (size_t)(x->end - p));
	if (!nul || (size_t)(nul - p) >= sizeof(x->name))
		return NULL;
	memcpy(x->name, p, (size_t)(nul - p) + 1);
	size = ((size_t)(nul - entry) + 8) & ~(size_t)7;
	return size > (size_t)(x->end - entry) ? NULL : entry + size;
}

static bool is_attributes(const char *path)
{
	static const char name[] = ".gitattributes";
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, name);
}

static bool before(const unsigned char *time, struct timespec t)
{
	uint32_t seconds = number(time);

	return seconds < (uint32_t)t.tv_sec || (seconds == (uint32_t)t.tv_sec && number(time + 4) < (uint32_t)t.tv_nsec);
}

static bool same_time(const unsigned char *time, struct timespec t)
{
	return number(time) == (uint32_t)t.tv_sec && number(time + 4) == (uint32_t)t.tv_nsec;
}

/* A file written in the moment in which the index was ("racy") may have changed without a trace. */
static enum git_quick_answer compare(struct index *x, const unsigned char *e, int root, bool converts)
{
	uint32_t mode = number(e + OF_MODE);
	struct stat st;

	if (mode == MODE_GITLINK)
		return GIT_QUICK_UNSURE;
	if (fstatat(root, x->name, &st, AT_SYMLINK_NOFOLLOW))
		return GIT_QUICK_DIRTY;
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) != (mode == MODE_LINK))
		return GIT_QUICK_DIRTY;
	if (number(e + OF_SIZE) != (uint32_t)st.st_size)
		return converts || !number(e + OF_SIZE) ? GIT_QUICK_UNSURE : GIT_QUICK_DIRTY;
	if (!same_time(e + OF_MTIME, st.st_mtim) || !same_time(e + OF_CTIME, st.st_ctim) ||
	    number(e + OF_INODE) != (uint32_t)st.st_ino || !before(e + OF_MTIME, x->written))
		return GIT_QUICK_UNSURE;
	return S_ISREG(st.st_mode) && ((mode & 0100) != 0) != ((st.st_mode & 0100) != 0) ? GIT_QUICK_UNSURE : GIT_QUICK_CLEAN;
}

static bool is_hex_of(const unsigned char *bytes, const char *hex)
{
	char text[GIT_QUICK_SHA + 1];

	for (int i = 0; i < GIT_QUICK_SHA / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return !strcmp(text, hex);
}

/* Extensions follow the entries: a name of four letters, a length.  TREE begins with the root: "\0COUNT SUBTREES\n" and its SHA, or a COUNT
 * of -1 when the index has changed since. */
static bool is_tree(const struct index *x, const unsigned char *p, const char *tree)
{
	bool same = false;

	while (x->end - p >= 8) {
		uint32_t size = number(p + 4);
		const unsigned char *data = p + 8, *line;

		if (size > (size_t)(x->end - data) || (*p >= 'a' && *p <= 'z'))
			return false; /* a small letter: the index means something else without it */
		line = memchr(data, '\n', size);
		if (!memcmp(p, "TREE", 4) && line && size > 2 && !data[0] && data[1] != '-' &&
		    data + size - (line + 1) >= CHECKSUM)
			same = is_hex_of(line + 1, tree);
		p = data + size;
	}
	return same;
}

static enum git_quick_answer look(struct index *x, const struct git_quick_head *head, int root)
{
	const unsigned char *p = x->bytes + HEADER;
	bool clean = true, resized = false;

	for (uint32_t i = 0; i < x->count; i++) {
		const unsigned char *e = p;
		uint32_t flags;
		enum git_quick_answer one;

		if (x->end - e <= FIXED)
			return GIT_QUICK_UNSURE;
		flags = (uint32_t)e[OF_FLAGS] << 8 | e[OF_FLAGS + 1];
		if (flags & FLAG_STAGE)
			return GIT_QUICK_DIRTY;
		p = flags & FLAGS_UNUSUAL ? NULL : read_name(x, e);
		if (!p)
			return GIT_QUICK_UNSURE;
		x->attributes |= is_attributes(x->name);
		one = compare(x, e, root, head->converts);
		resized |= one == GIT_QUICK_DIRTY;
		clean &= one == GIT_QUICK_CLEAN;
	}
	if (resized && !x->attributes)
		return GIT_QUICK_DIRTY;
	return clean && is_tree(x, p, head->tree) ? GIT_QUICK_CLEAN : GIT_QUICK_UNSURE;
}

static bool has_attributes(const struct git_quick_head *head, struct arena *a)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *own = arena_printf(a, "%s/info/attributes", head->common), *user = NULL;

	if (xdg && *xdg)
		user = arena_printf(a, "%s/git/attributes", xdg);
	else if (home)
		user = arena_printf(a, "%s/.config/git/attributes", home);
	return !own || !access(own, F_OK) || (user && !access(user, F_OK)) || !access("/etc/gitattributes", F_OK);
}

enum git_quick_answer git_quick_dirty(const char *work_tree)
{
	struct arena a = ARENA_INIT;
	struct index x = { .count = 0 };
	struct git_quick_head head;
	enum git_quick_answer answer = GIT_QUICK_UNSURE;
	const char *path = git_quick_head(work_tree, &a, &head) ? arena_printf(&a, "%s/index", head.own) : NULL;
	int root = path ? open(work_tree, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (root >= 0 && !*head.tree) {
		answer = access(path, F_OK) && errno == ENOENT ? GIT_QUICK_CLEAN : GIT_QUICK_UNSURE;
	} else if (root >= 0 && load(&x, path, &a)) {
		x.attributes = has_attributes(&head, &a);
		answer = look(&x, &head, root);
	}
	if (root >= 0)
		close(root);
	arena_clear(&a);
	return answer;
}
