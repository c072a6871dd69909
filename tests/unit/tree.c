/*
 * What is scanned: what is left of an image's files when its layers lie upon each other, and that broken and hostile archives are
 * refused with words that help.  Archives are written here byte by byte, so that they may be as wrong as they like.
 */
#include "runner/scan/tree.h"
#include "base/str.h"
#include "runner/files/digest.h"
#include "tests/unit/scratch.h"

Suite *tree_suite(void);

enum { BLOCK = 512, LAYERS_MAX = 600 };

static struct scratch s;
static struct arena a;
static pipe_error err;
static struct tree_options options;
static struct tree_image image;
static struct str found, asked;
static char last_layer[160];
static const char *unwanted; /* a path that is not wanted */
static const char *only_wanted;
static uint64_t visits, largest;
static int visit_result;

static void setup(void)
{
	scratch_make(&s);
	scratch_dir(&s, "scratch");
	memset(&a, 0, sizeof(a));
	err = (pipe_error){ 0 };
	options = (struct tree_options){ .platform = "linux/amd64" };
	options.scratch = arena_strdup(&a, scratch_path(&s, "scratch"));
	str_init(&found);
	str_init(&asked);
	unwanted = only_wanted = NULL;
	visits = largest = 0;
	visit_result = 0;
	last_layer[0] = '\0';
}

static void teardown(void)
{
	scratch_remove(&s);
	arena_clear(&a);
	str_clear(&found);
	str_clear(&asked);
}

/* ---- writing tars ---- */

static void octal(char *field, size_t size, uint64_t value)
{
	for (field[--size] = '\0'; size-- > 0; value /= 8)
		field[size] = (char)('0' + value % 8);
}

static void header(struct str *tar, const char *path, char type, const char *link, uint64_t size, unsigned mode)
{
	char h[BLOCK] = { 0 };
	unsigned sum = 0;

	snprintf(h, 100, "%s", path);
	octal(h + 100, 8, mode);
	octal(h + 108, 8, 0);
	octal(h + 116, 8, 0);
	octal(h + 124, 12, size);
	octal(h + 136, 12, 0);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 7, sum);
	str_add(tar, h, BLOCK);
}

static void body(struct str *tar, const void *bytes, size_t length)
{
	static const char zeros[BLOCK];

	str_add(tar, bytes, length);
	str_add(tar, zeros, (BLOCK - length % BLOCK) % BLOCK);
}

static void member(struct str *tar, const char *path, const void *bytes, size_t length)
{
	header(tar, path, '0', "", length, 0644);
	body(tar, bytes, length);
}

static void finish(struct str *tar)
{
	static const char zeros[BLOCK * 2];

	str_add(tar, zeros, sizeof(zeros));
	ck_assert(!tar->failed);
}

/*
 * "PATH=TEXT" a file, "PATH+TEXT" one that may be executed, "PATH/" a directory, "PATH->TO" a symbolic link, "PATH=>TO" a hard one,
 * "PATH|" a FIFO, "PATH#" a device.
 */
static void entry(struct str *tar, const char *text)
{
	char path[400];
	size_t n = strcspn(text, "=+-|#");
	const char *rest = text + n;

	ck_assert_uint_lt(n, sizeof(path));
	memcpy(path, text, n);
	path[n] = '\0';
	if (!strncmp(rest, "=>", 2) || !strncmp(rest, "->", 2)) {
		header(tar, path, *rest == '=' ? '1' : '2', rest + 2, 0, 0777);
	} else if (*rest == '=' || *rest == '+') {
		header(tar, path, '0', "", strlen(rest + 1), *rest == '+' ? 0755 : 0644);
		body(tar, rest + 1, strlen(rest + 1));
	} else {
		header(tar, path, *rest == '|' ? '6' : *rest == '#' ? '3' : '5', "", 0, 0755);
	}
}

/* ---- images ---- */

static struct str layers[LAYERS_MAX];
static unsigned layer_count;

#define LAYER(...) add_layer((const char *const[]){ __VA_ARGS__, NULL })
static void add_layer(const char *const *entries)
{
	struct str *tar = &layers[layer_count++];

	str_init(tar);
	for (; *entries; entries++)
		entry(tar, *entries);
	finish(tar);
}

static const char *sha256(const void *bytes, size_t length)
{
	char hex[DIGEST_TEXT];
	struct digest *d;

	ck_ok(digest_create(&d, "sha256", &err));
	digest_add(d, bytes, length);
	ck_ok(digest_hex(d, hex, &err));
	digest_free(d);
	return arena_strdup(&a, hex);
}

static void clear_layers(void)
{
	while (layer_count)
		str_clear(&layers[--layer_count]);
}

