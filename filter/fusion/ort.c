// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _GNU_SOURCE /* RTLD_NODELETE */
#include "fusion/ort.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fusion/file.h"
#include "fusion/ort_api.h"

enum {
    MINOR_MIN = VMT_ORT_API_VERSION, /* the first ONNX Runtime 1.x with that interface */
    MINOR_MAX = 60                   /* the last that is looked for by a soname of its own */
};

struct VmtOrt {
    void *handle;
    char *library;
    const VmtOrtApi *api;
    const char *version;
    OrtEnv *env;
    OrtMemoryInfo *memory;
    OrtSession *session;
    VmtSignature signature;
    const char *device;
};

static OrtStatus *append_cuda(const VmtOrtApi *api, OrtSessionOptions *options)
{
    OrtCUDAProviderOptionsV2 *cuda = NULL;
    OrtStatus *status = api->create_cuda_provider_options(&cuda);
    if (!status)
        status = api->append_cuda(options, cuda);
    if (cuda)
        api->release_cuda_provider_options(cuda);
    return status;
}

static OrtStatus *append_rocm(const VmtOrtApi *api, OrtSessionOptions *options)
{
    OrtROCMProviderOptions *rocm = NULL;
    OrtStatus *status = api->create_rocm_provider_options(&rocm);
    if (!status)
        status = api->append_rocm(options, rocm);
    if (rocm)
        api->release_rocm_provider_options(rocm);
    return status;
}

static OrtStatus *append_openvino(const VmtOrtApi *api, OrtSessionOptions *options)
{
    return api->append_openvino(options, NULL, NULL, 0);
}

/* In the order in which "auto" tries them. */
static const struct Device {
    const char *name, *provider;
    OrtStatus *(*append)(const VmtOrtApi *api, OrtSessionOptions *options);
} devices[] = {
    {"cuda", "CUDAExecutionProvider", append_cuda},
    {"openvino", "OpenVINOExecutionProvider", append_openvino},
    {"rocm", "ROCMExecutionProvider", append_rocm},
    {"cpu", "CPUExecutionProvider", NULL},
};
enum { DEVICES = sizeof(devices) / sizeof(*devices) };

int vmt_ort_check_device(const char *device, VmtError *error)
{
    if (strcmp(device, "auto") == 0)
        return 0;
    for (int i = 0; i < DEVICES; i++)
        if (strcmp(device, devices[i].name) == 0)
            return 0;
    return vmt_fail(error, -EINVAL, "there is no device '%s': name auto, cpu, cuda, openvino or "
                    "rocm", device);
}

/* Turn a status into an error; 0 if there is none. */
static int check(const VmtOrt *ort, OrtStatus *status, int code, const char *what,
                 VmtError *error)
{
    if (!status)
        return 0;
    vmt_fail(error, code, "%s: %s", what, ort->api->get_error_message(status));
    ort->api->release_status(status);
    return code;
}

/* Forget a status; true if there was none. */
static bool passed(const VmtOrt *ort, OrtStatus *status)
{
    if (status)
        ort->api->release_status(status);
    return !status;
}

#define INSTALL "install it (pip install onnxruntime, or libonnxruntime of your system) and name " \
                "the library in VMAF_TINY_ORT_LIB"

static const VmtOrtApiBase *find_base(void *handle)
{
    /* A pointer to data becomes one to a function, which C has no conversion for. */
    const VmtOrtApiBase *(*get_base)(void) = NULL;
    void *symbol = dlsym(handle, "OrtGetApiBase");
    memcpy(&get_base, &symbol, sizeof(symbol));
    return get_base ? get_base() : NULL;
}

static int find_api(VmtOrt *ort, VmtError *error)
{
    const VmtOrtApiBase *base = find_base(ort->handle);
    if (!base)
        return vmt_fail(error, -ENOSYS, "'%s' is not ONNX Runtime: " INSTALL, ort->library);
    ort->version = base->get_version_string();
    if (!ort->version)
        ort->version = "of unknown version";
    /* Asked for a table that it does not have, ONNX Runtime would print that on stderr. */
    int major = 0, minor = 0;
    const bool readable = sscanf(ort->version, "%d.%d", &major, &minor) == 2;
    if (readable && (major > 1 || minor >= MINOR_MIN))
        ort->api = base->get_api(VMT_ORT_API_VERSION);
    if (!ort->api)
        return vmt_fail(error, -ENOSYS, "ONNX Runtime %s ('%s') is not one that can be used: "
                        "install 1.%d or newer", ort->version, ort->library, MINOR_MIN);
    return 0;
}

