// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * VMAF by a tiny model: features of luma planes, equal to libvmaf's, fused by an ONNX model.
 *
 * The way of a frame: vmt_push() pictures, vmt_pull() rows of features, vmt_model_score() the
 * rows, vmt_pool() the scores, vmt_log_write() everything.
 *
 * Functions that return int return 0 (or a count, where said) or a negative errno value. The last
 * argument of a function that can fail is a VmtError, which receives one line that says what is
 * wrong and what to do; it may be NULL. Objects are closed through a pointer to the caller's
 * pointer, which becomes NULL; closing NULL is fine.
 *
 * An object serves one thread at a time; separate objects are independent. There is no global
 * state.
 */
#ifndef VMAF_TINY_H
#define VMAF_TINY_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VMT_API __attribute__((visibility("default")))
#else
#define VMT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* declarations: from here to the matching "end" also read by python/cdef.py, so plain C only,
 * no macro but VMT_API, no expression cffi cannot evaluate */

/** What went wrong and what to do, one line without a newline. Empty after success. */
typedef struct VmtError {
    char text[1024];
} VmtError;

/** Version of the library, e.g. "0.1.0". */
VMT_API const char *vmt_version(void);

/* -------------------------------------------------------------------------------- features */

/** The features, in the order in which models take them. */
enum {
    VMT_ADM2,       /**< detail loss, 0 to about 1 */
    VMT_VIF_SCALE0, /**< visual information fidelity at full size, 0 to about 1 */
    VMT_VIF_SCALE1, /**< at half size */
    VMT_VIF_SCALE2, /**< at a quarter of the size */
    VMT_VIF_SCALE3, /**< at an eighth of the size */
    VMT_MOTION2,    /**< luma difference between reference pictures, 0 to 10000 */
    VMT_FEATURES    /**< how many there are */
};

/** Name of a feature, e.g. "vif_scale0"; NULL outside 0 to VMT_FEATURES - 1. */
VMT_API const char *vmt_feature_name(int feature);

/** Kernels to compute with. All give the same results, bit for bit. */
enum {
    VMT_CPU_BEST,  /**< the best this CPU and this build have */
    VMT_CPU_C,     /**< plain C, everywhere */
    VMT_CPU_AVX2,  /**< x86-64 with AVX2 and FMA */
    VMT_CPU_AVX512, /**< x86-64 with AVX-512 F, BW, DQ, VL and VNNI: Ice Lake, Zen 4 and later */
    VMT_CPU_NEON,  /**< 64-bit Arm, every CPU of it */
    VMT_CPU_LEVELS /**< one past the last level */
};

/** Name of a level, e.g. "c"; NULL outside VMT_CPU_BEST to VMT_CPU_LEVELS - 1. */
VMT_API const char *vmt_cpu_name(int cpu);

/** 1 if this CPU and this build have the level, 0 if not. */
VMT_API int vmt_cpu_available(int cpu);

/** How exact the features are. */
enum {
    VMT_MODE_EXACT, /**< equal to libvmaf's */
    VMT_MODE_FAST,  /**< VIF of pictures of 450 rows and 480,000 pixels and more from some of their
                         rows, which moves a score by hundredths; ADM, motion, the rest are exact */
    VMT_MODES       /**< how many there are */
};

/** Name of a mode, "exact" or "fast"; NULL outside 0 to VMT_MODES - 1. */
VMT_API const char *vmt_mode_name(int mode);

/** What takes the time. A scale of VIF makes the pictures of the next on the way. */
enum {
    VMT_STAGE_VIF_SCALE0,
    VMT_STAGE_VIF_SCALE1,
    VMT_STAGE_VIF_SCALE2,
    VMT_STAGE_VIF_SCALE3,
    VMT_STAGE_ADM,
    VMT_STAGE_MOTION,
    VMT_STAGES /**< how many there are */
};

/** Name of a stage, e.g. "vif_scale0"; NULL outside 0 to VMT_STAGES - 1. */
VMT_API const char *vmt_stage_name(int stage);