static const char *config(void)
{
	struct str text;
	char *copy;

	str_init(&text);
	str_adds(
		&text,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":\"2024-01-02T03:04:05Z\",\"config\":{\"User\":\"app\"},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (unsigned i = 0; i < layer_count; i++)
		str_printf(&text, "%s\"sha256:%s\"", i ? "," : "", sha256(layers[i].data, layers[i].length));
	str_adds(&text, "]}}");
	copy = arena_strdup(&a, text.data);
	str_clear(&text);
	return copy;
}

/* How the files are kept: as they are, or through a program ("gzip", "zstd -q --rm"). */
static void through(const char *name, const char *program)
{
	char command[600];

	snprintf(command, sizeof(command), "( %s ) < '%s' > x.packed && mv x.packed '%s'", program, name, name);
	scratch_sh(&s, command);
}

static const char *const *no_tags(void)
{
	static const char *const none[] = { NULL };
	return none;
}

/* image.tar, as docker and buildah write it; what is to be wrong with it is said by its parts. */
static void docker_archive(const char *suffix, const char *const *tags, const char *configuration)
{
	struct str tar, manifest;
	char name[200];

	str_init(&tar);
	str_init(&manifest);
	snprintf(name, sizeof(name), "%s.json", sha256(configuration, strlen(configuration)));
	member(&tar, name, configuration, strlen(configuration));
	str_printf(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":[", name);
	for (const char *const *t = tags; *t; t++)
		str_printf(&manifest, "%s\"%s\"", t == tags ? "" : ",", *t);
	str_adds(&manifest, "],\"Layers\":[");
	for (unsigned i = 0; i < layer_count; i++) {
		snprintf(name, sizeof(name), "%u%s", i, suffix);
		member(&tar, name, layers[i].data, layers[i].length);
		str_printf(&manifest, "%s\"%s\"", i ? "," : "", name);
	}
	str_adds(&manifest, "]}]");
	member(&tar, "manifest.json", manifest.data, manifest.length);
	finish(&tar);
	scratch_bytes(&s, "image.tar", tar.data, tar.length);
	str_clear(&tar);
	str_clear(&manifest);
}

static void blob(const char *bytes, size_t length)
{
	scratch_bytes(&s, arena_printf(&a, "oci/blobs/sha256/%s", sha256(bytes, length)), bytes, length);
}

static const char *descriptor(const char *bytes, size_t length, const char *more)
{
	return arena_printf(&a, "{\"digest\":\"sha256:%s\",\"size\":%zu%s}", sha256(bytes, length), length, more);
}

/* oci/blobs with the layers (packed by a program, or NULL), the configuration and the manifest, which is given back. */
static const char *oci_manifest(const char *program)
{
	const char *c = config(), *text;
	struct str m;

	str_init(&m);
	str_printf(&m, "{\"schemaVersion\":2,\"config\":%s,\"layers\":[",
		   descriptor(c, strlen(c), ",\"mediaType\":\"application/vnd.oci.image.config.v1+json\""));
	blob(c, strlen(c));
	for (unsigned i = 0; i < layer_count; i++) {
		const char *bytes = layers[i].data;
		size_t length = layers[i].length;

		if (program) {
			static char packed[1 << 20];
			FILE *f;

			scratch_bytes(&s, "layer", bytes, length);
			through("layer", program);
			f = fopen(scratch_path(&s, "layer"), "rb");
			ck_assert_ptr_nonnull(f);
			length = fread(packed, 1, sizeof(packed), f);
			fclose(f);
			bytes = packed;
		}
		blob(bytes, length);
		str_printf(&m, "%s%s", i ? "," : "", descriptor(bytes, length, ""));
	}
	str_adds(&m, "]}");
	text = arena_strdup(&a, m.data);
	blob(text, strlen(text));
	str_clear(&m);
	return text;
}

static void oci_index(const char *entries)
{
	scratch_file(&s, "oci/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	scratch_file(&s, "oci/index.json", arena_printf(&a, "{\"schemaVersion\":2,\"manifests\":[%s]}", entries));
}

static void oci_layout(const char *program)
{
	const char *m = oci_manifest(program);

	oci_index(descriptor(m, strlen(m), ""));
}

/* ---- scanning ---- */

static bool wants(void *payload, const struct tree_file *f)
{
	(void)payload;
	str_printf(&asked, "%s(%llu%s) ", f->path, (unsigned long long)f->size, f->executable ? ",x" : "");
	return (!unwanted || strcmp(f->path, unwanted) != 0) && (!only_wanted || !strcmp(f->path, only_wanted));
}

static int visit(void *payload, const struct tree_file *f, const char *bytes, size_t length, pipe_error *e)
{
	(void)payload;
	(void)e;
	ck_assert_uint_eq(f->size, length);
	visits++;
	largest = length > largest ? length : largest;
	if (length < 100)
		str_printf(&found, "%s%s%.*s\n", f->path, f->executable ? "+" : "=", (int)length, bytes);
	snprintf(last_layer, sizeof(last_layer), "%s", f->layer);
	return visit_result;
}

static int scan(const char *target)
{
	str_reset(&found);
	str_reset(&asked);
	err = (pipe_error){ 0 };
	return tree_scan(target, &options, &a, &image, wants, visit, NULL, &err);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The files found, sorted. */
static const char *sorted(void)
{
	char *lines[200], *text = arena_strdup(&a, found.data), *save = NULL;
	struct str out;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && n < 200; line = strtok_r(NULL, "\n", &save))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), by_text);
	str_init(&out);
	for (size_t i = 0; i < n; i++)
		str_printf(&out, "%s%s", i ? " " : "", lines[i]);
	text = arena_strdup(&a, out.data);
	str_clear(&out);
	return text;
}

static const char *target(const char *name)
{
	return arena_strdup(&a, scratch_path(&s, name));
}

#define ck_files(name, expected)                                                                                                 \
	do {                                                                                                                     \
		ck_ok(scan(target(name)));                                                                                       \
		ck_assert_str_eq(sorted(), (expected));                                                                          \
	} while (0)

#define ck_fails(name, code, words)                                                                                              \
	do {                                                                                                                     \
		int ck_rc = scan(target(name));                                                                                  \
		ck_assert_msg(ck_rc == (code), "%d (%s), not %d", ck_rc, err.text, (code));                                      \
		ck_assert_msg(strstr(err.text, (words)) != NULL, "no \"%s\" in: %s", (words), err.text);                         \
	} while (0)

/* Both kinds must agree. */
#define ck_image(expected)                                                                                                       \
	do {                                                                                                                     \
		docker_archive(".tar", no_tags(), config());                                                                     \
		ck_files("image.tar", expected);                                                                                 \
		options.unverified = true;                                                                                       \
		ck_files("image.tar", expected);                                                                                 \
		options.unverified = false;                                                                                      \
		oci_layout(NULL);                                                                                                \
		ck_files("oci", expected);                                                                                       \
		clear_layers();                                                                                                  \
	} while (0)

static const char *note(void)
{
	return image.notes && image.notes[0] ? image.notes[0] : "";
}

/* ---- layers upon layers ---- */

START_TEST(the_last_layer_has_the_last_word)
{
	LAYER("a=1", "b=1", "d/", "d/x=1", "d/y=1");
	LAYER("b=2", "d/y=2", "c=2");
	LAYER("c+3");
	ck_image("a=1 b=2 c+3 d/x=1 d/y=2");
}
END_TEST

