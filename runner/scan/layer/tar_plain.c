#include "runner/scan/layer/tar_plain.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEAST = 1024, /* behind what was passed over stands a header, and most files are passed over */
	MOST = 64 * 1024,
	BLOCK = 512
};

/* Of a header (POSIX.1-1988 and what followed): where its fields are. */
enum {
	NAME = 0,
	NAME_SIZE = 100,
	MODE = 100,
	MODE_SIZE = 8,
	SIZE = 124,
	SIZE_SIZE = 12,
	SUM = 148,
	SUM_SIZE = 8,
	TYPE = 156,
	LINK = 157,
	LINK_SIZE = 100,
	MAGIC = 257,
	MAGIC_SIZE = 8, /* with its version */
	PREFIX = 345,
	PREFIX_SIZE = 155
};

static const char posix[MAGIC_SIZE + 1] = "ustar\0"
					  "00";
static const char gnu[MAGIC_SIZE + 1] = "ustar  ";

struct tar_entry tar_entry_of(const struct archive_library *lib, struct archive_entry *e)
{
	int64_t size = lib->archive_entry_size(e);
	unsigned type = lib->archive_entry_filetype(e);

	return (struct tar_entry){
		.path = lib->archive_entry_pathname(e),
		.link = lib->archive_entry_hardlink(e),
		.soft = lib->archive_entry_symlink(e),
		.size = size < 0 ? 0 : (uint64_t)size,
		.regular = type == AE_IFREG,
		.directory = type == AE_IFDIR,
		.executable = (lib->archive_entry_perm(e) & 0111) != 0,
	};
}

bool tar_plain_open(struct tar_plain *t, const struct tree_part *part)
{
	char *buffer = t->buffer ? t->buffer : malloc(MOST);

	*t = (struct tar_plain){ .part = part, .buffer = buffer };
	return buffer != NULL;
}

void tar_plain_close(struct tar_plain *t)
{
	free(t->buffer);
	t->buffer = NULL;
}

/* What stands at `at`: how much of it is in the buffer, at least `least` bytes unless the archive ends before. */
static int64_t look(struct tar_plain *t, uint64_t at, size_t least, size_t size, const char **bytes)
{
	if (at < t->buffer_at || at - t->buffer_at > t->buffered || t->buffered - (at - t->buffer_at) < least) {
		int64_t n = tree_part_read(t->part, at, t->buffer, size);

		t->buffer_at = at;
		t->buffered = n < 0 ? 0 : (size_t)n;
		t->pulled += t->buffered;
		if (n < 0)
			return n;
	}
	*bytes = t->buffer + (at - t->buffer_at);
	return (int64_t)(t->buffered - (at - t->buffer_at));
}

/* ---- headers ---- */

static bool octal(const char *field, size_t size, uint64_t *out)
{
	size_t i = 0;

	for (*out = 0; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		*out = *out * 8 + (uint64_t)(field[i] - '0');
	return i && (i == size || !field[i] || field[i] == ' ');
}

static uint32_t sum_of(const char *block)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	return sum;
}

/* The checksum counts its own field as blanks. */
static bool has_its_sum(const char *header)
{
	uint32_t sum = sum_of(header);
	uint64_t said;

	for (size_t i = SUM; i < SUM + SUM_SIZE; i++)
		sum = sum - (unsigned char)header[i] + ' ';
	return octal(header + SUM, SUM_SIZE, &said) && said == sum;
}

/* Behind what stands in `to` already; false: it is not ASCII. */
static bool add_name(char *to, size_t *length, const char *field, size_t size)
{
	size_t n = strnlen(field, size);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)field[i] >= 0x80)
			return false;
	memcpy(to + *length, field, n);
	*length += n;
	to[*length] = '\0';
	return true;
}

static bool read_name(struct tar_plain *t, const char *header)
{
	size_t length = 0;

	if (!memcmp(header + MAGIC, posix, MAGIC_SIZE) && header[PREFIX]) {
		if (!add_name(t->name, &length, header + PREFIX, PREFIX_SIZE))
			return false;
		if (t->name[length - 1] != '/')
			t->name[length++] = '/';
	}
	/* Old programs wrote directories as files with a `/` at the end. */
	return add_name(t->name, &length, header + NAME, NAME_SIZE) && length &&
	       (t->name[length - 1] != '/' || header[TYPE] == '5');
}

static bool read_link(struct tar_plain *t, const char *header)
{
	size_t length = 0;

	return add_name(t->link, &length, header + LINK, LINK_SIZE) && length;
}

static bool is_regular(char type)
{
	return type == '0' || !type;
}

/* Is it of a type that is known here, with a content only where one belongs, all of which is there?  The position goes behind it. */
static bool read_extent(struct tar_plain *t, char type, uint64_t size)
{
	uint64_t room = t->part->length - t->position - BLOCK, whole = (size + BLOCK - 1) / BLOCK * BLOCK;

	if (!is_regular(type) && (size || !strchr("123456", type)))
		return false;
	if (whole > room)
		return false;
	t->data = t->position + BLOCK;
	t->left = size;
	t->position = t->data + whole;
	return true;
}