enum {
    VMT_SIZE_MIN = 33,       /**< smallest width and height; below, libvmaf is not defined */
    VMT_SIZE_MAX = 32768,    /**< largest width and height */
    VMT_RENDITIONS_MAX = 64, /**< distorted pictures against one reference */
    VMT_THREADS_MAX = 256    /**< workers of a context, threads of ONNX Runtime */
};

/** What the pictures are like and how to work. Zero in a field marked "0:" asks for that. */
typedef struct VmtConfig {
    int width;             /**< luma samples per row, VMT_SIZE_MIN to VMT_SIZE_MAX */
    int height;            /**< luma rows, VMT_SIZE_MIN to VMT_SIZE_MAX */
    int bits;              /**< bits per sample, 8 to 16; 0: 8 */
    int renditions;        /**< distorted pictures per reference; 0: 1 */
    int threads;           /**< 1: work in the caller's thread, no other is made; up to
                                VMT_THREADS_MAX: that many workers; 0: one per processor */
    int cpu;               /**< VMT_CPU_ level; 0: the best */
    int subsample;         /**< give rows for every n-th picture only, counted from the first;
                                motion still compares true neighbours; 0: 1 */
    int mode;              /**< VMT_MODE_ */
    double vif_gain_limit; /**< enhancement gain limit of VIF, 1 to 100; 0: 100 */
    double adm_gain_limit; /**< enhancement gain limit of ADM, 1 to 100; 0: 100 */
    int stage_times;       /**< 1: take the time of every stage, for vmt_stage_seconds() */
} VmtConfig;

/** A luma plane. Samples are uint8_t for 8 bits, uint16_t in native order above. */
typedef struct VmtPicture {
    const void *data;               /**< first sample of the top row */
    ptrdiff_t stride;               /**< bytes from one row to the next; may be negative */
    void (*release)(void *opaque);  /**< NULL: the plane is copied by vmt_push(). Else the plane
                                         is lent: it must not change until release(opaque) is
                                         called, once, in any thread, not later than vmt_close().
                                         It must be quick and must not call the context */
    void *opaque;
} VmtPicture;

/** The features of one distorted picture. */
typedef struct VmtRow {
    int64_t index;       /**< of the picture, counted from 0 in the order of vmt_push() */
    double value[6];     /**< by VMT_ADM2 .. VMT_MOTION2; equal to libvmaf 3.2's C code */
} VmtRow;

/** Extracts features from a sequence of pictures. */
typedef struct VmtContext VmtContext;

/**
 * Open a context.
 *
 * @param config copied
 * @return 0, -EINVAL for a value out of range, -ENOTSUP for a CPU level that is not available,
 *         -ENOMEM, -EAGAIN if no thread can be made
 */
VMT_API int vmt_open(VmtContext **out, const VmtConfig *config, VmtError *error);

/** VMT_CPU_ level in use, never VMT_CPU_BEST. */
VMT_API int vmt_context_cpu(const VmtContext *ctx);

/** Number of threads that work, at least 1. */
VMT_API int vmt_context_threads(const VmtContext *ctx);

/**
 * Add the next time step: a reference picture and one distorted picture per rendition.
 *
 * Blocks while as many time steps are in flight as the context has room for, so memory does not
 * grow with the length of the video; rows that are not pulled are kept, some 60 bytes each. After
 * an error nothing has been taken: no picture is or will be released, and the call may be repeated.
 *
 * @param distorted [renditions]
 * @return 0, -EINVAL for a null plane, a stride narrower than a row or a push after vmt_flush(),
 *         -ERANGE for a sample of more bits than configured, -ENOMEM
 */
VMT_API int vmt_push(VmtContext *ctx, const VmtPicture *reference, const VmtPicture *distorted,
                     VmtError *error);

/**
 * No more pictures will come. Needed for the last row: motion2 looks one picture ahead.
 *
 * @return 0
 */
VMT_API int vmt_flush(VmtContext *ctx, VmtError *error);

/**
 * Take the rows of the next time step, in order.
 *
 * Before vmt_flush() it does not wait: 0 means that none is ready. After vmt_flush() it waits for
 * the work in flight: 0 means that all rows have been taken.
 *
 * @param rows [renditions]
 * @return 1 if rows were written, 0 if not
 */