START_TEST(whiteouts_take_away_from_the_layers_below)
{
	LAYER("a=1", "b=1", "d/x=1", "d/e/y=1", "k=1");
	LAYER(".wh.a=", "d/.wh.e=", "b=2");
	LAYER(".wh.b=", "d/e/z=3", "k/.wh.none=");
	ck_image("d/e/z=3 d/x=1");
}
END_TEST

START_TEST(a_whiteout_does_not_touch_its_own_layer)
{
	LAYER("a=1", "d/x=1");
	LAYER("a=2", ".wh.a=", ".wh.d=", "d/y=2");
	ck_image("a=2 d/y=2");
	LAYER("a=1", "d/x=1");
	LAYER("d/y=2", ".wh.d=", ".wh.a=", "a=2");
	ck_image("a=2 d/y=2");
}
END_TEST

START_TEST(an_opaque_directory_hides_what_is_below_it)
{
	LAYER("d/x=1", "d/e/y=1", "o=1");
	LAYER("d/z=2", "d/.wh..wh..opq=", "d/e/w=2");
	ck_image("d/e/w=2 d/z=2 o=1");
	LAYER("d/x=1", "o=1");
	LAYER(".wh..wh..opq=", "n=2");
	LAYER("m=3");
	ck_image("m=3 n=2");
}
END_TEST

START_TEST(aufs_names_are_nobodys_files)
{
	LAYER("a=1", ".wh..wh.aufs=", ".wh..wh.plnk/");
	ck_image("a=1");
}
END_TEST

START_TEST(files_and_directories_replace_each_other)
{
	LAYER("a/x=1", "b=1", "c/d/e=1");
	LAYER("a=2", "b/y=2", "c->elsewhere");
	ck_image("a=2 b/y=2");
	/* And what was replaced in the middle does not come back. */
	LAYER("a/x=1");
	LAYER("a=2");
	LAYER("a/", "a/z=3");
	ck_image("a/z=3");
	LAYER("a/x=1");
	LAYER(".wh.a=");
	LAYER("a/z=3");
	ck_image("a/z=3");
	LAYER("a/x=1");
	LAYER("a#");
	ck_image("");
}
END_TEST

START_TEST(the_last_of_several_entries_counts)
{
	LAYER("a=1", "a=2", "b=1", "b|", "c|", "c=3");
	ck_image("a=2 c=3");
	LAYER("a/x=1", "a/y=1", "a=2", "b=1", "b/z=2");
	ck_image("a=2 b/z=2");
	LAYER("a/x=1", "a=2", "a/y=3");
	ck_image("a/y=3");
	LAYER("a/x=1", "a=2", "a/x=3");
	ck_image("a/x=3");
}
END_TEST

START_TEST(names_are_made_clean)
{
	LAYER("./a=1", "/b=1", "c//d=1", "e/./f=1", "g/../h=1", "./");
	LAYER("/.wh.a=", "./c/.wh.d=", "x/../b=2");
	ck_image("b=2 e/f=1 h=1");
}
END_TEST

START_TEST(what_climbs_out_is_left_out_and_said)
{
	LAYER("../../etc/passwd=evil", "a/../../b=evil", "ok=1", "l=>../../out", ".wh.=", ".wh...=");
	ck_image("ok=1");
	ck_assert_ptr_nonnull(strstr(note(), "5 entries are left out"));
	ck_assert_ptr_nonnull(strstr(note(), "../../etc/passwd"));
}
END_TEST

START_TEST(links_are_not_followed)
{
	LAYER("etc/passwd=1", "l->/etc/passwd", "d->etc", "out->/proc/self/environ");
	ck_image("etc/passwd=1");
	LAYER("usr/lib/a=1", "lib->usr/lib");
	LAYER("lib/b=2");
	ck_image("lib/b=2 usr/lib/a=1");
}
END_TEST

/* ---- hard links ---- */

START_TEST(a_hard_link_has_the_bytes_of_its_origin)
{
	LAYER("a+one", "b=>a", "d/c=>./b");
	ck_image("a+one b+one d/c+one");
	ck_assert_ptr_nonnull(strstr(asked.data, "d/c(3,x)"));
}
END_TEST

START_TEST(a_link_keeps_what_its_origin_loses)
{
	LAYER("a=one", "b=>a", "a=two");
	LAYER("n=2");
	ck_image("a=two b=one n=2");
	LAYER("a=one", "b=>a");
	LAYER(".wh.a=");
	ck_image("b=one");
	LAYER("d/a=one", "b=>d/a");
	LAYER("d=2");
	ck_image("b=one d=2");
}
END_TEST

START_TEST(a_wanted_link_to_an_unwanted_file_is_read)
{
	unwanted = "a";
	LAYER("z=0", "a=one", "b=>a", "a=two", "c=>a", "e=>b");
	ck_image("b=one c=two e=one z=0");
	/* Through a link that is not wanted either. */
	only_wanted = "c";
	LAYER("a=one", "b=>a", "c=>b");
	ck_image("c=one");
}
END_TEST

START_TEST(a_link_into_a_lower_layer_finds_its_file)
{
	LAYER("a=old", "x=0");
	LAYER("a=one");
	LAYER("n=>a", "gone=>a");
	LAYER(".wh.a=", "gone=4");
	ck_image("gone=4 n=one x=0");
	unwanted = "a";
	LAYER("a=old", "l=>a");
	LAYER("n=>l");
	ck_image("l=old n=old");
}
END_TEST

START_TEST(a_link_that_leads_nowhere_is_said)
{
	LAYER("a=1", "l=>missing", "self=>self", "dir/", "k=>dir");
	ck_image("a=1");
	ck_assert_ptr_nonnull(strstr(note(), "2 hard links lead to files that are not there"));
}
END_TEST

/* ---- long, sparse, many ---- */