/* Empty if the loader has nothing to say. */
static const char *loader_error(void)
{
    const char *text = dlerror();
    return text ? text : "";
}

static int load(VmtOrt *ort, const char *library, VmtError *error)
{
    /* It must stay once it is there: threads and destructors of it may outlive the last user. */
    ort->handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!ort->handle)
        return vmt_fail(error, -ENOSYS, "ONNX Runtime cannot be loaded (%.600s): " INSTALL,
                        loader_error());
    ort->library = strdup(library);
    return ort->library ? 0 : vmt_fail(error, -ENOMEM, "out of memory");
}

/* By soname: that of the project's own builds, that of developer packages, those of Debian. */
static int load_from_system(VmtOrt *ort, VmtError *error)
{
#ifdef __APPLE__
    static const char *const names[] = {"libonnxruntime.1.dylib", "libonnxruntime.dylib"};
#else
    static const char *const names[] = {"libonnxruntime.so.1", "libonnxruntime.so"};
#endif
    int rc = -ENOSYS;
    for (size_t i = 0; rc == -ENOSYS && i < sizeof(names) / sizeof(*names); i++)
        rc = load(ort, names[i], NULL);
    for (int minor = MINOR_MAX; rc == -ENOSYS && minor >= MINOR_MIN; minor--) {
        char name[32];
        snprintf(name, sizeof(name), "libonnxruntime.so.1.%d", minor);
        rc = load(ort, name, NULL);
    }
    if (rc == -ENOSYS)
        return vmt_fail(error, rc, "ONNX Runtime is not installed, so there are features but no "
                        "scores: " INSTALL);
    return rc ? vmt_fail(error, rc, "out of memory") : 0;
}

/*
 * Official builds of ONNX Runtime since 1.29 collect what is run and send it to their maker, from
 * a thread of their own, unless this variable is set before they start; there is no call for it.
 * Scoring must not do that behind the back of who asked for scores. Set to 0 by the user, it stays.
 */
static void refuse_telemetry(void)
{
    setenv("ORT_DISABLE_TELEMETRY", "1", 0);
}

static int open_library(VmtOrt *ort, const char *library, VmtError *error)
{
    refuse_telemetry();
    if (!library || !*library)
        library = vmt_file_env("VMAF_TINY_ORT_LIB");
    int rc = library ? load(ort, library, error) : load_from_system(ort, error);
    if (rc == 0)
        rc = find_api(ort, error);
    /* What it has to say comes as a status; nothing is printed. */
    if (rc == 0)
        rc = check(ort, ort->api->create_env(VMT_ORT_LOG_FATAL, "vmaf_tiny", &ort->env), -ENOSYS,
                   "ONNX Runtime does not start", error);
    if (rc == 0)
        rc = check(ort, ort->api->create_cpu_memory_info(VMT_ORT_ARENA, VMT_ORT_MEMORY_DEFAULT,
                                                         &ort->memory), -ENOMEM,
                   "ONNX Runtime does not start", error);
    return rc;
}

int vmt_ort_open(VmtOrt **out, const char *library, VmtError *error)
{
    *out = NULL;
    VmtOrt *ort = calloc(1, sizeof(*ort));
    if (!ort)
        return vmt_fail(error, -ENOMEM, "out of memory");
    const int rc = open_library(ort, library, error);
    if (rc)
        vmt_ort_close(&ort);
    *out = ort;
    return rc;
}

const char *vmt_ort_library(const VmtOrt *ort)
{
    return ort->library;
}

const char *vmt_ort_version(const VmtOrt *ort)
{
    return ort->version;
}

const char *vmt_ort_device(const VmtOrt *ort)
{
    return ort->device;
}

