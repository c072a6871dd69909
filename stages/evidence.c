/*
 * What every parser and sink of evidence needs: names, paths, and the fingerprint by which a finding is known again.  Fingerprints
 * are kept in histories, so what goes into them, and how, can never change.
 */
#include "stages/evidence.h"

#include <string.h>
#include <strings.h>

const char *test_status_name(enum test_status s)
{
	static const char *const names[] = {
#define X(name, text) text,
		TEST_STATUS_MAP(X)
#undef X
	};

	return (unsigned)s < TEST_STATUS_COUNT ? names[s] : "";
}

static const char *const kind_names[] = {
#define X(name, text) text,
	FINDING_KIND_MAP(X)
#undef X
};

const char *finding_kind_name(enum finding_kind k)
{
	return (unsigned)k < FINDING_KIND_COUNT ? kind_names[k] : "";
}

bool finding_kind_from(const char *text, enum finding_kind *out)
{
	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++)
		if (!strcmp(kind_names[i], text)) {
			*out = (enum finding_kind)i;
			return true;
		}
	return false;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
#define X(name, text) text,
		SEVERITY_MAP(X)
#undef X
	};

	return (unsigned)s < SEVERITY_COUNT ? names[s] : "";
}

/* Our own names first; then each tool's words where its own scale puts them: SonarQube and Code Climate (blocker, major, minor),
 * SARIF and compilers (error, warning, note), cppcheck, pylint, npm audit and Red Hat (moderate, important), Grype (negligible). */
static const struct {
	const char *text;
	enum severity severity;
} severity_words[] = {
#define X(name, text) { text, SEVERITY_##name },
	SEVERITY_MAP(X)
#undef X
		{ "blocker", SEVERITY_CRITICAL },
	{ "fatal", SEVERITY_CRITICAL },
	{ "fatal error", SEVERITY_CRITICAL },
	{ "error", SEVERITY_HIGH },
	{ "important", SEVERITY_HIGH },
	{ "serious", SEVERITY_HIGH },
	{ "severe", SEVERITY_HIGH },
	{ "major", SEVERITY_MEDIUM },
	{ "moderate", SEVERITY_MEDIUM },
	{ "warning", SEVERITY_MEDIUM },
	{ "warn", SEVERITY_MEDIUM },
	{ "convention", SEVERITY_LOW },
	{ "minor", SEVERITY_LOW },
	{ "negligible", SEVERITY_LOW },
	{ "performance", SEVERITY_LOW },
	{ "portability", SEVERITY_LOW },
	{ "refactor", SEVERITY_LOW },
	{ "style", SEVERITY_LOW },
	{ "debug", SEVERITY_INFO },
	{ "help", SEVERITY_INFO },
	{ "hint", SEVERITY_INFO },
	{ "information", SEVERITY_INFO },
	{ "informational", SEVERITY_INFO },
	{ "message", SEVERITY_INFO },
	{ "none", SEVERITY_INFO },
	{ "note", SEVERITY_INFO },
	{ "notice", SEVERITY_INFO },
	{ "recommendation", SEVERITY_INFO },
	{ "remark", SEVERITY_INFO },
	{ "suggestion", SEVERITY_INFO },
	{ "trivial", SEVERITY_INFO },
	{ "unassigned", SEVERITY_UNKNOWN },
	{ "undefined", SEVERITY_UNKNOWN },
	{ "unspecified", SEVERITY_UNKNOWN },
};

bool severity_from(const char *text, enum severity *out)
{
	for (size_t i = 0; i < sizeof(severity_words) / sizeof(*severity_words); i++)
		if (!strcasecmp(severity_words[i].text, text)) {
			*out = severity_words[i].severity;
			return true;
		}
	return false;
}

uint64_t evidence_tests(const struct evidence_totals *t)
{
	uint64_t sum = t->quarantined;

	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		sum += t->tests[i];
	return sum;
}

uint64_t evidence_findings(const struct evidence_totals *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++)
		for (unsigned j = 0; j < SEVERITY_COUNT; j++)
			sum += t->findings[i][j];
	return sum;
}

/* ---- paths ---- */

/* Relative, and without a segment that resolving would change. */
static bool is_plain(const char *path)
{
	if (*path == '/' || !strncasecmp(path, "file:", 5) || strchr(path, '\\'))
		return false;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (*p && !*++p)
			return false;
	}
	return true;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* `file:///a%20b` and `file://host/a` to the path in it, in place.  What would become a control character stays as it is. */