START_TEST(archives_of_gnu_tar_are_read)
{
	struct str *tar = &layers[layer_count++];
	static char bytes[1 << 20];
	const char *both;
	FILE *f;

	/* Long names in both ways of writing them, a sparse file, names that are not ASCII. */
	scratch_sh(
		&s,
		"mkdir -p t/$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120)); cd t; cd d*/e*; printf long > f; cd ../..;"
		"mkdir -p ü; printf u > ü/é; truncate -s 100K sparse; printf end >> sparse;"
		"tar --sort=name --sparse --format=gnu -cf ../g.tar .; tar --sort=name --format=pax --sparse -cf ../p.tar .");
	for (unsigned i = 0; i < 2; i++) {
		f = fopen(scratch_path(&s, i ? "p.tar" : "g.tar"), "rb");
		str_init(tar);
		str_add(tar, bytes, fread(bytes, 1, sizeof(bytes), f));
		fclose(f);
		layer_count = 1;
		docker_archive(".tar", no_tags(), config());
		options.unverified = true;
		ck_ok(scan(target("image.tar")));
		both = arena_strdup(&a, found.data);
		options.unverified = false;
		ck_ok(scan(target("image.tar")));
		ck_assert_str_eq(found.data, both);
		ck_assert_uint_eq(visits, 6 + 6 * i);
		ck_assert_uint_eq(largest, 100 * 1024 + 3);
		ck_assert_ptr_nonnull(strstr(found.data, "eeee/f=long\n"));
		ck_assert_ptr_nonnull(strstr(found.data, "\xc3\xbc/\xc3\xa9=u\n"));
		clear_layers();
	}
}
END_TEST

static void extended(struct str *tar, const char *records)
{
	header(tar, "PaxHeaders/x", 'x', "", strlen(records), 0644);
	body(tar, records, strlen(records));
}

/* Entries that are read from their header alone, and such that are not: what a plain layer says must be what a stream of it does. */
static const struct {
	const char *records; /* of an extended header before it; NULL: none */
	const char *name;
	char type;
	unsigned repeat;
} mixed[] = {
	{ NULL, "plain", '0', 3 },
	{ "19 mtime=12345.678\n", "time", '0', 3 },
	{ "19 mtime=12345.678\n27 SCHILY.xattr.user.a=b\nc\n", "attribute", '0', 1 },
	{ "16 path=renamed\n", "old", '0', 1 },
	{ "19 mtime=12345.678\n16 path=another\n", "old", '0', 100 }, /* more than are worth to begin anew */
	{ "12 path=dir\n", "old", '5', 1 },
	{ "12 size=007\n", "sized", '0', 1 },
	{ NULL, "caf\xc3\xa9", '0', 1 },
	{ NULL, "slash/", '0', 1 },
	{ NULL, "", '\0', 1 },
	{ NULL, "contiguous", '7', 1 },
	{ "999 mtime=1\n", "broken", '0', 1 },
	{ "9 mtime=1\n", "broken", '0', 1 },
	{ "mtime", "broken", '0', 1 },
};

START_TEST(plain_and_special_entries_are_told_alike)
{
	struct str *tar = &layers[layer_count++];
	const char *told[2];
	int rc[2];

	str_init(tar);
	for (unsigned i = 0; i < mixed[_i].repeat; i++) {
		char content[16];

		entry(tar, arena_printf(&a, "before%u=x", i));
		if (mixed[_i].records)
			extended(tar, mixed[_i].records);
		snprintf(content, sizeof(content), "%07u", i);
		header(tar, mixed[_i].name, mixed[_i].type, "", mixed[_i].type == '5' ? 0 : 7, 0644);
		if (mixed[_i].type != '5')
			body(tar, content, 7);
		entry(tar, arena_printf(&a, "after%u=%u", i, i));
	}
	finish(tar);
	docker_archive(".tar", no_tags(), config());
	for (unsigned i = 0; i < 2; i++) {
		options.unverified = i;
		rc[i] = scan(target("image.tar"));
		told[i] = arena_strdup(&a, found.data);
	}
	ck_assert_int_eq(rc[0], rc[1]);
	ck_assert_str_eq(told[0], told[1]);
	ck_assert(rc[0] || strstr(told[0], "after0=0\n"));
	clear_layers();
}
END_TEST

/* Damage behind plain entries is found, wherever it is: by no way of reading is such a layer clean. */
START_TEST(damage_among_plain_entries_is_said)
{
	struct str *tar = &layers[layer_count++];

	str_init(tar);
	for (unsigned i = 0; i < 3; i++)
		member(tar, arena_printf(&a, "f%u", i), "text", 4);
	finish(tar);
	options.unverified = true;
	docker_archive(".tar", no_tags(), config());
	ck_ok(scan(target("image.tar")));
	tar->data[2 * BLOCK + 5] ^= 1; /* a name: the checksum is wrong */
	docker_archive(".tar", no_tags(), config());
	ck_fails("image.tar", PIPE_EPIPELINE, "damaged");
	tar->data[2 * BLOCK + 5] ^= 1;
	tar->length = 5 * BLOCK; /* the last one's content is missing */
	docker_archive(".tar", no_tags(), config());
	ck_fails("image.tar", PIPE_EPIPELINE, "truncated");
	options.unverified = false;
	clear_layers();
}
END_TEST

START_TEST(more_than_memory_holds_goes_to_scratch_and_nothing_stays)
{
	struct str *tar = &layers[layer_count++];
	const size_t size = 3 << 20;
	char *bytes = malloc(size), name[20];

	str_init(tar);
	for (unsigned i = 0; i < 6; i++) {
		memset(bytes, 'a' + (int)i, size);
		snprintf(name, sizeof(name), "f%u", i);
		member(tar, name, bytes, size);
	}
	entry(tar, "f0=small");
	entry(tar, "link=>f5");
	finish(tar);
	free(bytes);
	docker_archive(".tar", no_tags(), config());
	ck_ok(scan(target("image.tar")));
	ck_assert_uint_eq(visits, 7);
	ck_assert_uint_eq(largest, size);
	ck_assert_str_eq(sorted(), "f0=small");
	scratch_sh(&s, "test -z \"$(ls -A scratch)\"");
	clear_layers();
}
END_TEST