static bool read_plain(struct tar_plain *t, const char *header, struct tar_entry *out)
{
	const char *magic = header + MAGIC, type = header[TYPE];
	uint64_t mode, size;

	if ((memcmp(magic, posix, MAGIC_SIZE) && memcmp(magic, gnu, MAGIC_SIZE)) || !has_its_sum(header))
		return false;
	if (!octal(header + MODE, MODE_SIZE, &mode) || !octal(header + SIZE, SIZE_SIZE, &size) || !read_name(t, header))
		return false;
	if ((type == '1' || type == '2') && !read_link(t, header))
		return false;
	*out = (struct tar_entry){
		.path = t->name,
		.link = type == '1' ? t->link : NULL,
		.soft = type == '2' ? t->link : NULL,
		.size = size,
		.regular = is_regular(type),
		.directory = type == '5',
		.executable = (mode & 0111) != 0,
	};
	return read_extent(t, type, size);
}

/* ---- extensions ---- */

/* What extended headers say that is of no interest here: times, owners, attributes. */
static const char *const passed_over[] = { "mtime=",	"atime=",    "ctime=",	      "LIBARCHIVE.creationtime=",
					   "uid=",	"gid=",	     "uname=",	      "gname=",
					   "devmajor=", "devminor=", "SCHILY.xattr.", "LIBARCHIVE.xattr." };

static bool is_passed_over(const char *record, size_t length)
{
	for (size_t i = 0; i < sizeof(passed_over) / sizeof(*passed_over); i++) {
		size_t n = strlen(passed_over[i]);

		if (length > n && !memcmp(record, passed_over[i], n))
			return true;
	}
	return false;
}

/* Records are "LENGTH KEY=VALUE\n", the length of all of it. */
static bool says_nothing(const char *text, size_t length)
{
	while (length) {
		size_t said = 0, i = 0;

		while (i < length && i < 6 && text[i] >= '0' && text[i] <= '9')
			said = said * 10 + (size_t)(text[i++] - '0');
		if (!i || i == length || text[i] != ' ' || said <= i + 1 || said > length || text[said - 1] != '\n' ||
		    !is_passed_over(text + i + 1, said - i - 1))
			return false;
		text += said;
		length -= said;
	}
	return true;
}

/* 1: the position goes behind an extended header of the next entry; 0: there is none, or one that matters; -1: errno.  *header: that at
 * the position, which looking behind it may move. */
static int pass_extended(struct tar_plain *t, const char **header)
{
	uint64_t size;
	int64_t n;

	if ((*header)[TYPE] != 'x' || memcmp(*header + MAGIC, posix, MAGIC_SIZE) || !has_its_sum(*header) ||
	    !octal(*header + SIZE, SIZE_SIZE, &size) || size > MOST / 2)
		return 0;
	n = look(t, t->position, BLOCK + (size_t)size, (size_t)size + 3 * BLOCK, header);
	if (n < 0)
		return -1;
	if ((uint64_t)n < BLOCK + size || !says_nothing(*header + BLOCK, (size_t)size))
		return 0;
	t->position += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	return 1;
}

/* ---- entries ---- */

static enum tar_step next_header(struct tar_plain *t, const char **header)
{
	int64_t length;

	if (t->position && t->position >= t->part->length)
		return TAR_END;
	length = look(t, t->position, BLOCK, LEAST, header);
	if (length < 0)
		return TAR_FAILED;
	if (length < BLOCK)
		return TAR_SPECIAL;
	return !**header && !sum_of(*header) ? TAR_END : TAR_ENTRY;
}

enum tar_step tar_plain_next(struct tar_plain *t, struct tar_entry *out)
{
	uint64_t from = t->position;
	const char *header;
	enum tar_step step = next_header(t, &header);
	int passed = step == TAR_ENTRY ? pass_extended(t, &header) : 0;

	if (passed < 0)
		return TAR_FAILED;
	if (passed)
		step = next_header(t, &header);
	if (step == TAR_ENTRY && read_plain(t, header, out))
		return TAR_ENTRY;
	if (step == TAR_FAILED || (step == TAR_END && !passed))
		return step;
	t->position = from;
	return TAR_SPECIAL;
}

int64_t tar_plain_data(struct tar_plain *t, const void **bytes)
{
	/* With the next header, where that fits. */
	size_t size = t->left < MOST - 2 * BLOCK ? (size_t)t->left + 2 * BLOCK : MOST;
	const char *from = NULL;
	int64_t n = t->left ? look(t, t->data, 1, size, &from) : 0;

	if (n <= 0)
		return n;
	if ((uint64_t)n > t->left)
		n = (int64_t)t->left;
	*bytes = from;
	t->data += (uint64_t)n;
	t->left -= (uint64_t)n;
	return n;
}
