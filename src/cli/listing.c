#include "cli/listing.h"

static void print_records(struct mh_out *out, const struct mh_listing *listing,
                          const struct mh_reply *reply)
{
    for (size_t i = 0; i < reply->count; i++) {
        listing->record(&out->line, reply, i);
        mh_out_end_json(out);
    }
}

static void print_table(struct mh_out *out, const struct mh_listing *listing,
                        const struct mh_reply *reply)
{
    struct mh_table table;
    mh_table_begin(&table, listing->columns, listing->column_count, out);
    for (size_t i = 0; i < reply->count; i++)
        listing->row(&table, reply, i);
    mh_table_end(&table);
}

void mh_listing_print(void *arg, const struct mh_reply *reply)
{
    const struct mh_listed *listed = arg;
    struct mh_cli *cli = listed->cli;
    (cli->json ? print_records : print_table)(&cli->out, listed->listing, reply);
}
