// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * A library that behaves as an ONNX Runtime of whatever kind a test needs, told by variables of
 * the environment:
 *
 *   FAKE_ORT_VERSION    version, 1.99.0 if unset
 *   FAKE_ORT_PROVIDERS  devices that it offers, "cpu" if unset, e.g. "cuda rocm cpu"
 *   FAKE_ORT_BROKEN     devices that are offered but do not work: "cuda:append rocm:session"
 *   FAKE_ORT_ANSWER     ok: the sum of a row; nan, double, short, scalar, columns, fail
 *
 * Rows have 6 columns and, for a second input, any number; pictures are [1,3,H,W], and an output
 * called "saliency_map" gets a map of their size.
 *
 * What it hands out is counted; more or less handed back than out ends the process.
 */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/ort_api.h"
#include "fusion/tensor.h"

#define EXPORT __attribute__((visibility("default")))

enum { COLUMNS = 6, COLOURS = 3, RANK_MAX = 4, INPUTS_MAX = 2 };

struct OrtStatus {
    char text[128];
};

struct OrtSessionOptions {
    const char *device;
    int settings;
};

struct OrtSession {
    int unused;
};

struct OrtValue {
    void *data;
    int64_t dims[RANK_MAX];
    size_t rank;
    unsigned type;
    bool owned;
};

static int alive; /* objects that were handed out and not yet handed back */

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static void *hand_out(size_t size)
{
    void *object = calloc(1, size);
    if (!object)
        abort();
    alive++;
    return object;
}

static void hand_back(void *object)
{
    if (!object || alive-- == 0)
        abort();
    free(object);
}

static OrtStatus *fail(const char *text)
{
    OrtStatus *status = hand_out(sizeof(*status));
    snprintf(status->text, sizeof(status->text), "%s", text);
    return status;
}

static bool broken(const char *device, const char *where)
{
    char word[64];
    snprintf(word, sizeof(word), "%s:%s", device, where);
    return strstr(setting("FAKE_ORT_BROKEN", ""), word) != NULL;
}

static const char *get_error_message(const OrtStatus *status)
{
    return status->text;
}

static void release_status(OrtStatus *status)
{
    hand_back(status);
}

static OrtStatus *create_env(unsigned level, const char *id, OrtEnv **out)
{
    if (level != VMT_ORT_LOG_FATAL || !id)
        return fail("fake: would print");
    *out = hand_out(1);
    return NULL;
}

static void release_env(OrtEnv *env)
{
    hand_back(env);
    if (alive) {
        fprintf(stderr, "fake: %d objects are left\n", alive);
        abort();
    }
}

static OrtStatus *create_cpu_memory_info(int allocator, int memory, OrtMemoryInfo **out)
{
    if (allocator != VMT_ORT_ARENA || memory != VMT_ORT_MEMORY_DEFAULT)
        return fail("fake: other memory");
    *out = hand_out(1);
    return NULL;
}

static void release_memory_info(OrtMemoryInfo *info)
{
    hand_back(info);
}

static OrtStatus *create_session_options(OrtSessionOptions **out)
{
    *out = hand_out(sizeof(**out));
    (*out)->device = "cpu";
    return NULL;
}

static void release_session_options(OrtSessionOptions *options)
{
    hand_back(options);
}

static OrtStatus *set_mode(OrtSessionOptions *options, unsigned mode)
{
    options->settings += mode == VMT_ORT_SEQUENTIAL;
    return NULL;
}

static OrtStatus *set_level(OrtSessionOptions *options, int level)
{
    options->settings += level == VMT_ORT_LOG_FATAL;
    return NULL;
}

static OrtStatus *set_threads(OrtSessionOptions *options, int threads)
{
    options->settings += threads == 1;
    return NULL;
}

static OrtStatus *add_entry(OrtSessionOptions *options, const char *key, const char *value)
{
    options->settings += strcmp(key, "session.load_model_format") == 0 &&
                         strcmp(value, "ONNX") == 0;
    return NULL;
}

static OrtStatus *append(OrtSessionOptions *options, const char *device)
{
    if (broken(device, "append"))
        return fail("fake: no driver");
    options->device = device;
    return NULL;
}

static OrtStatus *create_cuda(OrtCUDAProviderOptionsV2 **out)
{
    *out = hand_out(1);
    return NULL;
}

static OrtStatus *append_cuda(OrtSessionOptions *options, const OrtCUDAProviderOptionsV2 *cuda)
{
    return cuda ? append(options, "cuda") : fail("fake: no options");
}

static void release_cuda(OrtCUDAProviderOptionsV2 *cuda)
{
    hand_back(cuda);
}

static OrtStatus *create_rocm(OrtROCMProviderOptions **out)
{
    *out = hand_out(1);
    return NULL;
}

