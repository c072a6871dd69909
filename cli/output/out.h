/*
 * Standard output: collected in one buffer and written in large pieces.  A reader that went away (EPIPE) ends the output quietly:
 * `pipe history | head` is no failure and a run goes on; any other failure is remembered and turns the exit status into 3.
 */
#ifndef CLI_OUTPUT_OUT_H
#define CLI_OUTPUT_OUT_H

#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

enum { OUT_SIZE = 64 * 1024 };

struct out {
	int fd;
	int error; /* errno of the first failed write; nothing is written after it */
	size_t used;
	char data[OUT_SIZE];
};

void out_init(struct out *o, int fd);
void out_write(struct out *o, const char *text, size_t length);
void out_text(struct out *o, const char *text);
void out_format(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes what a str holds and empties it. */
void out_str(struct out *o, struct str *s);
void out_flush(struct out *o);
/* A pipe_write_cb; the payload is the struct out. */
int out_receive(void *payload, const char *text, size_t length);
/* Did a write fail for another reason than that nobody reads any more? */
bool out_failed(const struct out *o);

#endif
