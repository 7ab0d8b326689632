// SPDX-License-Identifier: BSD-2-Clause-Patent
/* The bytes of a model, before ONNX Runtime may see them. */
#include <errno.h>

#include "fusion/onnx.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VmtSignature signature;
    VmtError error = { "" };
    const int rc = vmt_onnx_check(&signature, data, size, "file", &error);

    FUZZ_MUST(rc == 0 || rc == -EBADMSG);
    FUZZ_MUST(rc < 0 || (signature.input[0] && signature.output[0]));
    fuzz_judge(rc, &error);
    return 0;
}