VMT_API int vmt_pull(VmtContext *ctx, VmtRow *rows, VmtError *error);

/**
 * Say where the time went: wait for the work in flight, then sum over all workers.
 *
 * @param seconds [VMT_STAGES] of the processor, since vmt_open(); 0 without stage_times
 */
VMT_API void vmt_stage_seconds(VmtContext *ctx, double *seconds);

/** Stop, release every lent picture, free. */
VMT_API void vmt_close(VmtContext **ctx);

/* ---------------------------------------------------------------------------------- fusion */

/** A model that turns rows of features into scores, run by ONNX Runtime. */
typedef struct VmtModel VmtModel;

/** Which model, where to run it. Zero or NULL in every field but model asks for the default. */
typedef struct VmtModelConfig {
    const char *model;       /**< id in the registry, else path of an .onnx file */
    const char *model_dir;   /**< folder of the registry; NULL: $VMAF_TINY_MODEL_DIR, else the
                                  installed one */
    const char *device;      /**< "auto", "cpu", "cuda", "openvino" or "rocm"; NULL: "auto" */
    const char *ort_library; /**< path of libonnxruntime; NULL: $VMAF_TINY_ORT_LIB, else the
                                  system's by its soname */
    int threads;             /**< of ONNX Runtime, up to VMT_THREADS_MAX; 0: 1, as the models are
                                  tiny */
    int registered_only;     /**< 1: refuse a model that the registry does not have */
    int disable_clip;        /**< 1: do not clip scores */
    const char *codec;       /**< for models that are conditioned on the encoder: its name, such as
                                  "libx264", or "blind" for a score without that knowledge; NULL
                                  for all others */
    const char *preset;      /**< of that encoder; NULL: not known */
    const char *crf;         /**< of that encoder, a number such as "23" or "22.5"; or NULL */
    int codec_optional;      /**< 1: a model that is not conditioned on the encoder ignores these
                                  three, rather than refuse them */
} VmtModelConfig;

/** What a report says about a model. The strings live as long as the model; none is NULL. */
typedef struct VmtModelInfo {
    const char *id;          /**< registry id, or the file's name without folder and ending */
    const char *path;        /**< of the file that was read */
    const char *sha256;      /**< of the bytes that run, 64 hex digits */
    const char *teacher;     /**< model whose scores it learned, e.g. "vmaf_v0.6.1"; or "" */
    const char *license;     /**< from the registry, or "" */
    const char *provider;    /**< execution provider in use, e.g. "cpu" */
    const char *ort_version; /**< of ONNX Runtime, e.g. "1.31.1" */
    const char *ort_library; /**< the file or soname that was opened */
    int registered;          /**< 1 if the registry vouches for these bytes */
    int clipped;             /**< 1 if scores are clipped, to 0..100 unless the model says else */
    const char *codec;       /**< encoder the scores are conditioned on, "blind" or "" */
    const char *preset;      /**< of the encoder, or "" */
    const char *crf;         /**< of the encoder, or "" */
    double vif_gain_limit;   /**< that the rows must be extracted with, 1 to 100: as in VmtConfig */
    double adm_gain_limit;
    int pictures;            /**< 0: the model scores rows; 1 or 2: it looks at pictures instead, at
                                  one or at a reference and a distorted one */
    int map;                 /**< 1 if it makes a map of the pictures that it looks at */
    const char *feature;     /**< name of its answers, "vmaf" for scores of rows */
} VmtModelInfo;

/** A row of the registry. The strings live until vmt_registry_close(). */
typedef struct VmtModelEntry {
    const char *id;          /**< that of the form with 8-bit weights, if any, ends in ".int8" */
    const char *kind;        /**< "fr", "nr" or "filter" */
    const char *path;        /**< of the .onnx file */
    const char *sha256;
    const char *description; /**< or "" */
    const char *license;     /**< or "" */
    const char *teacher;     /**< or "" */
    int smoke;               /**< 1: tests the way into the runtime, claims no quality */
    int intact;              /**< 1 if the file is there and has this sha256 */
} VmtModelEntry;