static char *strip_file_uri(char *text)
{
	char *to, *path;

	if (strncasecmp(text, "file:", 5))
		return text;
	path = text + 5;
	if (path[0] == '/' && path[1] == '/') {
		char *slash = strchr(path + 2, '/');
		path = slash ? slash : path + 2;
	}
	to = path;
	for (const char *p = path; *p; p++) {
		int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;

		if (low >= 0 && high * 16 + low >= 32) {
			*to++ = (char)(high * 16 + low);
			p += 2;
		} else
			*to++ = *p;
	}
	*to = '\0';
	return path;
}

/* Resolves `.`, `..` and empty segments in place; `..` that leads out of a relative path stays at its front, out of an absolute one it
 * goes nowhere.  No slash at the end. */
static void resolve(char *text)
{
	bool absolute = *text == '/';
	char *start = text + absolute, *to = start, *floor = start;
	const char *p = start;

	while (*p) {
		size_t n = strcspn(p, "/");
		bool up = n == 2 && p[0] == '.' && p[1] == '.';

		if (up && to > floor) {
			do
				to--;
			while (to > floor && *to != '/');
		} else if (n && !(n == 1 && *p == '.') && !(up && absolute)) {
			if (to > start)
				*to++ = '/';
			memmove(to, p, n);
			to += n;
			if (up)
				floor = to;
		}
		p += n;
		p += *p == '/';
	}
	*to = '\0';
}

const char *evidence_path(struct arena *a, const char *workspace, const char *path)
{
	char *text, *root;
	size_t n;

	if (is_plain(path))
		return path;
	text = arena_strdup(a, path);
	if (!text)
		return NULL;
	text = strip_file_uri(text);
	for (char *p = strchr(text, '\\'); p; p = strchr(p, '\\'))
		*p = '/';
	resolve(text);
	if (*text != '/' || !workspace || *workspace != '/')
		return *text == '/' ? text + 1 : text;
	root = arena_strdup(a, workspace);
	if (!root)
		return NULL;
	resolve(root);
	n = strlen(root);
	if (n > 1 && !strncmp(text, root, n) && (text[n] == '/' || !text[n]))
		text += n;
	return *text == '/' ? text + 1 : text;
}

/* ---- fingerprints ---- */

/* FNV-1a with 128 bits (Fowler, Noll, Vo): for each byte, xor it in and multiply by 2^88 + 0x13b.  In halves of 64 bits. */
struct fnv {
	uint64_t high, low;
};
#define FNV_INIT                                                                                                                 \
	{                                                                                                                        \
		0x6c62272e07bb0142u, 0x62b821756295c58du                                                                         \
	}

static void fnv_byte(struct fnv *h, unsigned char byte)
{
	uint64_t low = h->low ^ byte;
	/* low * 0x13b with its carry into the high half, from two halves of 32 bits */
	uint64_t first = (low & 0xffffffffu) * 0x13b, second = (low >> 32) * 0x13b + (first >> 32);

	h->high = h->high * 0x13b + (second >> 32) + (low << 24);
	h->low = low * 0x13b;
}

static void fnv_number(struct fnv *h, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		fnv_byte(h, (unsigned char)(value >> 8 * i));
}

/* A NUL behind each text: ("ab", "c") is another finding than ("a", "bc"). */
static void fnv_text(struct fnv *h, const char *text)
{
	for (; *text; text++)
		fnv_byte(h, (unsigned char)*text);
	fnv_byte(h, 0);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Numbers that stand alone become one `0`: sizes, lines and addresses change when code moves.  Those in a name (x1, int32_t) are what
 * the message is about. */
static void fnv_message(struct fnv *h, const char *text)
{
	char before = ' ';

	while (*text) {
		if (is_digit(*text) && !is_word(before)) {
			bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && hex_digit(text[2]) >= 0;

			for (text += hex ? 2 : 0; hex ? hex_digit(*text) >= 0 : is_digit(*text);)
				text++;
			fnv_byte(h, '0');
			before = '0';
			continue;
		}
		before = *text++;
		fnv_byte(h, (unsigned char)before);
	}
	fnv_byte(h, 0);
}

void evidence_fingerprint(const struct evidence_finding *f, uint32_t nth, unsigned char out[16])
{
	struct fnv h = FNV_INIT;

	fnv_text(&h, f->tool);
	fnv_text(&h, f->rule);
	fnv_text(&h, f->path);
	fnv_text(&h, f->package);
	/* A tool's own fingerprint says better than its words which one is meant, but often only within a file and a rule. */
	fnv_byte(&h, *f->fingerprint != '\0');
	if (*f->fingerprint)
		fnv_text(&h, f->fingerprint);
	else
		fnv_message(&h, f->message);
	if (nth)
		fnv_number(&h, nth);
	for (int i = 0; i < 8; i++) {
		out[i] = (unsigned char)(h.high >> (56 - 8 * i));
		out[8 + i] = (unsigned char)(h.low >> (56 - 8 * i));
	}
}
