/*
 * Three numbers and a word behind them: what semantic versions and Bitnami's have in common, and the ranges over them that npm's
 * advisories use: x-ranges, ~, ^, hyphens.  Rules are those of Trivy's matcher: pre-releases take part as any other version.
 */
#ifndef SCANNER_VERSION_NUMBERS_H
#define SCANNER_VERSION_NUMBERS_H

#include "stages/scanner/version/schemes.h"

/* 1.2.3-WORD+BUILD */
struct numbers {
	struct span part[3], word; /* word: without the dash; empty: none */
};

/* Strictly as https://semver.org has it.  What is wrong with it (version.h's fault), or NULL. */
const char *numbers_read(struct span s, struct numbers *n);

/* How words are compared: 1.0-1 comes before 1.0 (a pre-release) or behind it (a revision). */
enum word_is { WORD_BEFORE, WORD_BEHIND };
int numbers_compare(const struct numbers *a, const struct numbers *b, enum word_is word);

enum version_range numbers_in(struct span version, const char *range, enum word_is word);

#endif
