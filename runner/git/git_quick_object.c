/* Loose objects, and those of packs (index version 2) that are stored whole; formats: https://git-scm.com/docs/gitformat-pack. */
#include "base/lazy.h"
#include "runner/files/beneath.h"
#include "runner/git/git_quick.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ZLIB_FUNCTIONS(X)                                                                                                        \
	X(inflateInit_)                                                                                                          \
	X(inflate)                                                                                                               \
	X(inflateEnd)

struct zlib_library {
	LAZY_FUNCTIONS(ZLIB_FUNCTIONS)
};

static const char *const sonames[] = { "libz.so.1", NULL };
static const char *const functions[] = { ZLIB_FUNCTIONS(LAZY_NAME) NULL };
static const struct lazy_library zlib = { "reading Git objects", "zlib1g", sonames, functions };

enum { OBJECT_MAX = 1 << 20, SHA_BYTES = 20, FANOUT = 256 * 4, INDEX_HEAD = 8, PACK_COMMIT = 1, PACK_TAG = 4 };

struct git_quick_objects {
	struct zlib_library z;
	void *handle;
	char directory[]; /* without a trailing slash */
};

struct git_quick_objects *git_quick_objects_open(const char *directory)
{
	size_t n = strlen(directory);
	struct git_quick_objects *o = malloc(sizeof(*o) + n + 1);

	if (!o)
		return NULL;
	memcpy(o->directory, directory, n + 1);
	if (lazy_open(&zlib, &o->handle, &o->z, NULL) == PIPE_OK)
		return o;
	free(o);
	return NULL;
}

void git_quick_objects_close(struct git_quick_objects *o)
{
	if (!o)
		return;
	lazy_close(o->handle);
	free(o);
}

/* Whatever comes out, up to the limit. */
static char *unpack(struct git_quick_objects *o, const unsigned char *bytes, size_t size, struct arena *a, size_t *length)
{
	size_t room = size * 8 + 1024 < OBJECT_MAX ? size * 8 + 1024 : OBJECT_MAX;
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)bytes,
		       .avail_in = (unsigned)(size < OBJECT_MAX ? size : OBJECT_MAX) };
	char *out = arena_text(a, room + 1);
	int rc;

	if (!out || o->z.inflateInit_(&z, ZLIB_VERSION, (int)sizeof(z)) != Z_OK)
		return NULL;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)room;
	rc = o->z.inflate(&z, Z_FINISH);
	*length = room - z.avail_out;
	o->z.inflateEnd(&z);
	out[*length] = '\0';
	return rc == Z_STREAM_END ? out : NULL;
}

/* "commit 213\0" and the content. */
static const char *loose(struct git_quick_objects *o, const char *sha, const char *type, struct arena *a, size_t *length)
{
	const char *path = arena_printf(a, "%s/%.2s/%s", o->directory, sha, sha + 2), *bytes, *whole, *content;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	size_t size, n = strlen(type);

	if (fd < 0)
		return NULL;
	whole = fd_read_all(fd, path, OBJECT_MAX, a, &bytes, &size, NULL)
			? NULL
			: unpack(o, (const unsigned char *)bytes, size, a, length);
	close(fd);
	content = whole ? memchr(whole, '\0', *length) : NULL;
	if (!content || strncmp(whole, type, n) || whole[n] != ' ')
		return NULL;
	content++;
	*length -= (size_t)(content - whole);
	return strtoull(whole + n, NULL, 10) == *length ? content : NULL;
}

/* ---- packs ---- */

struct map {
	const unsigned char *bytes;
	size_t size;
};

static bool map_file(struct map *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	*m = (struct map){ p, (size_t)st.st_size };
	return true;
}

