/*
 * What the schemes share: pieces of text, numbers of any length, dotted identifiers, and the walk through a range.  Nothing here
 * allocates or copies: a version is looked at where it lies.
 */
#ifndef SCANNER_VERSION_SCHEMES_H
#define SCANNER_VERSION_SCHEMES_H

#include "stages/scanner/version/version.h"
#include <stdint.h>

extern const struct version_scheme version_apk, version_bitnami, version_deb, version_gem, version_generic, version_maven,
	version_pep440, version_rpm, version_semver;

/* ---- pieces of text (text.c) ---- */

struct span {
	const char *at, *end;
};

struct span span_of(const char *text);
static inline bool span_empty(struct span s)
{
	return s.at == s.end;
}
static inline size_t span_length(struct span s)
{
	return (size_t)(s.end - s.at);
}
/* The first byte; 0: there is none. */
static inline char span_peek(struct span s)
{
	return s.at < s.end ? *s.at : '\0';
}
/* In ASCII, whatever the locale. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}
static inline bool is_letter(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}
static inline bool is_alphanumeric(char c)
{
	return is_digit(c) || is_letter(c);
}
static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
/* What semantic versions are made of between the dots. */
static inline bool is_identifier(char c)
{
	return is_alphanumeric(c) || c == '-';
}
static inline bool is_printable(char c) /* and no space */
{
	return c > ' ' && c < 0x7f;
}

/* Takes the bytes off the front for which `is` holds, and gives them back. */
struct span span_take(struct span *s, bool (*is)(char c));
/* Takes the first byte off where it is this one. */
bool span_skip(struct span *s, char c);
struct span span_trim(struct span s);
bool span_all(struct span s, bool (*is)(char c));
bool span_is(struct span s, const char *word, bool any_case);

/* By value: digits only, any number of them, leading zeros do not count, none at all is 0. */
int span_numbers(struct span a, struct span b);
bool span_number(struct span digits, uint64_t *value); /* false: too large */
bool span_zero(struct span digits);
/* As memcmp does, the shorter first. */
int span_bytes(struct span a, struct span b);
/* Numbers with dots between them ("1.2.0"); what one lacks is 0. */
int span_dotted_numbers(struct span a, struct span b);
/* Takes the first of what is between dots; false: nothing is left. */
bool span_next(struct span *rest, struct span *item);
/* Of pre-releases as semantic versions have them: numbers by value and before words, words by their bytes, the shorter first. */
int span_identifiers(struct span a, struct span b);
/* All between the dots: not empty, and of `is`. */
bool span_dotted(struct span s, bool (*is)(char c));

/* ---- ranges (version_range.c) ---- */

enum range_operator {
	RANGE_EQUAL = 1,
	RANGE_NOT_EQUAL = 2,
	RANGE_LESS = 4,
	RANGE_LESS_EQUAL = 8,
	RANGE_GREATER = 16,
	RANGE_GREATER_EQUAL = 32,
	RANGE_TILDE = 64,	 /* ~ */
	RANGE_PESSIMISTIC = 128, /* ~> */
	RANGE_CARET = 256,	 /* ^ */
	RANGE_COMPATIBLE = 512,	 /* ~= */
	RANGE_ARBITRARY = 1024,	 /* === */
	RANGE_COMPARISONS = 63
};

struct range_rules {
	unsigned operators; /* bits: those that there are */
	bool empty_is_any;
	bool star_is_any; /* a part that is `*` alone */
	/* How much of the text is a version as this grammar writes one in a range; 0: none. */
	size_t (*scan)(struct span text);
	/* One comparison; RANGE_UNKNOWN: the bound is wrong. */
	enum version_range (*holds)(const void *payload, struct span version, enum range_operator op, struct span bound);
	/* A part between `||` that is written in another way; true: it is, and *result says what comes of it.  Or NULL. */
	bool (*other)(const void *payload, struct span version, struct span part, enum version_range *result);
	const void *payload;
};

enum { VERSION_MAX = 4096 };

enum version_range range_walk(struct span version, const char *range, const struct range_rules *rules);
/* What a comparison says of an order. */
bool range_order(enum range_operator op, int order);
enum version_range range_and(enum version_range a, enum version_range b);
enum version_range range_or(enum version_range a, enum version_range b);
static inline enum version_range range_of(bool in)
{
	return in ? RANGE_IN : RANGE_OUT;
}

#endif
