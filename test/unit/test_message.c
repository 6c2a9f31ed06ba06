#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/message.h"

#define JOB "0198c0de-0000-7000-8000-000000000001"

static int read_event(const char *line, struct mh_message *ret_message)
{
    return mh_message_event(line, strlen(line), ret_message);
}

static int read_rpc(const char *line, struct mh_message *ret_message, struct mh_err *err)
{
    return mh_message_rpc(line, strlen(line), ret_message, err);
}

static void an_event_line_holds_progress_or_later(void **state)
{
    struct mh_message message;
    assert_int_equal(read_event("{\"progress\":0.5,\"message\":\"half\"}", &message), 0);
    assert_true(message.progress == 0.5 && message.later_ms < 0);
    assert_string_equal(message.text, "half");
    mh_message_release(&message);
    assert_int_equal(read_event("{\"later\":\"5m\"}", &message), 0);
    assert_int_equal(message.later_ms, 300000);
    mh_message_release(&message);
    assert_int_equal(read_event("{\"later\":90}", &message), 0);
    assert_int_equal(message.later_ms, 90000);
    mh_message_release(&message);
}

static void other_event_lines_are_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "half",
        "{}",
        "[0.5]",
        "{\"progress\":\"0.5\"}",
        "{\"progress\":1.5}",
        "{\"progress\":-1}",
        "{\"later\":\"soon\"}",
        "{\"later\":-1}",
        "{\"later\":1e300}",
        "{\"progress\":0.5",
        "{\"progress\":0.1,\"progress\":0.2}",
    };
    struct mh_message message;
    for (size_t i = 0; i < MH_LEN(lines); i++)
        assert_int_equal(read_event(lines[i], &message), MH_EINVAL);
}

static void a_result_keeps_its_bytes(void **state)
{
    static const char line[] =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\": {\"n\":0.10, \"big\":123456789012345678901} }";
    struct mh_message message;
    assert_int_equal(read_rpc(line, &message, NULL), 0);
    assert_int_equal(message.kind, MH_MESSAGE_RESULT);
    assert_int_equal(message.request, 7);
    assert_int_equal(message.result_len, strlen("{\"n\":0.10, \"big\":123456789012345678901}"));
    assert_memory_equal(message.result, "{\"n\":0.10, \"big\":123456789012345678901}",
                        message.result_len);
    mh_message_release(&message);
}

static void an_error_says_whether_to_try_again(void **state)
{
    struct mh_message message;
    assert_int_equal(
        read_rpc("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"no\"}}",
                 &message, NULL),
        0);
    assert_int_equal(message.kind, MH_MESSAGE_ERROR);
    assert_string_equal(message.text, "no");
    assert_false(message.for_good);
    mh_message_release(&message);
    assert_int_equal(read_rpc("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"no\","
                              "\"data\":{\"retry\":false}}}",
                              &message, NULL),
                     0);
    assert_true(message.for_good);
    mh_message_release(&message);
    assert_int_equal(read_rpc("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"no\","
                              "\"data\":{\"later\":\"2s\"}}}",
                              &message, NULL),
                     0);
    assert_int_equal(message.later_ms, 2000);
    mh_message_release(&message);
}

static void notifications_name_their_job(void **state)
{
    struct mh_message message;
    assert_int_equal(
        read_rpc("{\"jsonrpc\":\"2.0\",\"method\":\"job.progress\",\"params\":{\"id\":\"" JOB
                 "\",\"progress\":1}}",
                 &message, NULL),
        0);
    assert_int_equal(message.kind, MH_MESSAGE_PROGRESS);
    assert_true(message.progress == 1);
    mh_message_release(&message);
    assert_int_equal(
        read_rpc("{\"jsonrpc\":\"2.0\",\"method\":\"job.log\",\"params\":{\"id\":\"" JOB
                 "\",\"message\":\"hi\"}}",
                 &message, NULL),
        0);
    assert_int_equal(message.kind, MH_MESSAGE_LOG);
    assert_string_equal(message.text, "hi");
    mh_message_release(&message);
    assert_int_equal(read_rpc("{\"jsonrpc\":\"2.0\",\"method\":\"other\"}", &message, NULL),
                     MH_ENOENT);
}

