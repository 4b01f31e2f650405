#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(char *to, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void set_text(char *to, size_t size, const char *format, va_list args)
{
	(void)vsnprintf(to, size, format, args);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

int fail(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return -code;
	err->code = code;
	err->offset = -1;
	err->hint[0] = '\0';
	va_start(args, format);
	set_text(err->message, sizeof(err->message), format, args);
	va_end(args);
	return -code;
}

int fail_at(struct error *err, int code, uint64_t offset, const char *format, ...)
{
	va_list args;

	if (!err)
		return -code;
	err->code = code;
	err->offset = (int64_t)offset;
	err->hint[0] = '\0';
	va_start(args, format);
	set_text(err->message, sizeof(err->message), format, args);
	va_end(args);
	return -code;
}

int fail_hint(struct error *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return -EINVAL;
	va_start(args, format);
	set_text(err->hint, sizeof(err->hint), format, args);
	va_end(args);
	return -err->code;
}

const char *errno_name(int code)
{
	const char *name = strerrorname_np(code);

	return name ? name : "EUNKNOWN";
}
