// SPDX-License-Identifier: BSD-2-Clause-Patent
/* The file beside a model that says how to feed it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fusion/sidecar.h"
#include "fuzz.h"

static size_t length(const char *text)
{
    return text ? strlen(text) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VmtSidecar sidecar = { 0 };
    VmtError error = { "" };
    char model[128];

    fuzz_write("m.json", data, size);
    snprintf(model, sizeof(model), "%s/m.onnx", fuzz_folder());
    const int rc = vmt_sidecar_read(&sidecar, model, &error);
    FUZZ_MUST(rc == 0 || rc == -EBADMSG || rc == -EFBIG);
    if (rc == 0) {
        const size_t all = length(sidecar.sha256) + length(sidecar.input) +
                           length(sidecar.output) + length(sidecar.teacher);
        FUZZ_MUST(all <= size);
        FUZZ_MUST(sidecar.low < sidecar.high);
        FUZZ_MUST(sidecar.vif_gain_limit >= 1 && sidecar.vif_gain_limit <= 100);
        FUZZ_MUST(sidecar.adm_gain_limit >= 1 && sidecar.adm_gain_limit <= 100);
        for (int f = 0; f < VMT_FEATURES && sidecar.standardize; f++)
            FUZZ_MUST(isfinite(sidecar.mean[f]) && isfinite(sidecar.std[f]) && sidecar.std[f] > 0);
    }
    vmt_sidecar_free(&sidecar);
    fuzz_judge(rc, &error);
    return 0;
}