static void what_breaks_the_protocol_is_refused_with_a_reason(void **state)
{
    static const char *const lines[] = {
        "hello",
        "[]",
        "{\"id\":1,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1e300,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"x\",\"data\":{\"later\":\"x\"}}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"a\":2}}",
    };
    for (size_t i = 0; i < MH_LEN(lines); i++) {
        struct mh_message message;
        struct mh_err err = {0};
        assert_int_equal(read_rpc(lines[i], &message, &err), MH_EINVAL);
        assert_true(err.text[0] != '\0');
    }
}

static void odd_notifications_are_to_be_ignored(void **state)
{
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"job.progress\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"job.progress\",\"params\":{\"id\":\"x\",\"progress\":1}"
        "}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"job.progress\",\"params\":{\"id\":\"" JOB
        "\",\"progress\":2}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"job.log\",\"params\":{\"id\":\"" JOB "\"}}",
    };
    for (size_t i = 0; i < MH_LEN(lines); i++) {
        struct mh_message message;
        struct mh_err err = {0};
        assert_int_equal(read_rpc(lines[i], &message, &err), MH_ENOENT);
        assert_true(err.text[0] != '\0');
    }
}

static void bytes_behind_a_nul_do_not_go_unseen(void **state)
{
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\0x";
    struct mh_message message;
    assert_int_equal(mh_message_rpc(line, sizeof line - 1, &message, NULL), MH_EINVAL);
}

static int read_answer(const char *line, struct mh_message *ret_message, struct mh_err *err)
{
    return mh_message_answer(line, strlen(line), ret_message, err);
}

static void a_line_of_an_answer_is_one_of_five(void **state)
{
    struct mh_message message;
    assert_int_equal(read_answer("{\"progress\":0.5,\"later\":\"5m\"}", &message, NULL), 0);
    assert_true(message.kind == MH_MESSAGE_EVENT && message.progress == 0.5);
    assert_int_equal(message.later_ms, 300000);
    mh_message_release(&message);
    assert_int_equal(read_answer("{\"log\":\"half\"}", &message, NULL), 0);
    assert_true(message.kind == MH_MESSAGE_LOG);
    assert_string_equal(message.text, "half");
    mh_message_release(&message);
    assert_int_equal(read_answer(" {\"result\": [1.50] }", &message, NULL), 0);
    assert_true(message.kind == MH_MESSAGE_RESULT && message.result_len == 6);
    assert_memory_equal(message.result, "[1.50]", 6);
    mh_message_release(&message);
    assert_int_equal(read_answer("{\"error\":\"no\",\"retry\":false}", &message, NULL), 0);
    assert_true(message.kind == MH_MESSAGE_ERROR && message.for_good);
    assert_string_equal(message.text, "no");
    mh_message_release(&message);
    assert_int_equal(read_answer("{\"error\":\"no\"}", &message, NULL), 0);
    assert_false(message.for_good);
    mh_message_release(&message);
}

static void other_lines_of_an_answer_are_refused_with_the_reason(void **state)
{
    static const char *const lines[] = {
        "",
        "null",
        "[1]",
        "{}",
        "{\"log\":1}",
        "{\"error\":{}}",
        "{\"later\":\"x\"}",
        "{\"progress\":2}",
        "{\"result\":1",
        "{\"a\":1}",
    };
    struct mh_message message;
    for (size_t i = 0; i < MH_LEN(lines); i++) {
        struct mh_err err = {0};
        assert_int_equal(read_answer(lines[i], &message, &err), MH_EINVAL);
        assert_true(err.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_line_holds_progress_or_later),
        cmocka_unit_test(other_event_lines_are_refused),
        cmocka_unit_test(a_result_keeps_its_bytes),
        cmocka_unit_test(an_error_says_whether_to_try_again),
        cmocka_unit_test(notifications_name_their_job),
        cmocka_unit_test(odd_notifications_are_to_be_ignored),
        cmocka_unit_test(bytes_behind_a_nul_do_not_go_unseen),
        cmocka_unit_test(what_breaks_the_protocol_is_refused_with_a_reason),
        cmocka_unit_test(a_line_of_an_answer_is_one_of_five),
        cmocka_unit_test(other_lines_of_an_answer_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