START_TEST(many_entries_are_read_and_bounded)
{
	struct str *tar = &layers[layer_count++];
	char name[40];

	str_init(tar);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "d%u/f%u", i % 100, i);
		header(tar, name, '0', "", 0, 0644);
	}
	finish(tar);
	docker_archive(".tar", no_tags(), config());
	only_wanted = "d99/f19999";
	ck_files("image.tar", "d99/f19999=");
	ck_assert_uint_eq(image.entries, 20000);
	ck_assert_uint_eq(image.files, 20000);
	options.limits.entries = 19999;
	ck_fails("image.tar", PIPE_ELIMIT, "the limit \"entries\" is 19999; it can be raised");
	clear_layers();
}
END_TEST

/* ---- compression and bounds ---- */

START_TEST(layers_are_unpacked)
{
	static const char *const programs[] = { "gzip", "zstd -q", "bzip2", "xz" };

	for (unsigned i = 0; i < 4; i++) {
		if (i > 1 && system(i == 2 ? "command -v bzip2 >/dev/null" : "command -v xz >/dev/null"))
			continue;
		LAYER("a=1", "b=1");
		LAYER(".wh.a=");
		oci_layout(programs[i]);
		ck_files("oci", "b=1");
		ck_assert_str_eq(last_layer, image.diff_ids[0]);
		clear_layers();
	}
}
END_TEST

START_TEST(an_image_archive_may_be_packed_itself)
{
	LAYER("a=1");
	docker_archive(".tar", no_tags(), config());
	clear_layers();
	through("image.tar", "gzip");
	ck_files("image.tar", "a=1");
	scratch_sh(&s, "test -z \"$(ls -A scratch)\"");
	LAYER("b=1");
	oci_layout("gzip");
	clear_layers();
	scratch_sh(&s, "tar -C oci -c . | zstd -q > oci.tar.zst; tar -C oci -cf oci.tar .");
	ck_files("oci.tar.zst", "b=1");
	ck_files("oci.tar", "b=1");
}
END_TEST

START_TEST(a_layer_that_is_packed_twice_is_refused)
{
	LAYER("a=1");
	oci_layout("gzip | gzip");
	clear_layers();
	ck_fails("oci", PIPE_EPIPELINE, "is compressed more than once: there is gzip in the gzip");
	LAYER("a=1");
	oci_layout("gzip | zstd -q");
	clear_layers();
	ck_fails("oci", PIPE_EPIPELINE, "is compressed more than once: there is gzip in it");
}
END_TEST

START_TEST(bombs_are_stopped)
{
	/* 200 MiB of zeros in some hundred bytes. */
	scratch_sh(&s, "head -c 200M /dev/zero | zstd -q > bomb.tar.zst; head -c 200M /dev/zero | gzip -1 > bomb.gz");
	ck_fails("bomb.tar.zst", PIPE_ELIMIT, "a decompression bomb? (the limit \"ratio\" is 1000");
	options.limits.bytes = 100 << 20;
	ck_fails("bomb.gz", PIPE_ELIMIT, "the limit \"bytes\" is 104857600");
	scratch_sh(&s, "test -z \"$(ls -A scratch)\"");
}
END_TEST

START_TEST(the_bytes_of_all_layers_count)
{
	struct str *tar;
	static char bytes[2 << 20];

	for (unsigned i = 0; i < 2; i++) {
		tar = &layers[layer_count++];
		str_init(tar);
		member(tar, i ? "b" : "a", bytes, sizeof(bytes));
		finish(tar);
	}
	docker_archive(".tar", no_tags(), config());
	clear_layers();
	options.limits.bytes = 5 << 20;
	ck_ok(scan(target("image.tar")));
	options.limits.bytes = 3 << 20;
	ck_fails("image.tar", PIPE_ELIMIT, "layer 1 of 2");
	options.limits.bytes = 0;
	options.limits.file_bytes = 1 << 20;
	ck_fails("image.tar", PIPE_ELIMIT, "the limit \"file_bytes\" is 1048576");
	unwanted = "b";
	ck_fails("image.tar", PIPE_ELIMIT, "\"a\" has 2097152 bytes");
}
END_TEST

START_TEST(too_many_layers_are_refused)
{
	for (unsigned i = 0; i < 501; i++)
		LAYER("a=1");
	docker_archive(".tar", no_tags(), config());
	ck_fails("image.tar", PIPE_ELIMIT, "has 501 layers");
	options.limits.layers = 501;
	ck_files("image.tar", "a=1");
	clear_layers();
}
END_TEST

START_TEST(a_scan_can_be_cancelled_and_ended)
{
	atomic_bool cancel = true;

	LAYER("a=1", "b=1");
	docker_archive(".tar", no_tags(), config());
	clear_layers();
	visit_result = PIPE_ESTORE;
	ck_assert_int_eq(scan(target("image.tar")), PIPE_ESTORE);
	ck_assert_uint_eq(visits, 1);
	visit_result = 0;
	options.cancel = &cancel;
	ck_fails("image.tar", PIPE_EIO, "cancelled");
	ck_fails("scratch/..", PIPE_EIO, "cancelled");
}
END_TEST

/* ---- docker archives ---- */

START_TEST(what_is_known_of_an_image)
{
	static const char *const tags[] = { "acme/app:1", "acme/app:latest", NULL };

	LAYER("a=1");
	docker_archive(".tar", tags, config());
	ck_files("image.tar", "a=1");
	ck_assert(image.image);
	ck_assert_str_eq(image.os, "linux");
	ck_assert_str_eq(image.architecture, "amd64");
	ck_assert_str_eq(image.user, "app");
	ck_assert_str_eq(image.created, "2024-01-02T03:04:05Z");
	ck_assert_str_eq(image.id, arena_printf(&a, "sha256:%s", sha256(config(), strlen(config()))));
	ck_assert_str_eq(image.repo_tags[1], "acme/app:latest");
	ck_assert_ptr_null(image.repo_tags[2]);
	ck_assert_str_eq(image.diff_ids[0], last_layer);
	ck_assert_uint_eq(image.compressed_bytes, layers[0].length);
	ck_assert_str_eq(note(), "");
	clear_layers();
}
END_TEST

