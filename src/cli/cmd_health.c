#include "cli/command.h"
#include "cli/options.h"
#include "http/health.h"

#define TIMEOUT_MS 3000

enum { OPT_TIMEOUT };

static const struct mh_option options[] = {
    [OPT_TIMEOUT] = {"timeout", "TIME", "wait no longer for the answer; default: 3s"},
    {NULL},
};

static int run(struct mh_cli *cli, struct mh_err *err)
{
    int64_t timeout_ms = TIMEOUT_MS, port = cli->settings.health_check_port;
    int r = mh_option_duration(cli, OPT_TIMEOUT, &timeout_ms, err);
    if (r < 0) return r;
    if (port == 0)
        return mh_err_set(err, MH_ESTATE, "the health endpoint is off: HEALTH_CHECK_PORT is 0");
    return mh_health_probe(cli->settings.bind, (int)port, timeout_ms, err);
}

const struct mh_command mh_cmd_health = {
    .name = "health",
    .summary = "ask the local worker whether it is healthy",
    .help = "Asks /health at MILLHAND_BIND and HEALTH_CHECK_PORT. The status is 0 when the\n"
            "answer is healthy, else 1: fit for a container's HEALTHCHECK.",
    .examples = "millhand health --timeout 1s",
    .options = options,
    .run = run,
};
