/* The rules by which secrets are found, as data (secret_rules.c); compiled and run by secret.c. */
#ifndef STAGES_SCANNER_SECRET_SECRET_RULES_H
#define STAGES_SCANNER_SECRET_SECRET_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret_rule {
	const char *id, *category, *title; /* Trivy's, where it has such a rule */
	uint8_t severity;
	/* One of these must stand there, in any case; several are divided by blanks, and each has at least three bytes.  Only there
	 * the expression is tried. */
	const char *keywords;
	/* Matched at the keyword, or `lead` bytes before it; its first group, where it has one, is the secret.  With `value`: what
	 * stands behind the keyword in quotes, after a sign of assignment. */
	const char *pattern;
	bool value;
	bool guessed;	 /* by its name only: placeholders are no secrets */
	uint8_t lead;	 /* bytes */
	uint8_t entropy; /* the least that the secret must have, in tenths of a bit for each character; 0: any */
};

extern const struct secret_rule secret_rule_table[];
extern const size_t secret_rule_count;

#endif