/** The list of models that are trusted. */
typedef struct VmtRegistry VmtRegistry;

/**
 * Read the registry of a folder.
 *
 * @param model_dir as in VmtModelConfig
 * @return 0, -ENOENT if there is none, -EACCES if the folder is not usable, -EBADMSG if the file
 *         is not a valid registry, -ENOMEM
 */
VMT_API int vmt_registry_open(VmtRegistry **out, const char *model_dir, VmtError *error);

/** Entry i in the order of the file; NULL past the last. */
VMT_API const VmtModelEntry *vmt_registry_entry(const VmtRegistry *registry, int i);

/** Free a registry and its entries. */
VMT_API void vmt_registry_close(VmtRegistry **registry);

/**
 * Load a model that scores rows or looks at pictures: read the file once, check size, place, sha256
 * and operators, then hand the very bytes that were checked to ONNX Runtime.
 *
 * @return 0, -ENOENT for an unknown id or a missing file, -EACCES outside $VMAF_TINY_MODEL_DIR or
 *         not registered though required, -EFBIG above 50 MiB, -EBADMSG for a corrupt, altered or
 *         forbidden model or one that takes neither features nor pictures, -ENOSYS without ONNX
 *         Runtime, -ENOTSUP for a device that is not available, -EINVAL for a codec, preset or crf
 *         that the model does not know, does not take or misses, for another value that cannot be,
 *         or for what is no regular file, -EIO, -ENOMEM
 */
VMT_API int vmt_model_open(VmtModel **out, const VmtModelConfig *config, VmtError *error);

/** What was loaded and what runs it; lives as long as the model. */
VMT_API const VmtModelInfo *vmt_model_info(const VmtModel *model);

/**
 * Score rows of features.
 *
 * @param rows   [n], extracted with the gain limits of vmt_model_info()
 * @param scores [n], 0 to 100 unless the model says else or disable_clip
 * @return 0, -EINVAL for a feature that is not finite or a model that looks at pictures, -EIO if
 *         ONNX Runtime fails, -EBADMSG if the model answers with something that is not n finite
 *         numbers
 */
VMT_API int vmt_model_score(VmtModel *model, const VmtRow *rows, size_t n, double *scores,
                            VmtError *error);

/** How three planes make a colour, where VmtImage says so. */
enum {
    VMT_MATRIX_BT709,
    VMT_MATRIX_BT601,
    VMT_MATRIX_BT2020, /**< non-constant luminance */
    VMT_MATRIX_RGB,    /**< they are red, green and blue */
    VMT_MATRICES
};

/** Name of a matrix, e.g. "bt709"; NULL outside 0 to VMT_MATRICES - 1. */
VMT_API const char *vmt_matrix_name(int matrix);

/** A picture in colour. Samples are uint8_t for 8 bits, uint16_t in native order above. */
typedef struct VmtImage {
    const void *data[3];   /**< luma, blue and red difference; or red, green, blue; or luma alone,
                                then [1] and [2] are NULL */
    ptrdiff_t stride[3];   /**< bytes from one row to the next; may be negative */
    int width;             /**< of the first plane, 1 to VMT_SIZE_MAX */
    int height;
    int bits;              /**< per sample, 8 to 16 */
    int shift_x, shift_y;  /**< a chroma sample stands for 1 << shift pixels across and down, 0 to
                                2; such planes are rounded up */
    int matrix;            /**< VMT_MATRIX_ */
    int full_range;        /**< 0: black and white at 16 and 235, times a power of two */
} VmtImage;

/**
 * Let a model look at pictures. They become R'G'B' from 0 to 1 by their matrix and range, in float,
 * cut off outside, then normalised by the mean (0.485, 0.456, 0.406) and the standard deviation
 * (0.229, 0.224, 0.225) of ImageNet's channels.
 *
 * @param images as many as vmt_model_info() says, reference first, all of one size
 * @param value  receives the number that the model answers with, or the mean of its map
 * @param map    NULL, or receives the map, [height][width]
 * @return 0, -EINVAL for images that are none or do not fit together, a map that the model does not
 *         make, or a model that scores rows, -EIO if ONNX Runtime fails, -EBADMSG for an answer
 *         that is not finite or of another size, -ENOMEM
 */
