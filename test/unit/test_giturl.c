#include "queue/giturl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_refused(const char *url, bool allow_local)
{
    struct mh_giturl found;
    struct mh_err err;
    if (mh_giturl_check(url, allow_local, &found, &err) == 0) fail_msg("taken: %s", url);
    assert_null(strstr(err.text, "hunter2"));
}

static void assert_taken(const char *url, bool allow_local, enum mh_giturl_kind kind,
                         const char *host)
{
    struct mh_giturl found;
    struct mh_err err = {0};
    if (mh_giturl_check(url, allow_local, &found, &err) < 0) fail_msg("%s: %s", url, err.text);
    assert_int_equal(found.kind, kind);
    assert_string_equal(found.host, host);
}

static void repositories_elsewhere_are_taken(void **state)
{
    assert_taken("https://GitHub.com/a/b.git", false, MH_GITURL_HTTPS, "github.com");
    assert_taken("HTTPS://h:8443/a", false, MH_GITURL_HTTPS, "h:8443");
    assert_taken("https://h/~user/caf\xc3\xa9%20x", false, MH_GITURL_HTTPS, "h");
    assert_taken("ssh://git@h.org:2222/a/b", false, MH_GITURL_SSH, "h.org:2222");
    assert_taken("ssh://h/a", false, MH_GITURL_SSH, "h");
    assert_taken("git@github.com:a/b.git", false, MH_GITURL_SSH, "github.com");
}

static void folders_are_taken_where_they_are_allowed(void **state)
{
    static const char *const urls[] = {"/srv/a.git", "file:///srv/a", "http://127.0.0.1:80/a",
                                       "http://localhost/a"};
    for (size_t i = 0; i < MH_LEN(urls); i++)
        assert_refused(urls[i], false);
    assert_taken("/srv/a.git", true, MH_GITURL_LOCAL, "");
    assert_taken("file:///srv/a", true, MH_GITURL_LOCAL, "");
    assert_taken("http://127.0.0.1:80/a", true, MH_GITURL_HTTP, "127.0.0.1:80");
    assert_refused("srv/a.git", true);
    assert_refused("file://host/a", true);
    assert_refused("http://example.org/a", true);
    assert_refused("http://127.0.0.1.example.org/a", true);
}

static void what_runs_programs_is_refused(void **state)
{
    static const char *const urls[] = {
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "fd::17/a",
        "https::h",
        "git://h/a",
        "ftp://h/a",
        "-u./x:a",
        "--upload-pack=x",
        "ssh://-oProxyCommand=x/a",
        "-oProxyCommand=x@h:a",
        "git@-oProxyCommand=x:a",
        "git@h:-x",
        "ssh://-x@h/a",
        "h:a",
        "./a",
        "a",
        "javascript:x",
    };
    for (size_t i = 0; i < MH_LEN(urls); i++)
        assert_refused(urls[i], true);
}

static void secrets_in_a_url_are_refused_and_not_repeated(void **state)
{
    assert_refused("https://user:hunter2@h/a", false);
    assert_refused("https://hunter2@h/a", false);
    assert_refused("ssh://git:hunter2@h/a", false);
    assert_refused("git:hunter2@h:a", false);
    assert_refused("https://h/a?token=hunter2", false);
}

static void malformed_urls_are_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "https://",
        "https:///a",
        "https://h",
        "https://h/",
        "https://h:/a",
        "https://h:99999/a",
        "https://h:x/a",
        "https://h /a",
        "https://h/a\n",
        "https://h/\x7f",
        "https://h/%0aa",
        "https://h/%00",
        "https://h/\xff",
        "https://h/a\\b",
        "https://.h/a",
        "git@h:",
        "git@:a",
        "@h:a",
        "https://[::1]/a",
    };
    for (size_t i = 0; i < MH_LEN(urls); i++)
        assert_refused(urls[i], true);
}

static void refs_are_what_git_takes(void **state)
{
    static const char *const good[] = {"main", "feature/x-1", "v1.0", "caf\xc3\xa9", "a@b"};
    static const char *const bad[] = {"",    "-x",   "/a",  "a/",     "a..b",    "a//b",
                                      ".a",  "a/.b", "a.",  "a.lock", "@",       "a@{1}",
                                      "a b", "a~1",  "a^",  "a:b",    "a?",      "a*",
                                      "a[",  "a\\b", "a\n", "\xff",   "a.lock/b"};
    for (size_t i = 0; i < MH_LEN(good); i++)
        assert_int_equal(mh_giturl_check_ref(good[i], NULL), 0);
    for (size_t i = 0; i < MH_LEN(bad); i++)
        if (mh_giturl_check_ref(bad[i], NULL) == 0) fail_msg("taken: %s", bad[i]);
}

static void a_host_is_one_with_or_without_a_port(void **state)
{
    assert_int_equal(mh_giturl_check_host("github.com", NULL), 0);
    assert_int_equal(mh_giturl_check_host("h:8443", NULL), 0);
    assert_int_equal(mh_giturl_check_host("https://github.com", NULL), MH_EINVAL);
    assert_int_equal(mh_giturl_check_host("h/a", NULL), MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repositories_elsewhere_are_taken),
        cmocka_unit_test(folders_are_taken_where_they_are_allowed),
        cmocka_unit_test(what_runs_programs_is_refused),
        cmocka_unit_test(secrets_in_a_url_are_refused_and_not_repeated),
        cmocka_unit_test(malformed_urls_are_refused),
        cmocka_unit_test(refs_are_what_git_takes),
        cmocka_unit_test(a_host_is_one_with_or_without_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
