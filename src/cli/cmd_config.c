#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/table.h"

enum { OPT_EXAMPLE };

static const struct mh_option options[] = {
    [OPT_EXAMPLE] = {"example", NULL, "print an .env file with every setting explained"},
    {NULL},
};

static const struct mh_column columns[] = {
    {.title = "NAME"},
    {.title = "VALUE", .max = 200, .shrink = 12},
    {.title = "SOURCE"},
};

static bool is_unset(const struct mh_settings *settings, const struct mh_setting *row)
{
    return row->fallback == NULL && mh_settings_is_default(settings, row->name);
}

static void print_json(struct mh_cli *cli)
{
    size_t count;
    struct mh_buf *line = &cli->out.line, value;
    const struct mh_setting *table = mh_settings_table(&count);
    mh_buf_init(&value, 65536);
    for (size_t i = 0; i < count; i++) {
        mh_buf_reset(&value);
        mh_settings_text(&cli->settings, i, &value);
        mh_json_begin(line, '{');
        mh_json_put_str(line, "name", table[i].name);
        mh_json_key(line, "value");
        if (is_unset(&cli->settings, &table[i]))
            mh_json_null(line);
        else
            mh_json_strn(line, mh_buf_text(&value), value.len);
        mh_json_put_str(line, "source", cli->settings.source[i]);
        mh_json_end(line, '}');
        mh_out_end_json(&cli->out);
    }
    mh_buf_release(&value);
}

static void print_table(struct mh_cli *cli)
{
    size_t count;
    struct mh_table table;
    struct mh_buf value;
    const struct mh_setting *settings = mh_settings_table(&count);
    mh_buf_init(&value, 65536);
    mh_table_begin(&table, columns, MH_LEN(columns), &cli->out);
    for (size_t i = 0; i < count; i++) {
        mh_buf_reset(&value);
        mh_settings_text(&cli->settings, i, &value);
        mh_table_cell(&table, settings[i].name);
        mh_table_cell(&table, mh_buf_text(&value));
        mh_table_cell(&table, cli->settings.source[i]);
    }
    mh_table_end(&table);
    mh_buf_release(&value);
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    if (cli->values[OPT_EXAMPLE] != NULL) {
        mh_settings_env_example(&cli->out.waiting);
        return MH_EXIT_OK;
    }
    if (cli->json)
        print_json(cli);
    else
        print_table(cli);
    if (cli->settings.problems.len == 0) return MH_EXIT_OK;
    (void)mh_out_flush(&cli->out); /* an error shows at the end */
    mh_cli_say_problems(cli);
    return MH_EXIT_USAGE;
}

const struct mh_command mh_cmd_config = {
    .name = "config",
    .summary = "print the settings in force and where each comes from",
    .help = "Secrets are masked. Where settings are wrong, they are named and the status is 2.",
    .examples = "millhand config\n"
                "millhand config --example > .env.example",
    .options = options,
    .settings_optional = true,
    .run = run,
};
