#include "cli/output/when.h"

#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The C library's local time; a time that it cannot express is shown as 1970. */
static struct tm local(int64_t time_ms)
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm)) {
		t = 0;
		gmtime_r(&t, &tm);
	}
	return tm;
}

char *when_clock(int64_t time_ms, char buffer[WHEN_SIZE])
{
	struct tm tm = local(time_ms);

	strftime(buffer, WHEN_SIZE, "%H:%M:%S", &tm);
	return buffer;
}

char *when_full(int64_t time_ms, char buffer[WHEN_SIZE])
{
	struct tm tm = local(time_ms);

	strftime(buffer, WHEN_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	return buffer;
}

static char *when_date(int64_t time_ms, char buffer[WHEN_SIZE])
{
	struct tm tm = local(time_ms);

	strftime(buffer, WHEN_SIZE, "%Y-%m-%d", &tm);
	return buffer;
}

char *when_relative(int64_t time_ms, int64_t now, char buffer[WHEN_SIZE])
{
	static const struct {
		int64_t below, unit; /* seconds */
		const char *name;
	} units[] = { { 3600, 60, "min" }, { 48 * 3600, 3600, "h" }, { 14 * 86400, 86400, "days" } };
	int64_t age = (now - time_ms) / 1000;

	if (age >= 0 && age < 60) {
		snprintf(buffer, WHEN_SIZE, "just now");
		return buffer;
	}
	for (size_t i = 0; age >= 60 && i < sizeof(units) / sizeof(*units); i++)
		if (age < units[i].below) {
			snprintf(buffer, WHEN_SIZE, "%" PRId64 " %s ago", age / units[i].unit, units[i].name);
			return buffer;
		}
	return when_date(time_ms, buffer);
}

char *when_elapsed(int64_t ms, char buffer[WHEN_SIZE])
{
	if (ms < 0)
		ms = 0;
	if (ms >= 60000)
		return duration_format(ms, buffer, WHEN_SIZE);
	snprintf(buffer, WHEN_SIZE, "%" PRId64 "s", ms / 1000);
	return buffer;
}

char *when_bytes(uint64_t bytes, char buffer[WHEN_SIZE])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buffer, WHEN_SIZE, "%" PRIu64 " B", bytes);
		return buffer;
	}
	while (value >= 1024 && i + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		i++;
	}
	snprintf(buffer, WHEN_SIZE, value < 10 ? "%.1f %s" : "%.0f %s", value, units[i]);
	return buffer;
}
