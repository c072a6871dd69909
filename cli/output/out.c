#include "cli/output/out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void out_init(struct out *o, int fd)
{
	o->fd = fd;
	o->error = 0;
	o->used = 0;
}

/* The descriptor may have been made non-blocking by another process that shares the terminal. */
static void wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	poll(&p, 1, -1);
}

static void push(struct out *o, const char *text, size_t length)
{
	while (length && !o->error) {
		ssize_t n = write(o->fd, text, length);

		if (n >= 0) {
			text += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN) {
			wait_writable(o->fd);
		} else if (errno != EINTR) {
			o->error = errno;
		}
	}
}

void out_flush(struct out *o)
{
	if (o->used)
		push(o, o->data, o->used);
	o->used = 0;
}

void out_write(struct out *o, const char *text, size_t length)
{
	if (length > sizeof(o->data) - o->used) {
		out_flush(o);
		if (length >= sizeof(o->data)) {
			push(o, text, length);
			return;
		}
	}
	if (length)
		memcpy(o->data + o->used, text, length);
	o->used += length;
}

void out_text(struct out *o, const char *text)
{
	out_write(o, text, strlen(text));
}

void out_format(struct out *o, const char *format, ...)
{
	struct str s;
	va_list ap;

	str_init(&s);
	va_start(ap, format);
	str_vprintf(&s, format, ap);
	va_end(ap);
	out_str(o, &s);
	str_clear(&s);
}

void out_str(struct out *o, struct str *s)
{
	if (s->failed && !o->error)
		o->error = ENOMEM;
	out_write(o, s->data, s->length);
	str_reset(s);
}

int out_receive(void *payload, const char *text, size_t length)
{
	struct out *o = payload;

	out_write(o, text, length);
	return o->error;
}

bool out_failed(const struct out *o)
{
	return o->error && o->error != EPIPE;
}