/* Bit i: devices[i] is offered. What is offered may still fail, e.g. without a driver. */
static unsigned offered(const VmtOrt *ort)
{
    char **names = NULL;
    int count = 0;
    unsigned bits = 0;
    if (!passed(ort, ort->api->get_available_providers(&names, &count)))
        return 0;
    for (int i = 0; i < count; i++)
        for (int d = 0; d < DEVICES; d++)
            if (strcmp(names[i], devices[d].provider) == 0)
                bits |= 1u << d;
    passed(ort, ort->api->release_available_providers(names, count));
    return bits;
}

size_t vmt_ort_devices(const VmtOrt *ort, char *text, size_t size)
{
    const unsigned bits = offered(ort);
    size_t length = 0;
    if (size)
        text[0] = '\0';
    for (int d = 0; d < DEVICES; d++) {
        if (!(bits & 1u << d))
            continue;
        const bool fits = length < size;
        const int n = snprintf(fits ? text + length : NULL, fits ? size - length : 0, "%s%s",
                               length ? " " : "", devices[d].name);
        length += (size_t)n;
    }
    return length;
}

static int set_options(const VmtOrt *ort, OrtSessionOptions *options, int threads,
                       VmtError *error)
{
    const VmtOrtApi *api = ort->api;
    OrtStatus *status = api->set_session_execution_mode(options, VMT_ORT_SEQUENTIAL);
    if (!status)
        status = api->set_session_log_severity_level(options, VMT_ORT_LOG_FATAL);
    if (!status)
        status = api->set_intra_op_num_threads(options, threads);
    if (!status)
        status = api->set_inter_op_num_threads(options, 1);
    if (!status) /* threads that wait must not burn a processor each */
        status = api->add_session_config_entry(options, "session.intra_op.allow_spinning", "0");
    if (!status) /* never its own format, which was not checked */
        status = api->add_session_config_entry(options, "session.load_model_format", "ONNX");
    return check(ort, status, -EIO, "ONNX Runtime refuses its options", error);
}

static void end_session(VmtOrt *ort)
{
    if (ort->session)
        ort->api->release_session(ort->session);
    ort->session = NULL;
    ort->device = NULL;
}

/* What is made of a session, beside the session. */
typedef struct Start {
    const VmtOrtModel *model;
    int threads;
    VmtOrtTry try;
    void *opaque;
} Start;

static int start_with(VmtOrt *ort, const Start *start, OrtSessionOptions *options,
                      const struct Device *device, VmtError *error)
{
    const VmtOrtModel *model = start->model;
    if (device->append) {
        char what[64];
        snprintf(what, sizeof(what), "device %s does not work, choose another or auto",
                 device->name);
        const int rc = check(ort, device->append(ort->api, options), -ENOTSUP, what, error);
        if (rc)
            return rc;
    }
    char what[512];
    snprintf(what, sizeof(what), "%.400s: ONNX Runtime %s refuses the model on %s", model->what,
             ort->version, device->name);
    int rc = check(ort, ort->api->create_session_from_array(ort->env, model->data, model->size,
                                                            options, &ort->session),
                   device->append ? -ENOTSUP : -EBADMSG, what, error);
    if (rc)
        return rc;
    ort->signature = model->signature;
    ort->device = device->name;
    rc = start->try(ort, start->opaque, error);
    if (rc)
        end_session(ort);
    return rc;
}

static int start_on(VmtOrt *ort, const Start *start, const struct Device *device, VmtError *error)
{
    OrtSessionOptions *options = NULL;
    int rc = check(ort, ort->api->create_session_options(&options), -EIO,
                   "ONNX Runtime makes no session", error);
    if (rc)
        return rc;
    rc = set_options(ort, options, start->threads, error);
    if (rc == 0)
        rc = start_with(ort, start, options, device, error);
    ort->api->release_session_options(options);
    return rc;
}

