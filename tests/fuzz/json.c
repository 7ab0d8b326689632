// SPDX-License-Identifier: BSD-2-Clause-Patent
/* A JSON text; what is taken has values that are whole. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "fusion/json.h"
#include "fuzz.h"

static size_t walk(const VmtJsonValue *value, int depth)
{
    size_t sum = 0, count = 0;

    FUZZ_MUST(depth <= VMT_JSON_DEPTH_MAX + 1 && isfinite(value->number));
    if (value->type == VMT_JSON_STRING)
        sum += strlen(value->string);
    for (const VmtJsonValue *v = value->first; v; v = v->next, count++) {
        FUZZ_MUST((value->type == VMT_JSON_OBJECT) == (v->name != NULL));
        FUZZ_MUST(!v->name || vmt_json_find(value, v->name) == v);
        sum += walk(v, depth + 1);
    }
    FUZZ_MUST(count == value->count);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VmtJson *json;
    VmtError error = { "" };
    const int rc = vmt_json_open(&json, (const char *)data, size, "file", &error);

    FUZZ_MUST(rc == 0 || rc == -EBADMSG);
    if (rc == 0)
        FUZZ_MUST(walk(vmt_json_root(json), 1) <= size);
    vmt_json_close(&json);
    FUZZ_MUST(!json);
    fuzz_judge(rc, &error);
    return 0;
}