static OrtStatus *append_rocm(OrtSessionOptions *options, const OrtROCMProviderOptions *rocm)
{
    return rocm ? append(options, "rocm") : fail("fake: no options");
}

static void release_rocm(OrtROCMProviderOptions *rocm)
{
    hand_back(rocm);
}

static OrtStatus *append_openvino(OrtSessionOptions *options, const char *const *keys,
                                  const char *const *values, size_t count)
{
    return keys || values || count ? fail("fake: options") : append(options, "openvino");
}

static OrtStatus *create_session(const OrtEnv *env, const void *data, size_t size,
                                 const OrtSessionOptions *options, OrtSession **out)
{
    if (!env || !data || !size || options->settings != 5)
        return fail("fake: arguments");
    if (broken(options->device, "session"))
        return fail("fake: out of device memory");
    *out = hand_out(sizeof(**out));
    /* The run has to know: this is the only place where both are seen. */
    setenv("FAKE_ORT_DEVICE", options->device, 1);
    return NULL;
}

static void release_session(OrtSession *session)
{
    hand_back(session);
}

static size_t size_of(unsigned type)
{
    return type == VMT_ONNX_DOUBLE ? sizeof(double) : sizeof(float);
}

static OrtStatus *create_tensor(const OrtMemoryInfo *info, void *data, size_t size,
                                const int64_t *shape, size_t rank, unsigned type, OrtValue **out)
{
    const bool rows = rank == 2;
    const bool pictures = rank == RANK_MAX && shape[0] == 1 && shape[1] == COLOURS;
    size_t elements = 1;
    for (size_t i = 0; i < rank; i++)
        elements *= (size_t)shape[i];
    if (!info || !(rows || pictures) || (type != VMT_ORT_FLOAT && type != VMT_ONNX_DOUBLE) ||
        size != elements * size_of(type))
        return fail("fake: tensor");
    *out = hand_out(sizeof(**out));
    **out = (OrtValue){.data = data, .rank = rank, .type = type};
    memcpy((*out)->dims, shape, rank * sizeof(*shape));
    return NULL;
}

static void release_value(OrtValue *value)
{
    if (value->owned)
        free(value->data);
    hand_back(value);
}

static double get(const OrtValue *value, size_t at)
{
    return value->type == VMT_ONNX_DOUBLE ? ((const double *)value->data)[at]
                                         : (double)((const float *)value->data)[at];
}

static void put(OrtValue *value, size_t at, double number)
{
    if (value->type == VMT_ONNX_DOUBLE)
        ((double *)value->data)[at] = number;
    else
        ((float *)value->data)[at] = (float)number;
}

static void distort_answer(OrtValue *value, const char *answer)
{
    if (strcmp(answer, "nan") == 0)
        put(value, (size_t)value->dims[0] - 1, NAN);
    else if (strcmp(answer, "double") == 0)
        value->type = VMT_ONNX_DOUBLE;
    else if (strcmp(answer, "short") == 0)
        value->dims[0]--;
    else if (strcmp(answer, "scalar") == 0)
        value->rank = 0;
    else if (strcmp(answer, "columns") == 0)
        value->dims[1] = value->rank = 2;
}

/* Rows: features first, as many of each; pictures: of one size. */
static bool fit(const OrtValue *const *inputs, size_t count)
{
    const OrtValue *first = inputs[0], *last = inputs[count - 1];
    if (first->rank == 2)
        return first->dims[1] == COLUMNS && last->rank == 2 && first->dims[0] == last->dims[0];
    return memcmp(first->dims, last->dims, sizeof(first->dims)) == 0;
}

/* One number for each row, or for the pictures, or for each of their pixels. */
static OrtValue *sum_up(const OrtValue *const *inputs, size_t count, bool map)
{
    const OrtValue *first = inputs[0];
    OrtValue *value = hand_out(sizeof(*value));
    *value = (OrtValue){.dims = {first->dims[0], 1}, .rank = 1, .type = first->type,
                        .owned = true};
    if (map) {
        memcpy(value->dims, first->dims, sizeof(value->dims));
        value->dims[1] = 1;
        value->rank = RANK_MAX;
    }
    size_t n = 1;
    for (size_t i = 0; i < value->rank; i++)
        n *= (size_t)value->dims[i];
    value->data = calloc(n, size_of(value->type));
    for (size_t i = 0; i < count; i++) {
        const size_t columns = first->rank == 2 ? (size_t)inputs[i]->dims[1] : 1;
        for (size_t at = 0; at < n * columns; at++)
            put(value, at / columns, get(value, at / columns) + get(inputs[i], at));
    }
    return value;
}

