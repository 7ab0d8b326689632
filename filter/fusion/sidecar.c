// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/sidecar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fusion/file.h"

enum { LIMIT_MAX = 100 }; /* of a gain; where no model says otherwise */

static const char *string_of(const VmtJsonValue *object, const char *name)
{
    const VmtJsonValue *value = vmt_json_get(object, name, VMT_JSON_STRING);
    return value ? value->string : NULL;
}

/* The name of an input or output: "input_name" if it is the only one, or of "input_names". */
static const char *tensor_name(const VmtJsonValue *root, const char *one, const char *many, int i)
{
    const VmtJsonValue *list = vmt_json_get(root, many, VMT_JSON_ARRAY);
    const VmtJsonValue *item = list ? list->first : NULL;
    const char *name = one ? string_of(root, one) : NULL;
    for (; item && i > 0; i--)
        item = item->next;
    return !name && item && item->type == VMT_JSON_STRING ? item->string : name;
}

static int check_features(const VmtJsonValue *root, const char *what, VmtError *error)
{
    const VmtJsonValue *list = vmt_json_find(root, "features");
    if (!list)
        list = vmt_json_find(root, "feature_order");
    if (!list)
        return 0;
    const VmtJsonValue *item = list->type == VMT_JSON_ARRAY ? list->first : NULL;
    int same = 0;
    for (; item && same < VMT_FEATURES; item = item->next, same++)
        if (item->type != VMT_JSON_STRING || strcmp(item->string, vmt_feature_name(same)) != 0)
            break;
    if (item || same != VMT_FEATURES)
        return vmt_fail(error, -EBADMSG, "%s: the model takes other features than adm2, "
                        "vif_scale0, vif_scale1, vif_scale2, vif_scale3, motion2 in this order: "
                        "choose another model", what);
    return 0;
}

static int read_numbers(const VmtJsonValue *list, size_t count, double *numbers)
{
    if (!list || list->type != VMT_JSON_ARRAY || list->count != count)
        return -1;
    const VmtJsonValue *item = list->first;
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (item->type != VMT_JSON_NUMBER)
            return -1;
        numbers[i] = item->number;
    }
    return 0;
}

static int read_scaler(VmtSidecar *out, const VmtJsonValue *root, const char *what,
                       VmtError *error)
{
    const VmtJsonValue *inside = vmt_json_get(root, "onnx_has_scaler", VMT_JSON_BOOL);
    if (inside && inside->number != 0)
        return 0;
    if (!vmt_json_find(root, "feature_mean") && !vmt_json_find(root, "feature_std"))
        return 0;
    int bad = read_numbers(vmt_json_find(root, "feature_mean"), VMT_FEATURES, out->mean) ||
              read_numbers(vmt_json_find(root, "feature_std"), VMT_FEATURES, out->std);
    for (int i = 0; i < VMT_FEATURES && !bad; i++)
        bad = !(out->std[i] > 0);
    if (bad)
        return vmt_fail(error, -EBADMSG, "%s: feature_mean and feature_std must be %d numbers "
                        "each, std above 0: take the sidecar that belongs to the model", what,
                        VMT_FEATURES);
    out->standardize = 1;
    return 0;
}

static int read_clip(VmtSidecar *out, const VmtJsonValue *root, const char *what, VmtError *error)
{
    const VmtJsonValue *clip = vmt_json_find(root, "score_clip");
    double bounds[2];
    if (!clip)
        return 0;
    out->unbounded = clip->type == VMT_JSON_NULL;
    if (out->unbounded)
        return 0;
    if (read_numbers(clip, 2, bounds) || !(bounds[0] < bounds[1]))
        return vmt_fail(error, -EBADMSG, "%s: score_clip must be null or two numbers, the smaller "
                        "one first: take the sidecar that belongs to the model", what);
    out->low = bounds[0];
    out->high = bounds[1];
    return 0;
}

static int read_limit(double *limit, const VmtJsonValue *root, const char *name, const char *what,
                      VmtError *error)
{
    const VmtJsonValue *value = vmt_json_find(root, name);
    if (!value)
        return 0;
    if (value->type != VMT_JSON_NUMBER || !(value->number >= 1 && value->number <= LIMIT_MAX))
        return vmt_fail(error, -EBADMSG, "%s: %s must be a number from 1 to %d: take the sidecar "
                        "that belongs to the model", what, name, LIMIT_MAX);
    *limit = value->number;
    return 0;
}

static int read_root(VmtSidecar *out, const char *what, VmtError *error)
{
    const VmtJsonValue *root = vmt_json_root(out->json);
    if (root->type != VMT_JSON_OBJECT)
        return vmt_fail(error, -EBADMSG, "%s is no sidecar of a model: rename it or take the one "
                        "that belongs to the model", what);
    out->sha256 = string_of(root, "sha256");
    out->input = tensor_name(root, "input_name", "input_names", 0);
    out->second = tensor_name(root, NULL, "input_names", 1);
    out->output = tensor_name(root, "output_name", "output_names", 0);
    out->teacher = string_of(root, "teacher");
    out->feature = string_of(root, "feature");
    int rc = check_features(root, what, error);
    if (rc == 0)
        rc = read_scaler(out, root, what, error);
    if (rc == 0)
        rc = read_clip(out, root, what, error);
    if (rc == 0)
        rc = read_limit(&out->vif_gain_limit, root, "vif_gain_limit", what, error);
    return rc ? rc : read_limit(&out->adm_gain_limit, root, "adm_gain_limit", what, error);
}

/* foo.onnx -> foo.json */
static char *sidecar_path(const char *model_path)
{
    const size_t n = strlen(model_path);
    const size_t stem = n > 5 && strcmp(model_path + n - 5, ".onnx") == 0 ? n - 5 : n;
    char *path = malloc(stem + sizeof(".json"));
    if (path) {
        memcpy(path, model_path, stem);
        memcpy(path + stem, ".json", sizeof(".json"));
    }
    return path;
}

int vmt_sidecar_read(VmtSidecar *out, const char *model_path, VmtError *error)
{
    *out = (VmtSidecar){.high = 100, .vif_gain_limit = LIMIT_MAX, .adm_gain_limit = LIMIT_MAX};
    char *path = sidecar_path(model_path);
    if (!path)
        return vmt_fail(error, -ENOMEM, "out of memory");
    VmtFile file;
    int rc = vmt_file_read(&file, path, VMT_JSON_BYTES_MAX, "sidecar", error);
    if (rc == -ENOENT) {
        vmt_no_error(error);
        free(path);
        return 0;
    }
    if (rc == 0) {
        rc = vmt_json_open(&out->json, (const char *)file.data, file.size, path, error);
        vmt_file_free(&file);
    }
    if (rc == 0)
        rc = read_root(out, path, error);
    free(path);
    if (rc)
        vmt_sidecar_free(out);
    return rc;
}

void vmt_sidecar_free(VmtSidecar *sidecar)
{
    vmt_json_close(&sidecar->json);
    *sidecar = (VmtSidecar){0};
}
