// SPDX-License-Identifier: BSD-2-Clause-Patent
/* The JSON reader takes what is valid, refuses what is not, and gives back what was written. */
#include "fusion/json.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"

#define TEXT(literal) {literal, sizeof(literal) - 1}

typedef struct Text {
    const char *text;
    size_t size;
} Text;

static int open_text(VmtJson **json, Text text, VmtError *error)
{
    /* A copy of exactly this size, so that a sanitizer sees a read behind it. */
    char *copy = malloc(text.size ? text.size : 1);
    if (!copy)
        exit(2);
    memcpy(copy, text.text, text.size);
    const int rc = vmt_json_open(json, copy, text.size, "a.json", error);
    free(copy);
    return rc;
}

static const Text valid[] = {
    TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("-0"), TEXT("\"\""), TEXT("[]"),
    TEXT("{}"), TEXT(" \t\r\n[ ] "), TEXT("[1,2]"), TEXT("{\"a\":{\"a\":1},\"b\":[{}]}"),
    TEXT("1e5"), TEXT("1E+5"), TEXT("1.5e-5"), TEXT("-12.25"), TEXT("1e-400"),
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\""),
    TEXT("\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""),
    TEXT("\"\xef\xbf\xbf \xf4\x8f\xbf\xbf \x7f\""), TEXT("\"\\ud83d\\ude00\""),
};

static const Text invalid[] = {
    TEXT(""), TEXT(" "), TEXT("nul"), TEXT("nulll"), TEXT("True"), TEXT("NaN"), TEXT("Infinity"),
    TEXT("-"), TEXT("+1"), TEXT("01"), TEXT("-01"), TEXT("1."), TEXT(".5"), TEXT("1e"),
    TEXT("1e+"), TEXT("0x10"), TEXT("1,5"), TEXT("1 2"), TEXT("1e400"), TEXT("-1e999"),
    TEXT("0000000000000000000000000000000000000000000000000000000000000000000"),
    TEXT("0.1111111111111111111111111111111111111111111111111111111111111111111"),
    TEXT("\""), TEXT("\"a"), TEXT("\"\\"), TEXT("\"\\\""), TEXT("\"\\x\""), TEXT("\"\\u12\""),
    TEXT("\"\\u12g4\""), TEXT("\"\\u0000\""), TEXT("\"\\ud83d\""), TEXT("\"\\ud83dx\""),
    TEXT("\"\\ud83d\\u0041\""), TEXT("\"\\ude00\""), TEXT("\"\\ud83d\\ud83d\""), TEXT("\"\n\""),
    TEXT("\"\0\""), TEXT("\0"), TEXT("null\0"), TEXT("\"\\\0\""), TEXT("\"\\u\0\0\0\0\""),
    TEXT("\"\x80\""), TEXT("\"\xc3\""), TEXT("\"\xc0\x80\""), TEXT("\"\xe0\x80\x80\""),
    TEXT("\"\xed\xa0\x80\""), TEXT("\"\xf0\x80\x80\x80\""), TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""), TEXT("\"\xff\""), TEXT("\"\xe2\x82"), TEXT("\xef\xbb\xbf{}"),
    TEXT("["), TEXT("]"), TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[,1]"), TEXT("[1 2]"),
    TEXT("[1}"), TEXT("{"), TEXT("}"), TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"),
    TEXT("{\"a\":1,}"), TEXT("{a:1}"), TEXT("{'a':1}"), TEXT("{\"a\" 1}"), TEXT("{1:1}"),
    TEXT("{\"a\":1]"), TEXT("{\"a\":1 \"b\":2}"), TEXT("[] []"), TEXT("// c\n1"), TEXT("[1]x"),
    TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"\\u0061\":1,\"a\":2}"), TEXT("{\"a\":[{\"b\":1,\"b\":1}]}"),
};

static void test_valid_texts_are_read(void)
{
    for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
        VmtJson *json;
        VmtError error = {""};
        const int rc = open_text(&json, valid[i], &error);
        CHECK(rc == 0, "'%s' gives %d, %s", valid[i].text, rc, error.text);
        vmt_json_close(&json);
        CHECK(!json, "the pointer is left");
    }
}

static void test_invalid_texts_are_refused_with_a_line(void)
{
    for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
        VmtJson *json;
        VmtError error = {""};
        const int rc = open_text(&json, invalid[i], &error);
        CHECK(rc == -EBADMSG && !json, "text %zu, '%s', gives %d", i, invalid[i].text, rc);
        CHECK(strstr(error.text, "a.json: line "), "message '%s'", error.text);
        vmt_json_close(&json);
    }
    VmtJson *json;
    VmtError error;
    open_text(&json, (Text)TEXT("{\n\"a\": 1,\n\"b\": x\n}"), &error);
    CHECK(strstr(error.text, "line 3"), "message '%s'", error.text);
}