static OrtStatus *run(OrtSession *session, const OrtRunOptions *options,
                      const char *const *input_names, const OrtValue *const *inputs,
                      size_t input_count, const char *const *output_names, size_t output_count,
                      OrtValue **outputs)
{
    const char *answer = setting("FAKE_ORT_ANSWER", "ok");
    if (!session || options || !input_count || input_count > INPUTS_MAX || output_count != 1 ||
        !input_names[0][0] || !output_names[0][0] || !fit(inputs, input_count))
        return fail("fake: arguments");
    if (strcmp(answer, "fail") == 0 || broken(setting("FAKE_ORT_DEVICE", ""), "run"))
        return fail("fake: kernel\nfailed");
    const bool map = inputs[0]->rank == RANK_MAX && strcmp(output_names[0], "saliency_map") == 0;
    outputs[0] = sum_up(inputs, input_count, map);
    distort_answer(outputs[0], answer);
    return NULL;
}

static OrtStatus *is_tensor(const OrtValue *value, int *out)
{
    *out = value != NULL;
    return NULL;
}

static OrtStatus *get_data(OrtValue *value, void **out)
{
    *out = value->data;
    return NULL;
}

/* The description of a value is the value. */
static OrtStatus *get_info(const OrtValue *value, OrtTensorTypeAndShapeInfo **out)
{
    alive++;
    *out = (OrtTensorTypeAndShapeInfo *)value;
    return NULL;
}

static void release_info(OrtTensorTypeAndShapeInfo *info)
{
    if (info)
        alive--;
}

static OrtStatus *get_type(const OrtTensorTypeAndShapeInfo *info, unsigned *out)
{
    *out = ((const OrtValue *)info)->type;
    return NULL;
}

static OrtStatus *get_rank(const OrtTensorTypeAndShapeInfo *info, size_t *out)
{
    *out = ((const OrtValue *)info)->rank;
    return NULL;
}

static OrtStatus *get_dims(const OrtTensorTypeAndShapeInfo *info, int64_t *dims, size_t count)
{
    memcpy(dims, ((const OrtValue *)info)->dims, count * sizeof(*dims));
    return NULL;
}

static OrtStatus *get_providers(char ***out, int *count)
{
    static const char *const names[][2] = {{"cpu", "CPUExecutionProvider"},
                                           {"rocm", "ROCMExecutionProvider"},
                                           {"azure", "AzureExecutionProvider"},
                                           {"openvino", "OpenVINOExecutionProvider"},
                                           {"cuda", "CUDAExecutionProvider"}};
    const char *wanted = setting("FAKE_ORT_PROVIDERS", "cpu");
    *out = hand_out(8 * sizeof(**out));
    *count = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strstr(wanted, names[i][0]))
            (*out)[(*count)++] = strdup(names[i][1]);
    return NULL;
}

static OrtStatus *release_providers(char **providers, int count)
{
    for (int i = 0; i < count; i++)
        free(providers[i]);
    hand_back(providers);
    return NULL;
}

static const VmtOrtApi table = {
    .get_error_message = get_error_message,
    .create_env = create_env,
    .create_session_from_array = create_session,
    .run = run,
    .create_session_options = create_session_options,
    .set_session_execution_mode = set_mode,
    .set_session_log_severity_level = set_level,
    .set_intra_op_num_threads = set_threads,
    .set_inter_op_num_threads = set_threads,
    .create_tensor_with_data_as_ort_value = create_tensor,
    .is_tensor = is_tensor,
    .get_tensor_mutable_data = get_data,
    .get_tensor_element_type = get_type,
    .get_dimensions_count = get_rank,
    .get_dimensions = get_dims,
    .get_tensor_type_and_shape = get_info,
    .create_cpu_memory_info = create_cpu_memory_info,
    .release_env = release_env,
    .release_status = release_status,
    .release_memory_info = release_memory_info,
    .release_session = release_session,
    .release_value = release_value,
    .release_tensor_type_and_shape_info = release_info,
    .release_session_options = release_session_options,
    .get_available_providers = get_providers,
    .release_available_providers = release_providers,
    .add_session_config_entry = add_entry,
    .append_rocm = append_rocm,
    .append_cuda = append_cuda,
    .create_cuda_provider_options = create_cuda,
    .release_cuda_provider_options = release_cuda,
    .create_rocm_provider_options = create_rocm,
    .release_rocm_provider_options = release_rocm,
    .append_openvino = append_openvino,
};

static const VmtOrtApi *get_api(uint32_t version)
{
    return version == VMT_ORT_API_VERSION && !getenv("FAKE_ORT_NO_API") ? &table : NULL;
}

static const char *get_version(void)
{
    return setting("FAKE_ORT_VERSION", "1.99.0");
}

EXPORT const VmtOrtApiBase *OrtGetApiBase(void);

const VmtOrtApiBase *OrtGetApiBase(void)
{
    static const VmtOrtApiBase base = {get_api, get_version};
    return &base;
}
