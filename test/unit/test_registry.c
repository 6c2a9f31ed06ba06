#include "worker/registry.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const own_argv[] = {"/proc/self/exe", "job", "index", NULL};
static const char *const own_env[] = {"DATABASE_URL=sqlite:a.db", NULL};
static const struct mh_registry_builtin builtin = {"index", own_argv, own_env};
static char path_entry[] = "PATH=/bin", secret_entry[] = "SECRET=x";
static char *const environment[] = {path_entry, secret_entry, NULL};

/* A folder of handlers, and a millhand.conf beside them. */
struct place {
    char folder[32];
    char config[64];
};

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/registryXXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->config, sizeof place->config, "%s/millhand.conf", place->folder);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"millhand.conf", "index", "mail"};
    struct place *place = *state;
    char path[128];
    for (size_t i = 0; i < MH_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", place->folder, names[i]);
        (void)unlink(path); /* not every test makes it */
    }
    (void)rmdir(place->folder);
    free(place);
    return 0;
}

static int load(const struct place *place, const char *only, struct mh_registry *ret_registry)
{
    const struct mh_registry_options options = {
        .folder = place->folder,
        .config = place->config,
        .environment = environment,
        .builtins = &builtin,
        .builtin_count = 1,
        .only = only != NULL ? &only : NULL,
        .only_count = only != NULL ? 1 : 0,
    };
    return mh_registry_load(&options, ret_registry, NULL);
}

static const struct mh_handler_spec *find(const struct mh_registry *registry, const char *type)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->specs[i].conf.type, type) == 0) return &registry->specs[i];
    return NULL;
}

static void a_built_in_type_is_served_beside_others(void **state)
{
    struct place *place = *state;
    struct mh_registry registry;
    write_file(place->folder, "mail", "#!/bin/sh\n", 0755);
    assert_int_equal(load(place, NULL, &registry), 0);
    const struct mh_handler_spec *spec = find(&registry, "index");
    assert_non_null(spec);
    assert_string_equal(spec->argv[2], "index");
    assert_string_equal(spec->env[0], "PATH=/bin");
    assert_string_equal(spec->env[1], own_env[0]);
    assert_null(spec->env[2]);
    assert_null(find(&registry, "mail")->env[1]);
    mh_registry_release(&registry);
}

static void a_handler_of_that_name_goes_before(void **state)
{
    struct place *place = *state;
    struct mh_registry registry;
    write_file(place->folder, "index", "#!/bin/sh\n", 0755);
    assert_int_equal(load(place, NULL, &registry), 0);
    assert_int_equal(registry.count, 1);
    assert_ptr_not_equal(find(&registry, "index")->argv, own_argv);
    assert_null(find(&registry, "index")->env[1]);
    mh_registry_release(&registry);
}

static void a_section_sets_what_else_there_is_to_set(void **state)
{
    struct place *place = *state;
    struct mh_registry registry;
    write_file(place->folder, "millhand.conf", "[handler.index]\ntimeout=5m\nenv=A=b\n", 0644);
    assert_int_equal(load(place, NULL, &registry), 0);
    const struct mh_handler_spec *spec = find(&registry, "index");
    assert_int_equal(spec->conf.timeout_ms, 300000);
    assert_ptr_equal(spec->argv, own_argv);
    assert_string_equal(spec->env[1], "A=b");
    assert_string_equal(spec->env[2], own_env[0]);
    mh_registry_release(&registry);
}

static void built_in_types_alone_must_be_asked_for(void **state)
{
    struct place *place = *state;
    struct mh_registry registry;
    assert_int_equal(load(place, NULL, &registry), MH_EINVAL);
    assert_int_equal(load(place, "index", &registry), 0);
    assert_int_equal(registry.count, 1);
    mh_registry_release(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_built_in_type_is_served_beside_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handler_of_that_name_goes_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_section_sets_what_else_there_is_to_set, setup, teardown),
        cmocka_unit_test_setup_teardown(built_in_types_alone_must_be_asked_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
