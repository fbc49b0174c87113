/* SPDX-License-Identifier: MIT */

/*
 * URLs
 */

#include "util/http_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/http_library.h"

char *http_url_show(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end ? scheme_end + 3 : url;
    size_t length = strcspn(host, "?#");
    const char *at = memrchr(host, '@', strcspn(host, "/?#"));

    if (at) {
        length -= (size_t)(at + 1 - host);
        return alloc_format("%.*s%.*s", (int)(host - url), url, (int)length, at + 1);
    }
    return alloc_format("%.*s%.*s", (int)(host - url), url, (int)length, host);
}

static CURLU *parse_url(const struct http_library *curl, const char *url)
{
    CURLU *parsed = curl->url();

    if (parsed && curl->url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
        return parsed;
    curl->url_cleanup(parsed);
    return NULL;
}

/* A part of a URL, "" when it has none; the caller frees it. */
static char *url_part(const struct http_library *curl, CURLU *url, CURLUPart part, unsigned flags)
{
    char *value = NULL;
    char *copy = NULL;

    if (curl->url_get(url, part, &value, flags) != CURLUE_OK)
        return alloc_text("");
    copy = alloc_text(value);
    curl->free(value);
    return copy;
}

bool http_url_is_spoken(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

int http_url_resolve(const struct http_library *curl, const char *base, const char *reference,
                     char **out, struct error *err)
{
    CURLU *url = parse_url(curl, base);
    AUTO_FREE char *whole = NULL;

    if (url && curl->url_set(url, CURLUPART_URL, reference, 0) == CURLUE_OK)
        whole = url_part(curl, url, CURLUPART_URL, 0);
    curl->url_cleanup(url);
    if (!whole || !http_url_is_spoken(whole))
        return error_set(err, ERROR_INVALID, "'%s' is no URL of http or https", reference);
    *out = STEAL_PTR(whole);
    return 0;
}

static bool has_same_part(const struct http_library *curl, CURLU *a, CURLU *b, CURLUPart part)
{
    AUTO_FREE char *one = url_part(curl, a, part, CURLU_DEFAULT_PORT);
    AUTO_FREE char *two = url_part(curl, b, part, CURLU_DEFAULT_PORT);

    return strcasecmp(one, two) == 0;
}

bool http_url_is_same_host(const struct http_library *curl, const char *one, const char *two)
{
    CURLU *a = parse_url(curl, one);
    CURLU *b = parse_url(curl, two);
    bool same = a && b && has_same_part(curl, a, b, CURLUPART_SCHEME) &&
                has_same_part(curl, a, b, CURLUPART_HOST) &&
                has_same_part(curl, a, b, CURLUPART_PORT);

    curl->url_cleanup(a);
    curl->url_cleanup(b);
    return same;
}