static void unmap(struct map *m)
{
	munmap((void *)(uintptr_t)m->bytes, m->size);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void sha_bytes(const char *sha, unsigned char out[SHA_BYTES])
{
	for (int i = 0; i < SHA_BYTES; i++) {
		char pair[3] = { sha[2 * i], sha[2 * i + 1], '\0' };
		out[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
}

/* The object's offset in the pack; 0: not in it, or beyond 2 GiB. */
static uint32_t index_offset(const struct map *m, const unsigned char id[SHA_BYTES])
{
	static const unsigned char magic[INDEX_HEAD] = { 0xff, 't', 'O', 'c', 0, 0, 0, 2 };
	const unsigned char *fanout = m->bytes + INDEX_HEAD, *names = fanout + FANOUT;
	uint32_t total, low, high, offset;

	if (m->size < INDEX_HEAD + FANOUT || memcmp(m->bytes, magic, INDEX_HEAD))
		return 0;
	total = big_endian(fanout + FANOUT - 4);
	low = id[0] ? big_endian(fanout + 4 * (id[0] - 1)) : 0;
	high = big_endian(fanout + 4 * id[0]);
	if (low > high || high > total || (m->size - INDEX_HEAD - FANOUT) / (SHA_BYTES + 8) < total)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(id, names + (size_t)middle * SHA_BYTES, SHA_BYTES);
		if (!order) {
			offset = big_endian(names + (size_t)total * (SHA_BYTES + 4) + (size_t)middle * 4);
			return offset & 0x80000000u ? 0 : offset;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* Type and size are in the first bytes, seven bits each but for the first one's four. */
static const char *pack_content(struct git_quick_objects *o, const struct map *pack, uint32_t offset, const char *type,
				struct arena *a, size_t *length)
{
	const unsigned char *p = pack->bytes + offset, *end = pack->bytes + pack->size;
	int wanted = strcmp(type, "commit") ? PACK_TAG : PACK_COMMIT;
	uint64_t size;
	const char *content;

	if (offset >= pack->size || (*p >> 4 & 7) != wanted)
		return NULL;
	size = *p & 15;
	for (unsigned shift = 4; *p++ & 0x80; shift += 7) {
		if (p == end || shift > 25)
			return NULL;
		size |= (uint64_t)(*p & 0x7f) << shift;
	}
	content = p < end ? unpack(o, p, (size_t)(end - p) < size + 1024 ? (size_t)(end - p) : (size_t)size + 1024, a, length)
			  : NULL;
	return content && *length == size ? content : NULL;
}

static const char *in_pack(struct git_quick_objects *o, const char *name, const unsigned char id[SHA_BYTES], const char *type,
			   struct arena *a, size_t *length)
{
	const char *index = arena_printf(a, "%s/pack/%s", o->directory, name), *file, *content = NULL;
	struct map m, pack;
	uint32_t offset;

	if (!index || !map_file(&m, index))
		return NULL;
	offset = index_offset(&m, id);
	unmap(&m);
	file = offset ? arena_printf(a, "%.*s.pack", (int)(strlen(index) - 4), index) : NULL;
	if (file && map_file(&pack, file)) {
		content = pack_content(o, &pack, offset, type, a, length);
		unmap(&pack);
	}
	return content;
}

static const char *packed(struct git_quick_objects *o, const char *sha, const char *type, struct arena *a, size_t *length)
{
	const char *path = arena_printf(a, "%s/pack", o->directory), *content = NULL;
	DIR *d = path ? opendir(path) : NULL;
	unsigned char id[SHA_BYTES];
	struct dirent *e;

	sha_bytes(sha, id);
	while (d && !content && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (n > 4 && !strcmp(e->d_name + n - 4, ".idx"))
			content = in_pack(o, e->d_name, id, type, a, length);
	}
	if (d)
		closedir(d);
	return content;
}

const char *git_quick_object(struct git_quick_objects *o, const char *sha, const char *type, struct arena *a, size_t *length)
{
	const char *content = loose(o, sha, type, a, length);

	return content ? content : packed(o, sha, type, a, length);
}
