#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void fill(pipe_error *err, enum pipe_code code, const char *format, va_list ap)
{
	memset(err, 0, offsetof(pipe_error, text));
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), format, ap);
}

int error_set(pipe_error *err, enum pipe_code code, const char *format, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, format);
		fill(err, code, format, ap);
		va_end(ap);
	}
	return code;
}

int error_errno(pipe_error *err, enum pipe_code code, int errno_value, const char *format, ...)
{
	char buffer[128];
	va_list ap;
	size_t n;

	if (!err)
		return code;
	va_start(ap, format);
	fill(err, code, format, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror_r(errno_value, buffer, sizeof(buffer)));
	return code;
}

int error_nomem(pipe_error *err)
{
	return error_set(err, PIPE_ENOMEM, "out of memory");
}

int error_version(pipe_error *err, const char *options, unsigned given, unsigned known)
{
	return error_set(err, PIPE_EUSAGE, "%s has the version %u; this library knows %u", options, given, known);
}

enum pipe_code error_code_of(int errno_value)
{
	return errno_value == ENOMEM ? PIPE_ENOMEM : PIPE_EIO;
}

const char *pipe_code_text(int code)
{
	switch (code) {
	case PIPE_OK:
		return "all is well";
#define X(name, value, text)                                                                                                     \
	case PIPE_E##name:                                                                                                       \
		return text;
		PIPE_ERROR_MAP(X)
#undef X
	default:
		return "unknown error";
	}
}

const char *pipe_version(void)
{
	return PIPE_VERSION;
}