VMT_API int vmt_model_look(VmtModel *model, const VmtImage *images, double *value, float *map,
                           VmtError *error);

/** Free a model and what vmt_model_info() says of it. */
VMT_API void vmt_model_close(VmtModel **model);

/**
 * Find out which devices ONNX Runtime offers, in the order in which "auto" tries them.
 *
 * @param ort_library as in VmtModelConfig
 * @param text        receives a list such as "cuda cpu", always terminated
 * @param size        of text in bytes; all lists fit into 64
 * @return 0, -ENOSYS without ONNX Runtime, -EINVAL if text is too small, -ENOMEM
 */
VMT_API int vmt_devices(const char *ort_library, char *text, size_t size, VmtError *error);

/* ---------------------------------------------------------------------------------- report */

/** Ways to turn many values into one. */
enum {
    VMT_POOL_MIN,
    VMT_POOL_MAX,
    VMT_POOL_MEAN,
    VMT_POOL_HARMONIC_MEAN, /**< n / sum(1 / (x + 1)) - 1, as libvmaf has it */
    VMT_POOL_P1,            /**< percentiles, linear between neighbours */
    VMT_POOL_P5,
    VMT_POOL_P10,
    VMT_POOL_P50,
    VMT_POOL_STDEV,         /**< of the population */
    VMT_POOLS
};

/** Name of a pooling, e.g. "harmonic_mean"; NULL outside 0 to VMT_POOLS - 1. */
VMT_API const char *vmt_pool_name(int pool);

/**
 * Pool values.
 *
 * @param values [n], finite; above -1 for the harmonic mean to mean anything
 * @param pooled [VMT_POOLS]
 * @return 0, -EINVAL for n = 0 or a value that is not finite, -ENOMEM
 */
VMT_API int vmt_pool(const double *values, size_t n, double *pooled, VmtError *error);

/** Formats of a log. */
enum {
    VMT_LOG_XML,
    VMT_LOG_JSON,
    VMT_LOG_CSV,
    VMT_LOG_SUB,
    VMT_LOGS
};

/** Name of a format, e.g. "json"; NULL outside 0 to VMT_LOGS - 1. */
VMT_API const char *vmt_log_name(int format);

/** One more line for the block of a log that says how it came about. */
typedef struct VmtNote {
    const char *key;   /**< [a-z0-9_]+, and no two notes of a log have the same */
    const char *value; /**< UTF-8 */
} VmtNote;

/** What a log says: the frames of one rendition. Nothing in it is kept. */
typedef struct VmtLog {
    size_t frames;             /**< 1 or more */
    const VmtRow *rows;        /**< [frames]; what is not finite is left out, or null in JSON */
    const double *scores;      /**< [frames]; NULL: features only */
    const VmtModelInfo *model; /**< NULL without scores */
    int cpu;                   /**< vmt_context_cpu(); 0: left out */
    double fps;                /**< pictures scored per second */
    int width;                 /**< of the pictures; 0: left out */
    int height;                /**< of the pictures; 0: left out */
    const VmtNote *notes;      /**< [note_count] */
    size_t note_count;
} VmtLog;

/**
 * Write a log that parses with what parses libvmaf's.
 *
 * A regular file appears whole or not at all: it is written beside its place and renamed; one that
 * was there keeps its permissions. A pipe or device is written to directly; path "-" is standard
 * output. A pipe whose reader has gone is -EPIPE, without the signal; numbers have a point whatever
 * the locale. Both are arranged for the calling thread and the time of the call only.
 *
 * @param format VMT_LOG_
 * @return 0, -EINVAL for a log that is not as said, -ENOMEM, or what the system says of the path
 */
VMT_API int vmt_log_write(const VmtLog *log, int format, const char *path, VmtError *error);

/* end of declarations */

#ifdef __cplusplus
}
#endif

#endif