static void test_values_are_those_that_were_written(void)
{
    VmtJson *json;
    const Text text = TEXT("{\"s\":\"a\\u00e4\\ud83d\\ude00\\n/\",\"n\":[0.1,-2.5e3,"
                           "1.7976931348623157e308,5e-324,0.30000000000000004],\"t\":true,"
                           "\"f\":false,\"z\":null,\"o\":{\"x\":1}}");
    CHECK(open_text(&json, text, NULL) == 0, "not read");
    const VmtJsonValue *root = vmt_json_root(json);
    CHECK(root->type == VMT_JSON_OBJECT && root->count == 6, "count %zu", root->count);
    const VmtJsonValue *s = vmt_json_get(root, "s", VMT_JSON_STRING);
    CHECK(s && strcmp(s->string, "a\xc3\xa4\xf0\x9f\x98\x80\n/") == 0, "string");
    static const double expected[] = {0.1, -2500, DBL_MAX, 5e-324, 0.1 + 0.2};
    const VmtJsonValue *list = vmt_json_get(root, "n", VMT_JSON_ARRAY);
    CHECK(list && list->count == 5, "numbers");
    int i = 0;
    for (const VmtJsonValue *n = list ? list->first : NULL; n && i < 5; n = n->next, i++)
        CHECK(n->type == VMT_JSON_NUMBER && n->number == expected[i], "number %d", i);
    CHECK(vmt_json_get(root, "t", VMT_JSON_BOOL)->number == 1, "true");
    CHECK(vmt_json_get(root, "f", VMT_JSON_BOOL)->number == 0, "false");
    CHECK(vmt_json_find(root, "z")->type == VMT_JSON_NULL, "null");
    CHECK(vmt_json_get(vmt_json_find(root, "o"), "x", VMT_JSON_NUMBER)->number == 1, "inner");
    CHECK(!vmt_json_get(root, "s", VMT_JSON_NUMBER), "a string is no number");
    CHECK(!vmt_json_find(root, "absent") && !vmt_json_find(list, "x"), "nothing is found");
    vmt_json_close(&json);
}

static int open_repeated(const char *begin, const char *unit, int n, const char *end)
{
    const size_t size = strlen(begin) + strlen(unit) * (size_t)n + strlen(end);
    char *text = malloc(size + 1), *p = text;
    if (!text)
        exit(2);
    p += sprintf(p, "%s", begin);
    for (int i = 0; i < n; i++)
        p += sprintf(p, "%s", unit);
    sprintf(p, "%s", end);
    VmtJson *json;
    const int rc = vmt_json_open(&json, text, size, "a.json", NULL);
    vmt_json_close(&json);
    free(text);
    return rc;
}

static void test_depth_and_members_are_bounded(void)
{
    char nested[2 * VMT_JSON_DEPTH_MAX + 3] = "";
    for (int depth = VMT_JSON_DEPTH_MAX; depth <= VMT_JSON_DEPTH_MAX + 1; depth++) {
        memset(nested, '[', (size_t)depth);
        memset(nested + depth, ']', (size_t)depth);
        VmtJson *json;
        const int rc = open_text(&json, (Text){nested, 2 * (size_t)depth}, NULL);
        CHECK(rc == (depth > VMT_JSON_DEPTH_MAX ? -EBADMSG : 0), "depth %d gives %d", depth, rc);
        vmt_json_close(&json);
    }
    CHECK(open_repeated("", "[", 1000000, "") == -EBADMSG, "a million brackets");
    CHECK(open_repeated("[0", ",0", 300000, "]") == 0, "a long array");
    for (int members = VMT_JSON_MEMBERS_MAX; members <= VMT_JSON_MEMBERS_MAX + 1; members++) {
        char *text = malloc((size_t)members * 16 + 2), *p = text;
        if (!text)
            exit(2);
        for (int i = 0; i < members; i++)
            p += sprintf(p, "%c\"m%d\":0", i ? ',' : '{', i);
        p += sprintf(p, "}");
        VmtJson *json;
        const int rc = open_text(&json, (Text){text, (size_t)(p - text)}, NULL);
        CHECK(rc == (members > VMT_JSON_MEMBERS_MAX ? -EBADMSG : 0), "%d members: %d", members,
              rc);
        vmt_json_close(&json);
        free(text);
    }
}

/* Every text cut at every place, and with every byte replaced by some: no crash, no leak. */
static void test_damage_is_survived(void)
{
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
        char text[64];
        VmtJson *json;
        for (size_t n = 0; n < valid[i].size; n++) {
            open_text(&json, (Text){valid[i].text, n}, NULL);
            vmt_json_close(&json);
        }
        for (int trial = 0; trial < 2000; trial++) {
            memcpy(text, valid[i].text, valid[i].size);
            random = random * 1664525 + 1013904223;
            text[(random >> 8) % valid[i].size] = (char)(random >> 24);
            open_text(&json, (Text){text, valid[i].size}, NULL);
            vmt_json_close(&json);
        }
    }
}

/* Says something where the environment or the system has a locale with a decimal comma. */
static void test_numbers_do_not_depend_on_the_locale(void)
{
    static const char *const names[] = {"", "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (!setlocale(LC_ALL, names[i]))
            continue;
        VmtJson *json;
        CHECK(open_text(&json, (Text)TEXT("1.5"), NULL) == 0, "locale '%s'", names[i]);
        CHECK(json && vmt_json_root(json)->number == 1.5, "locale '%s'", names[i]);
        vmt_json_close(&json);
        CHECK(setlocale(LC_ALL, NULL), "the locale is left");
    }
    setlocale(LC_ALL, "C");
}

int main(void)
{
    test_valid_texts_are_read();
    test_invalid_texts_are_refused_with_a_line();
    test_values_are_those_that_were_written();
    test_depth_and_members_are_bounded();
    test_damage_is_survived();
    test_numbers_do_not_depend_on_the_locale();
    return check_result("json");
}
