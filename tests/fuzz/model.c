// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * A model with its sidecar and a registry that may or may not name it, opened and run by the
 * library that $FUZZ_ORT names; an ONNX Runtime that is real checks more than ours.
 *
 * Input: two lengths of two bytes, then model, sidecar and registry.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static FuzzBytes part(FuzzBytes *from, size_t size)
{
    const FuzzBytes result = { from->data, size < from->size ? size : from->size };
    from->data += result.size;
    from->size -= result.size;
    return result;
}

static void run(VmtModel *model)
{
    const VmtModelInfo *info = vmt_model_info(model);
    const VmtRow rows[2] = { { .index = 0, .value = { 1, 1, 1, 1, 1, 0 } },
                             { .index = 1, .value = { .5, .1, .2, .3, .4, 5 } } };
    VmtError error = { "" };
    double scores[2] = { NAN, NAN };

    FUZZ_MUST(info->id[0] && info->path[0] && strlen(info->sha256) == 64 && info->teacher &&
              info->license && info->provider[0] && info->ort_version[0]);
    const int rc = vmt_model_score(model, rows, 2, scores, &error);
    FUZZ_MUST((rc < 0) == (error.text[0] != '\0'));
    for (int i = 0; i < 2 && rc == 0; i++)
        FUZZ_MUST(isfinite(scores[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };
    const size_t onnx_size = fuzz_number(&from, 2), json_size = fuzz_number(&from, 2);
    const FuzzBytes onnx = part(&from, onnx_size), sidecar = part(&from, json_size);
    VmtError error = { "" };
    VmtModel *model;
    char path[128];

    fuzz_write("m.onnx", onnx.data, onnx.size);
    fuzz_write("m.json", sidecar.data, sidecar.size);
    fuzz_write("registry.json", from.data, from.size);
    snprintf(path, sizeof(path), "%s/m.onnx", fuzz_folder());
    const VmtModelConfig config = { .model = path, .model_dir = fuzz_folder(),
                                    .ort_library = getenv("FUZZ_ORT") };
    const int rc = vmt_model_open(&model, &config, &error);
    FUZZ_MUST((rc == 0) == (model != NULL));
    if (rc == 0)
        run(model);
    vmt_model_close(&model);
    fuzz_judge(rc, &error);
    return 0;
}