START_TEST(layers_of_a_docker_archive_may_be_links)
{
	LAYER("a=1");
	LAYER("b=2");
	docker_archive(".tar", no_tags(), config());
	scratch_sh(
		&s,
		"mkdir x; cd x; tar xf ../image.tar; mkdir one two; mv 0.tar one/layer.tar; ln -s ../two/layer.tar 0.tar.l;"
		"mv 1.tar two/other.tar; ln -s other.tar two/layer.tar; sed -i s,0.tar,one/layer.tar,\\;s,1.tar,two/layer.tar, "
		"manifest.json; tar cf ../image.tar *");
	ck_files("image.tar", "a=1 b=2");
	scratch_sh(&s, "cd x; rm two/layer.tar; ln -s layer.tar two/layer.tar; tar cf ../image.tar *");
	ck_fails("image.tar", PIPE_EPIPELINE, "the layer \"two/layer.tar\" is not in it");
	clear_layers();
}
END_TEST

START_TEST(one_of_several_images_is_named)
{
	LAYER("a=1");
	docker_archive(".tar", no_tags(), config());
	scratch_sh(&s,
		   "mkdir x; cd x; tar xf ../image.tar; python3 -c 'import json; m = json.load(open(\"manifest.json\"))[0];"
		   "json.dump([dict(m, RepoTags=[\"one:1\"]), dict(m, RepoTags=[\"two:1\", \"two:2\"])], open(\"manifest.json\", "
		   "\"w\"))'; tar cf ../image.tar *");
	ck_fails("image.tar", PIPE_EUSAGE, "there are: one:1, two:1, two:2");
	ck_files("image.tar:two:2", "a=1");
	ck_assert_str_eq(image.repo_tags[0], "two:1");
	ck_fails("image.tar:three:1", PIPE_ENOTFOUND, "holds no image \"three:1\"");
	clear_layers();
}
END_TEST

START_TEST(a_changed_docker_archive_is_refused)
{
	LAYER("a=1");
	docker_archive(".tar", no_tags(), config());
	layers[0].data[512] = '2'; /* the file's content */
	{
		const char *right = config();
		layers[0].data[512] = '1';
		docker_archive(".tar", no_tags(), right);
	}
	ck_fails("image.tar", PIPE_EPIPELINE, "its diff id is sha256:");
	ck_assert_str_eq(found.data, "");
	options.unverified = true;
	ck_files("image.tar", "a=1");
	options.unverified = false;
	docker_archive(".tar", no_tags(), config());
	scratch_sh(&s, "mkdir x; cd x; tar xf ../image.tar; sed -i s/amd64/arm64/ *.json; tar cf ../image.tar *");
	options.platform = NULL;
	ck_fails("image.tar", PIPE_EPIPELINE, "damaged or was changed");
	clear_layers();
}
END_TEST

START_TEST(a_truncated_archive_is_refused)
{
	char cut[80];

	LAYER("a=1", "b=2");
	docker_archive(".tar", no_tags(), config());
	clear_layers();
	for (unsigned size = 0; size < 5000; size += 300) {
		snprintf(cut, sizeof(cut), "head -c %u image.tar > cut.tar", size);
		scratch_sh(&s, cut);
		ck_assert_msg(scan(target("cut.tar")) == PIPE_EPIPELINE, "at %u: %s", size, err.text);
		ck_assert_str_eq(found.data, "");
	}
	through("image.tar", "gzip | head -c 200");
	ck_fails("image.tar", PIPE_EPIPELINE, "truncated");
}
END_TEST

START_TEST(what_is_no_image_is_named)
{
	scratch_bytes(&s, "x.zip", "PK\3\4............................................................", 64);
	ck_fails("x.zip", PIPE_EPIPELINE, "is a zip archive; a directory, an OCI layout or a docker archive");
	scratch_file(&s, "empty", "");
	ck_fails("empty", PIPE_EPIPELINE, "is empty");
	scratch_file(&s, "text", "hello");
	ck_fails("text", PIPE_EPIPELINE, "no archive that is known here");
	scratch_sh(&s, "mkdir d; echo 1 > d/a; tar cf d.tar d");
	ck_fails("d.tar", PIPE_EPIPELINE, "of no image");
	ck_fails("missing.tar", PIPE_ENOTFOUND, "no such file");
	scratch_sh(&s, "mkfifo fifo");
	ck_fails("fifo", PIPE_EPIPELINE, "neither a directory nor a regular file");
	options.kind = TREE_DIRECTORY;
	ck_fails("text", PIPE_EUSAGE, "is no directory");
	options.kind = TREE_OCI_LAYOUT;
	ck_fails("d", PIPE_EPIPELINE, "no index.json");
	options.kind = TREE_DOCKER_ARCHIVE;
	ck_fails("d.tar", PIPE_EPIPELINE, "no manifest.json");
}
END_TEST

START_TEST(hostile_manifests_are_refused)
{
	static const char *const manifests[] = { "",
						 "{",
						 "[]",
						 "{}",
						 "[1]",
						 "[{}]",
						 "[{\"Config\":\"../x\",\"Layers\":[]}]",
						 "[{\"Config\":1,\"Layers\":1}]",
						 "[{\"Config\":\"manifest.json\",\"Layers\":[\"a\"]}]" };

	for (size_t i = 0; i < sizeof(manifests) / sizeof(*manifests); i++) {
		struct str tar;

		str_init(&tar);
		member(&tar, "manifest.json", manifests[i], strlen(manifests[i]));
		finish(&tar);
		scratch_bytes(&s, "image.tar", tar.data, tar.length);
		str_clear(&tar);
		ck_assert_msg(scan(target("image.tar")) == PIPE_EPIPELINE, "%s: %s", manifests[i], err.text);
	}
}
END_TEST

/* ---- OCI layouts ---- */

