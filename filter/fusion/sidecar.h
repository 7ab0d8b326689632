// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The JSON file beside a model that says how to feed it.
 */
#ifndef VMT_FUSION_SIDECAR_H
#define VMT_FUSION_SIDECAR_H

#include "fusion/json.h"
#include "vmaf_tiny.h"

/** What a sidecar says. Strings are NULL where it says nothing; they live as long as json. */
typedef struct VmtSidecar {
    VmtJson *json;      /**< NULL: there is no sidecar */
    const char *sha256; /**< of the model */
    const char *input;
    const char *second; /**< input */
    const char *output;
    const char *teacher;
    const char *feature; /**< what the model answers, if it looks at pictures */
    int standardize;    /**< 1: the model takes (value - mean) / std, without scaler of its own */
    double mean[VMT_FEATURES];
    double std[VMT_FEATURES];
    int unbounded;      /**< 1: scores have no bounds to be clipped to */
    double low, high;   /**< what scores are clipped to */
    double vif_gain_limit, adm_gain_limit; /**< that the features must have */
} VmtSidecar;

/**
 * Read the sidecar of a model: the file of the same name that ends in .json.
 *
 * sidecar.schema.json says what may stand in it. Sidecars whose `features` are not ours in our
 * order are refused.
 *
 * @param out holds what is so without a sidecar if there is none
 * @return 0 also if there is none; -EBADMSG, -ENOMEM, or what vmt_file_read() says
 */
int vmt_sidecar_read(VmtSidecar *out, const char *model_path, VmtError *error);

void vmt_sidecar_free(VmtSidecar *sidecar);

#endif