int vmt_ort_start(VmtOrt *ort, const VmtOrtModel *model, const char *device, int threads,
                  VmtOrtTry try, void *opaque, VmtError *error)
{
    const Start start = {model, threads, try, opaque};
    const unsigned bits = offered(ort);
    const bool automatic = strcmp(device, "auto") == 0;
    char list[64];
    vmt_ort_devices(ort, list, sizeof(list));
    int rc = vmt_fail(error, -ENOTSUP, "device %s is not in this ONNX Runtime (%.400s), it has: "
                      "%s; choose one of these or auto", device, ort->library, list);
    for (int d = 0; d < DEVICES; d++) {
        if (!(bits & 1u << d) || (!automatic && strcmp(device, devices[d].name) != 0))
            continue;
        rc = start_on(ort, &start, &devices[d], error);
        if (rc == 0) {
            vmt_no_error(error);
            return 0;
        }
    }
    return rc;
}

/* Its type must be the one that was declared; the shape is for who asked to judge. */
static int describe_answer(const VmtOrt *ort, VmtOrtAnswer *answer, VmtError *error)
{
    const VmtOrtApi *api = ort->api;
    OrtTensorTypeAndShapeInfo *info = NULL;
    unsigned type = 0;
    int tensor = 0;
    OrtStatus *status = api->is_tensor(answer->value, &tensor);
    if (!status && tensor)
        status = api->get_tensor_type_and_shape(answer->value, &info);
    if (!status && info)
        status = api->get_tensor_element_type(info, &type);
    if (!status && info)
        status = api->get_dimensions_count(info, &answer->rank);
    if (!status && info && answer->rank <= VMT_ORT_RANK_MAX)
        status = api->get_dimensions(info, answer->dims, answer->rank);
    if (info)
        api->release_tensor_type_and_shape_info(info);
    if (status)
        return check(ort, status, -EIO, "ONNX Runtime fails", error);
    if (type != (unsigned)ort->signature.output_type || answer->rank > VMT_ORT_RANK_MAX)
        return vmt_fail(error, -EBADMSG, "the model does not answer with what it says it does: "
                        "choose another model");
    return 0;
}

static int take_answer(const VmtOrt *ort, VmtOrtAnswer *answer, VmtError *error)
{
    void *data = NULL;
    int rc = describe_answer(ort, answer, error);
    if (rc == 0)
        rc = check(ort, ort->api->get_tensor_mutable_data(answer->value, &data), -EIO,
                   "ONNX Runtime fails", error);
    answer->data = data;
    return rc;
}

int vmt_ort_run(VmtOrt *ort, const VmtOrtTensor *inputs, VmtOrtAnswer *answer, VmtError *error)
{
    const VmtSignature *signature = &ort->signature;
    const char *names[VMT_ONNX_INPUTS] = {signature->input, signature->second};
    const char *output_name = signature->output;
    const size_t count = signature->second[0] ? 2 : 1;
    OrtValue *values[VMT_ONNX_INPUTS] = {NULL}, *output = NULL;
    OrtStatus *status = NULL;
    *answer = (VmtOrtAnswer){0};
    for (size_t i = 0; i < count && !status; i++)
        status = ort->api->create_tensor_with_data_as_ort_value(
            ort->memory, inputs[i].data, inputs[i].size, inputs[i].dims, inputs[i].rank,
            (unsigned)signature->input_type, &values[i]);
    if (!status)
        status = ort->api->run(ort->session, NULL, names, (const OrtValue *const *)values, count,
                               &output_name, 1, &output);
    answer->value = output;
    int rc = check(ort, status, -EIO, "ONNX Runtime fails to run the model", error);
    if (rc == 0)
        rc = take_answer(ort, answer, error);
    for (size_t i = 0; i < count; i++)
        if (values[i])
            ort->api->release_value(values[i]);
    if (rc)
        vmt_ort_free(ort, answer);
    return rc;
}

void vmt_ort_free(const VmtOrt *ort, VmtOrtAnswer *answer)
{
    if (answer->value)
        ort->api->release_value(answer->value);
    *answer = (VmtOrtAnswer){0};
}

void vmt_ort_close(VmtOrt **ort)
{
    if (!*ort)
        return;
    VmtOrt *o = *ort;
    end_session(o);
    if (o->memory)
        o->api->release_memory_info(o->memory);
    if (o->env)
        o->api->release_env(o->env);
    if (o->handle)
        dlclose(o->handle);
    free(o->library);
    free(o);
    *ort = NULL;
}