START_TEST(a_changed_blob_is_refused)
{
	LAYER("a=1");
	oci_layout("gzip -1");
	scratch_sh(&s, "for f in oci/blobs/sha256/*; do cp $f keep; printf X >> $f; ls $f >> names; done");
	ck_fails("oci", PIPE_EPIPELINE, "not what it should be");
	ck_assert_str_eq(found.data, "");
	clear_layers();
	scratch_sh(&s, "rm -r oci");
	LAYER("a=1");
	oci_layout("gzip -1");
	/* The layer alone: as long as before, one byte is another. */
	scratch_sh(
		&s,
		"for f in oci/blobs/sha256/*; do case $(head -c1 $f) in {) ;; *) printf '\\001' | dd of=$f bs=1 seek=4 conv=notrunc "
		"2>/dev/null;; esac; done");
	ck_fails("oci", PIPE_EPIPELINE, "layer 1 of 1 (sha256:");
	ck_assert_str_eq(found.data, "");
	clear_layers();
}
END_TEST

START_TEST(a_missing_or_short_blob_is_said)
{
	LAYER("a=1");
	oci_layout(NULL);
	scratch_sh(&s, "for f in oci/blobs/sha256/*; do case $(head -c1 $f) in {) ;; *) truncate -s 700 $f;; esac; done");
	ck_fails("oci", PIPE_EPIPELINE, "is truncated: it has 700 bytes, not 2048");
	scratch_sh(&s, "for f in oci/blobs/sha256/*; do case $(head -c1 $f) in {) ;; *) rm $f;; esac; done");
	ck_fails("oci", PIPE_EPIPELINE, "there is no blob sha256:");
	clear_layers();
}
END_TEST

