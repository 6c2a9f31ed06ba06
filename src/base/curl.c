#include "base/curl.h"

#include <dlfcn.h>

#include "base/compiler.h"
#include "base/library.h"

#define LIBRARY "libcurl.so.4"

/* The first with CURLOPT_QUICK_EXIT. */
#define OLDEST      0x075700
#define OLDEST_TEXT "7.87"

static int find_functions(struct mh_curl *curl, struct mh_err *err)
{
    const char *missing = NULL;
#define LOAD(name)                                                                                 \
    if (!mh_library_find(curl->library, "curl_" #name, &curl->name)) missing = "curl_" #name;
    MH_CURL_FUNCTIONS(LOAD)
#undef LOAD
    if (missing == NULL) return 0;
    return mh_err_set(
        err, MH_EIO,
        "unable to use libcurl: it has no %s, version " OLDEST_TEXT " or newer is needed", missing);
}

static int check_version(const struct mh_curl *curl, struct mh_err *err)
{
    const curl_version_info_data *info = curl->version_info(CURLVERSION_NOW);
    if (info->version_num < OLDEST)
        return mh_err_set(err, MH_EIO,
                          "unable to use libcurl %s: version " OLDEST_TEXT " or newer is needed",
                          info->version);
    if ((info->features & CURL_VERSION_ASYNCHDNS) == 0)
        return mh_err_set(err, MH_EIO, "unable to use libcurl %s: it looks up names synchronously",
                          info->version);
    return 0;
}

int mh_curl_load(struct mh_curl *curl, struct mh_err *err)
{
    curl->library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (curl->library == NULL)
        return mh_err_set(err, MH_EIO,
                          "unable to load libcurl, which requests over HTTP need: install it "
                          "(Debian: libcurl4), version " OLDEST_TEXT " or newer (%s)",
                          dlerror());
    int r = find_functions(curl, err);
    if (r == 0) r = check_version(curl, err);
    if (r < 0) return r;
    if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* counted, as dlopen is */
        return mh_err_set(err, MH_EIO, "unable to start libcurl");
    return 0;
}

static const struct {
    CURLoption option;
    long value;
} post_numbers[] = {
    {CURLOPT_POST, 1},          {CURLOPT_FOLLOWLOCATION, 0}, {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* a look-up of a name that was given up is not waited for */
    {CURLOPT_TCP_KEEPALIVE, 1}, {CURLOPT_SSL_VERIFYPEER, 1}, {CURLOPT_SSL_VERIFYHOST, 2},
};

static const struct {
    CURLoption option;
    const char *value;
} post_texts[] = {
    {CURLOPT_PROTOCOLS_STR, "http,https"},
    {CURLOPT_PROXY, ""},
    {CURLOPT_USERAGENT, "millhand/" MILLHAND_VERSION},
};

bool mh_curl_set_post(const struct mh_curl *curl, CURL *easy)
{
    for (size_t i = 0; i < MH_LEN(post_numbers); i++)
        if (curl->easy_setopt(easy, post_numbers[i].option, post_numbers[i].value) != CURLE_OK)
            return false;
    for (size_t i = 0; i < MH_LEN(post_texts); i++)
        if (curl->easy_setopt(easy, post_texts[i].option, post_texts[i].value) != CURLE_OK)
            return false;
    return true;
}