START_TEST(digests_must_be_known_and_well_formed)
{
	static const struct {
		const char *digest, *words;
	} cases[] = { { "md5:0123456789abcdef0123456789abcdef", "of an algorithm that is not known here" },
		      { "sha256:../../../../etc/passwd", "is no digest" },
		      { "sha256:ABCDEF", "is no digest" },
		      { "", "not known here" },
		      { "sha512:00", "128 hexadecimal digits" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		oci_index(arena_printf(&a, "{\"digest\":\"%s\",\"size\":1}", cases[i].digest));
		ck_fails("oci", PIPE_EPIPELINE, cases[i].words);
	}
}
END_TEST

START_TEST(nested_indexes_lead_to_the_platform)
{
	const char *m, *inner;

	LAYER("a=amd64");
	m = oci_manifest(NULL);
	inner = arena_printf(
		&a, "{\"manifests\":[%s,%s,%s]}",
		descriptor("other", 5, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}"),
		descriptor(m, strlen(m), ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}"),
		descriptor("proof", 5, ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}"));
	blob(inner, strlen(inner));
	oci_index(descriptor(inner, strlen(inner), ",\"mediaType\":\"application/vnd.oci.image.index.v1+json\""));
	ck_files("oci", "a=amd64");
	ck_assert_str_eq(image.digest, arena_printf(&a, "sha256:%s", sha256(m, strlen(m))));
	options.platform = "linux/arm64";
	ck_fails("oci", PIPE_EPIPELINE, "there is no blob");
	options.platform = "linux/s390x";
	ck_fails("oci", PIPE_ENOTFOUND, "there are: linux/arm64/v8, linux/amd64");
	clear_layers();
}
END_TEST

START_TEST(an_image_of_another_platform_is_said)
{
	LAYER("a=1");
	oci_layout(NULL);
	options.platform = NULL;
	ck_files("oci", "a=1");
	options.platform = "linux/arm64";
	ck_fails("oci", PIPE_ENOTFOUND, "is an image for linux/amd64, not for linux/arm64");
	clear_layers();
}
END_TEST

START_TEST(images_of_a_layout_have_names)
{
	const char *one, *two;

	LAYER("a=1");
	one = oci_manifest(NULL);
	LAYER("b=2");
	two = oci_manifest(NULL);
	clear_layers();
	oci_index(arena_printf(
		&a, "%s,%s,%s", descriptor(one, strlen(one), ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"one\"}"),
		descriptor(two, strlen(two), ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"two\"}"),
		descriptor(two, strlen(two), ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}")));
	options.platform = NULL;
	ck_fails("oci", PIPE_EUSAGE, "there are: one, two, latest");
	ck_files("oci:one", "a=1");
	ck_files("oci:two", "a=1 b=2");
	ck_files("oci:latest", "a=1 b=2");
	ck_files(arena_printf(&a, "oci@sha256:%s", sha256(one, strlen(one))), "a=1");
	ck_fails("oci:three", PIPE_ENOTFOUND, "holds no image \"three\"");
	ck_ok(scan(arena_printf(&a, "oci:%s:one", target("oci"))));
}
END_TEST

START_TEST(indexes_without_end_are_refused)
{
	const char *next = "{\"manifests\":[]}";

	for (unsigned i = 0; i < 12; i++) {
		blob(next, strlen(next));
		next = arena_printf(&a, "{\"manifests\":[%s]}", descriptor(next, strlen(next), ""));
	}
	blob(next, strlen(next));
	oci_index(descriptor(next, strlen(next), ""));
	ck_fails("oci", PIPE_ELIMIT, "indexes lead to indexes");
}
END_TEST

START_TEST(what_is_no_image_in_a_layout_is_said)
{
	static const struct {
		const char *manifest, *words;
		int code;
	} cases[] = {
		{ "not JSON", "is no JSON", PIPE_EPIPELINE },
		{ "[]", "no object", PIPE_EPIPELINE },
		{ "{}", "names no configuration", PIPE_EPIPELINE },
		{ "{\"schemaVersion\":1}", "schema 1", PIPE_EUNSUPPORTED },
		{ "{\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"}}", "no image but an artifact",
		  PIPE_EPIPELINE },
		{ "{\"config\":{}}", "has no layers", PIPE_EPIPELINE },
		{ "{\"config\":{},\"layers\":[{}]}", "not known here", PIPE_EPIPELINE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		blob(cases[i].manifest, strlen(cases[i].manifest));
		oci_index(descriptor(cases[i].manifest, strlen(cases[i].manifest), ""));
		ck_fails("oci", cases[i].code, cases[i].words);
	}
	oci_index("");
	ck_fails("oci", PIPE_EPIPELINE, "names no image");
}
END_TEST

START_TEST(a_layout_does_not_lead_out_of_itself)
{
	LAYER("a=1");
	oci_layout(NULL);
	scratch_sh(&s, "cd oci/blobs; mv sha256 ../../elsewhere; ln -s ../../elsewhere sha256");
	ck_assert_int_ne(scan(target("oci")), PIPE_OK);
	ck_assert_str_eq(found.data, "");
	clear_layers();
}
END_TEST

/* ---- directories ---- */

START_TEST(a_directory_is_walked)
{
	scratch_file(&s, "d/a", "1");
	scratch_file(&s, "d/e/b", "2");
	scratch_file(&s, "outside", "3");
	scratch_sh(&s, "chmod +x d/a; ln -s ../outside d/l; ln -s .. d/up; mkfifo d/fifo; ln d/e/b d/hard");
	unwanted = "hard";
	ck_files("d", "a+1 e/b=2");
	ck_assert(!image.image);
	ck_assert_uint_eq(image.files, 3);
	ck_assert_ptr_nonnull(strstr(asked.data, "a(1,x)"));
	ck_assert_str_eq(image.id, "");
	ck_assert_ptr_null(image.notes[0]);
	options.limits.file_bytes = 1;
	ck_files("d", "a+1 e/b=2");
	scratch_file(&s, "d/a", "12");
	ck_fails("d", PIPE_ELIMIT, "the limit \"file_bytes\" is 1");
	options.limits.entries = 2;
	ck_fails("d", PIPE_ELIMIT, "the limit \"entries\" is 2");
}
END_TEST

START_TEST(what_cannot_be_read_is_said)
{
	if (geteuid() == 0 && (setegid(65534) || seteuid(65534)))
		return;
	if (geteuid() == 65534) {
		ck_assert_int_eq(seteuid(0), 0);
		scratch_sh(
			&s,
			"chmod 755 .; mkdir -p d/closed; echo 1 > d/secret; echo 2 > d/open; chmod 600 d/secret; chmod 700 d/closed");
		ck_assert_int_eq(seteuid(65534), 0);
	} else {
		scratch_sh(&s, "mkdir -p d/closed; echo 1 > d/secret; echo 2 > d/open; chmod 000 d/secret d/closed");
	}
	ck_ok(scan(target("d")));
	ck_assert_str_eq(found.data, "open=2\n\n");
	ck_assert_ptr_nonnull(strstr(note(), "2 files or directories could not be read"));
	if (geteuid() == 65534)
		ck_assert_int_eq(seteuid(0) | setegid(0), 0);
}
END_TEST

/* ---- progress ---- */

static void count_line(void *payload, const char *line)
{
	ck_assert_ptr_nonnull(strstr(line, "of 2"));
	++*(unsigned *)payload;
}

START_TEST(progress_is_told)
{
	unsigned lines = 0;

	LAYER("a=1");
	LAYER("b=1");
	options.progress = count_line;
	options.progress_payload = &lines;
	ck_image("a=1 b=1");
	ck_assert_uint_eq(lines, 6);
}
END_TEST

static void add_tests(TCase *c, const TTest *const *tests, size_t count)
{
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(c, tests[i]);
}

Suite *tree_suite(void)
{
	Suite *suite = suite_create("tree");
	TCase *left = tcase_create("layers"), *bounds = tcase_create("bounds"), *kinds = tcase_create("kinds");
	const TTest *const left_tests[] = { the_last_layer_has_the_last_word,
					    whiteouts_take_away_from_the_layers_below,
					    a_whiteout_does_not_touch_its_own_layer,
					    an_opaque_directory_hides_what_is_below_it,
					    aufs_names_are_nobodys_files,
					    files_and_directories_replace_each_other,
					    the_last_of_several_entries_counts,
					    names_are_made_clean,
					    what_climbs_out_is_left_out_and_said,
					    links_are_not_followed,
					    a_hard_link_has_the_bytes_of_its_origin,
					    a_link_keeps_what_its_origin_loses,
					    a_wanted_link_to_an_unwanted_file_is_read,
					    a_link_into_a_lower_layer_finds_its_file,
					    a_link_that_leads_nowhere_is_said };
	const TTest *const bounds_tests[] = { archives_of_gnu_tar_are_read,
					      damage_among_plain_entries_is_said,
					      more_than_memory_holds_goes_to_scratch_and_nothing_stays,
					      many_entries_are_read_and_bounded,
					      layers_are_unpacked,
					      an_image_archive_may_be_packed_itself,
					      a_layer_that_is_packed_twice_is_refused,
					      bombs_are_stopped,
					      the_bytes_of_all_layers_count,
					      too_many_layers_are_refused,
					      a_scan_can_be_cancelled_and_ended };
	const TTest *const kinds_tests[] = { what_is_known_of_an_image,
					     layers_of_a_docker_archive_may_be_links,
					     one_of_several_images_is_named,
					     a_changed_docker_archive_is_refused,
					     a_truncated_archive_is_refused,
					     what_is_no_image_is_named,
					     hostile_manifests_are_refused,
					     a_changed_blob_is_refused,
					     a_missing_or_short_blob_is_said,
					     digests_must_be_known_and_well_formed,
					     nested_indexes_lead_to_the_platform,
					     an_image_of_another_platform_is_said,
					     images_of_a_layout_have_names,
					     indexes_without_end_are_refused,
					     what_is_no_image_in_a_layout_is_said,
					     a_layout_does_not_lead_out_of_itself,
					     a_directory_is_walked,
					     what_cannot_be_read_is_said,
					     progress_is_told };

	add_tests(left, left_tests, sizeof(left_tests) / sizeof(*left_tests));
	add_tests(bounds, bounds_tests, sizeof(bounds_tests) / sizeof(*bounds_tests));
	tcase_add_loop_test(bounds, plain_and_special_entries_are_told_alike, 0, (int)(sizeof(mixed) / sizeof(*mixed)));
	add_tests(kinds, kinds_tests, sizeof(kinds_tests) / sizeof(*kinds_tests));
	suite_add_tcase(suite, left);
	suite_add_tcase(suite, bounds);
	suite_add_tcase(suite, kinds);
	return suite;
}
