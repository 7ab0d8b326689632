// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A context: who waits for whom.
 *
 * A time step is one job. Pushed steps wait in a ring of a fixed number of slots; workers take
 * them in order, compute without the lock and file their results by index. With one thread the
 * pushing thread is the worker.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "features/extract.h"
#include "features/tables.h"
#include "held.h"
#include "results.h"

/* Steps that may wait while every worker is busy. */
enum { WAITING = 2 };

typedef struct Step {
    int64_t index;
    VmtHeld *ref, *previous; /* previous: NULL for the first */
    VmtHeld **dis;           /* [renditions] */
    int wanted;
} Step;

typedef struct Worker {
    VmtContext *context;
    VmtExtractor *extractor;
    VmtPlane *dis;                  /* [renditions] */
    double (*values)[VMT_FEATURES]; /* [renditions] */
    pthread_t thread;
} Worker;

struct VmtContext {
    VmtFormat format;
    VmtTables tables;
    int cpu, subsample, threads, started, stage_times;

    pthread_mutex_t lock;
    pthread_cond_t work, room, progress; /* for workers, for push, for pull */
    Worker *workers;
    Step *steps;         /* ring of [slots] */
    Step next;           /* being pushed */
    int slots, waiting, oldest, busy;
    int closing, flushed;

    VmtHeldPool held;
    VmtHeld *previous;   /* reference of the step before the next */
    int64_t pushed;
    VmtResults results;
};

static int held_count(const VmtContext *ctx)
{
    /* A step in flight or being pushed holds its pictures and the reference before it. */
    return (ctx->slots + ctx->threads + 1) * (2 + ctx->format.renditions);
}

/* --------------------------------------------------------------------------------- working */

static void compute(Worker *worker, const Step *step, double *motion)
{
    if (step->wanted) {
        for (int r = 0; r < worker->context->format.renditions; r++)
            worker->dis[r] = step->dis[r]->plane;
        vmt_extract(worker->extractor, step->ref->plane, worker->dis, worker->values);
    }
    *motion = step->previous ? vmt_extract_motion(worker->extractor, step->previous->plane,
                                                  step->ref->plane)
                             : 0;
}

/* Keep what was computed and let the pictures go. The caller has the lock. */
static void store_result(Worker *worker, const Step *step, double motion)
{
    VmtContext *ctx = worker->context;
    VmtResult *result = vmt_results_at(&ctx->results, step->index);

    memcpy(vmt_results_values(&ctx->results, step->index), worker->values,
           (size_t)ctx->format.renditions * sizeof(*worker->values));
    result->motion = motion;
    result->done = 1;
    for (int r = 0; r < ctx->format.renditions; r++)
        vmt_held_drop(&ctx->held, step->dis[r]);
    vmt_held_drop(&ctx->held, step->ref);
    if (step->previous)
        vmt_held_drop(&ctx->held, step->previous);
}

/* Take the oldest waiting step out of the ring; its list of pictures stays with the slot. */
static Step take_step(VmtContext *ctx, VmtHeld **dis)
{
    Step step = ctx->steps[ctx->oldest];

    memcpy(dis, step.dis, (size_t)ctx->format.renditions * sizeof(*dis));
    step.dis = dis;
    ctx->oldest = (ctx->oldest + 1) % ctx->slots;
    ctx->waiting--;
    return step;
}

static void work(Worker *worker)
{
    VmtContext *ctx = worker->context;
    VmtHeld *dis[VMT_RENDITIONS_MAX];
    double motion;

    Step step = take_step(ctx, dis);
    ctx->busy++;
    pthread_cond_signal(&ctx->room);
    pthread_mutex_unlock(&ctx->lock);
    compute(worker, &step, &motion);
    pthread_mutex_lock(&ctx->lock);
    store_result(worker, &step, motion);
    ctx->busy--;
    pthread_cond_signal(&ctx->progress);
}

static void *run(void *argument)
{
    Worker *worker = argument;
    VmtContext *ctx = worker->context;

    pthread_mutex_lock(&ctx->lock);
    for (;;) {
        while (!ctx->waiting && !ctx->closing)
            pthread_cond_wait(&ctx->work, &ctx->lock);
        if (ctx->closing)
            break;
        work(worker);
    }
    pthread_mutex_unlock(&ctx->lock);
    return NULL;
}

/* --------------------------------------------------------------------------------- opening */

static int outside(int value, int low, int high)
{
    return value < low || value > high;
}

static int check_size(const VmtConfig *config, VmtError *error)
{
    if (outside(config->width, VMT_SIZE_MIN, VMT_SIZE_MAX) ||
        outside(config->height, VMT_SIZE_MIN, VMT_SIZE_MAX))
        return vmt_fail(error, -EINVAL,
                        "the picture is %dx%d; VMAF is defined from %dx%d to %dx%d: scale both "
                        "videos to a size in this range", config->width, config->height,
                        VMT_SIZE_MIN, VMT_SIZE_MIN, VMT_SIZE_MAX, VMT_SIZE_MAX);
    if (config->bits && outside(config->bits, 8, 16))
        return vmt_fail(error, -EINVAL, "%d bits per sample; 8 to 16 are supported",
                        config->bits);
    return 0;
}

static int check_limits(const VmtConfig *config, VmtError *error)
{
    if (outside(config->renditions, 0, VMT_RENDITIONS_MAX))
        return vmt_fail(error, -EINVAL, "%d renditions; 1 to %d are supported",
                        config->renditions, VMT_RENDITIONS_MAX);
    if (outside(config->threads, 0, VMT_THREADS_MAX))
        return vmt_fail(error, -EINVAL, "%d threads; 1 to %d are supported, 0 is one per "
                        "processor", config->threads, VMT_THREADS_MAX);
    if (config->subsample < 0)
        return vmt_fail(error, -EINVAL, "subsampling by %d; use 1 or more", config->subsample);
    if (outside(config->mode, 0, VMT_MODES - 1))
        return vmt_fail(error, -EINVAL, "mode %d does not exist", config->mode);
    const double limits[2] = { config->vif_gain_limit, config->adm_gain_limit };
    for (int i = 0; i < 2; i++)
        if (limits[i] != 0 && !(limits[i] >= 1 && limits[i] <= 100))
            return vmt_fail(error, -EINVAL, "enhancement gain limit %g; 1 to 100 are supported",
                            limits[i]);
    if (outside(config->cpu, 0, VMT_CPU_LEVELS - 1))
        return vmt_fail(error, -EINVAL, "CPU level %d does not exist", config->cpu);
    if (!vmt_cpu_available(config->cpu))
        return vmt_fail(error, -ENOTSUP, "CPU level %s is not available on this machine",
                        vmt_cpu_name(config->cpu));
    return 0;
}

/* How many processors this process may use. */
static int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        n = CPU_COUNT(&set);
#endif
    return n < 1 ? 1 : n > VMT_THREADS_MAX ? VMT_THREADS_MAX : (int)n;
}

static void configure(VmtContext *ctx, const VmtConfig *config)
{
    VmtFormat *format = &ctx->format;

    ctx->cpu = config->cpu == VMT_CPU_BEST ? vmt_cpu_best() : config->cpu;
    ctx->subsample = config->subsample ? config->subsample : 1;
    ctx->threads = config->threads ? config->threads : processors();
    ctx->stage_times = config->stage_times;
    ctx->slots = ctx->threads == 1 ? 1 : WAITING;
    vmt_tables_fill(&ctx->tables);
    format->width = config->width;
    format->height = config->height;
    format->bits = config->bits ? config->bits : 8;
    format->renditions = config->renditions ? config->renditions : 1;
    format->fast = config->mode == VMT_MODE_FAST;
    format->vif_gain_limit = config->vif_gain_limit != 0 ? config->vif_gain_limit : 100;
    format->adm_gain_limit = config->adm_gain_limit != 0 ? config->adm_gain_limit : 100;
    format->kernels = vmt_kernels(ctx->cpu, format->bits);
    format->kernels_wide = vmt_kernels(ctx->cpu, 16);
    format->tables = &ctx->tables;
    ctx->results.renditions = format->renditions;
}

static int allocate(VmtContext *ctx)
{
    const size_t n = (size_t)ctx->format.renditions;

    ctx->steps = calloc((size_t)ctx->slots, sizeof(*ctx->steps));
    ctx->workers = calloc((size_t)ctx->threads, sizeof(*ctx->workers));
    if (!ctx->steps || !ctx->workers || vmt_held_open(&ctx->held, held_count(ctx)) < 0)
        return -ENOMEM;
    for (int i = 0; i <= ctx->slots; i++) {
        Step *step = i < ctx->slots ? &ctx->steps[i] : &ctx->next;
        if (!(step->dis = calloc(n, sizeof(*step->dis))))
            return -ENOMEM;
    }
    for (int i = 0; i < ctx->threads; i++) {
        Worker *worker = &ctx->workers[i];
        worker->context = ctx;
        worker->dis = calloc(n, sizeof(*worker->dis));
        worker->values = calloc(n, sizeof(*worker->values));
        if (!worker->dis || !worker->values ||
            vmt_extractor_open(&worker->extractor, &ctx->format, ctx->stage_times) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int start(VmtContext *ctx, VmtError *error)
{
    while (ctx->threads > 1 && ctx->started < ctx->threads) {
        Worker *worker = &ctx->workers[ctx->started];
        const int code = pthread_create(&worker->thread, NULL, run, worker);
        if (code)
            return vmt_fail(error, -code, "cannot start thread %d of %d: %s; use fewer threads",
                            ctx->started + 1, ctx->threads, strerror(code));
        ctx->started++;
    }
    return 0;
}

static int make_locks(VmtContext *ctx)
{
    if (pthread_mutex_init(&ctx->lock, NULL))
        return -ENOMEM;
    if (!pthread_cond_init(&ctx->work, NULL)) {
        if (!pthread_cond_init(&ctx->room, NULL)) {
            if (!pthread_cond_init(&ctx->progress, NULL))
                return 0;
            pthread_cond_destroy(&ctx->room);
        }
        pthread_cond_destroy(&ctx->work);
    }
    pthread_mutex_destroy(&ctx->lock);
    return -ENOMEM;
}

int vmt_open(VmtContext **out, const VmtConfig *config, VmtError *error)
{
    *out = NULL;
    vmt_no_error(error);
    int code = check_size(config, error);
    if (code < 0 || (code = check_limits(config, error)) < 0)
        return code;

    VmtContext *ctx = calloc(1, sizeof(*ctx));
    if (!ctx || make_locks(ctx) < 0) {
        free(ctx);
        return vmt_fail(error, -ENOMEM, "out of memory");
    }
    configure(ctx, config);
    if (allocate(ctx) < 0)
        code = vmt_fail(error, -ENOMEM, "out of memory for %d threads and %d renditions of "
                        "%dx%d: use fewer", ctx->threads, ctx->format.renditions,
                        ctx->format.width, ctx->format.height);
    else
        code = start(ctx, error);
    if (code < 0)
        vmt_close(&ctx);
    *out = ctx;
    return code;
}

int vmt_context_cpu(const VmtContext *ctx)
{
    return ctx->cpu;
}

int vmt_context_threads(const VmtContext *ctx)
{
    return ctx->threads;
}

/* --------------------------------------------------------------------------------- pushing */

static int check_picture(const VmtContext *ctx, const VmtPicture *picture, const char *which,
                         VmtError *error)
{
    const VmtFormat *format = &ctx->format;
    const ptrdiff_t row = (ptrdiff_t)format->width * (format->bits > 8 ? 2 : 1);
    const ptrdiff_t stride = picture->stride;

    if (!picture->data)
        return vmt_fail(error, -EINVAL, "the %s picture has no data", which);
    if (stride < row && stride > -row)
        return vmt_fail(error, -EINVAL, "the stride of the %s picture is %td bytes; a row of %d "
                        "samples has %td", which, stride, format->width, row);
    return 0;
}

static int check_push(const VmtContext *ctx, const VmtPicture *ref, const VmtPicture *dis,
                      VmtError *error)
{
    if (ctx->flushed)
        return vmt_fail(error, -EINVAL, "a picture was pushed after the end: open a new context");
    int code = check_picture(ctx, ref, "reference", error);
    for (int r = 0; code == 0 && r < ctx->format.renditions; r++)
        code = check_picture(ctx, &dis[r], "distorted", error);
    return code;
}

static int check_samples(const VmtContext *ctx, VmtPlane plane, const char *which,
                         VmtError *error)
{
    const VmtFormat *format = &ctx->format;
    unsigned used = 0;

    if (format->bits == 8 || format->bits == 16)
        return 0;
    for (int y = 0; y < format->height; y++)
        used |= format->kernels->sample_bits(vmt_plane_row(plane, y), format->width);
    if (used >> format->bits)
        return vmt_fail(error, -ERANGE, "the %s picture has samples of more than %d bits: state "
                        "its true bit depth, and shift samples that are stored in the high bits "
                        "(P010) down", which, format->bits);
    return 0;
}

static int hold_picture(const VmtContext *ctx, VmtHeld *held, const VmtPicture *picture,
                        const char *which, VmtError *error)
{
    const int code = vmt_held_fill(held, picture, &ctx->format);
    if (code < 0)
        return vmt_fail(error, code, "out of memory for a copy of the %s picture", which);
    return check_samples(ctx, held->plane, which, error);
}

/* Where the next step goes, with pictures that hold nothing yet. The caller has the lock. */
static Step *reserve_step(VmtContext *ctx)
{
    while (ctx->waiting == ctx->slots)
        pthread_cond_wait(&ctx->room, &ctx->lock);
    if (vmt_results_reserve(&ctx->results) < 0)
        return NULL;
    Step *step = &ctx->next;
    step->ref = vmt_held_take(&ctx->held);
    for (int r = 0; r < ctx->format.renditions; r++)
        step->dis[r] = vmt_held_take(&ctx->held);
    return step;
}

static void forget_step(VmtContext *ctx, const Step *step)
{
    vmt_held_forget(&ctx->held, step->ref);
    for (int r = 0; r < ctx->format.renditions; r++)
        vmt_held_forget(&ctx->held, step->dis[r]);
}

/* Put the next step into the ring, in exchange for the list of pictures that is there. */
static void enqueue(VmtContext *ctx)
{
    Step *slot = &ctx->steps[(ctx->oldest + ctx->waiting) % ctx->slots];
    Step *step = &ctx->next;
    VmtHeld **dis = slot->dis;

    step->index = ctx->pushed++;
    step->wanted = step->index % ctx->subsample == 0;
    step->previous = ctx->previous; /* its use passes on to the step */
    ctx->previous = step->ref;
    ctx->previous->users++;
    vmt_results_add(&ctx->results, step->wanted);
    *slot = *step;
    step->dis = dis;
    ctx->waiting++;
}

int vmt_push(VmtContext *ctx, const VmtPicture *reference, const VmtPicture *distorted,
             VmtError *error)
{
    vmt_no_error(error);
    int code = check_push(ctx, reference, distorted, error);
    if (code < 0)
        return code;

    pthread_mutex_lock(&ctx->lock);
    Step *step = reserve_step(ctx);
    pthread_mutex_unlock(&ctx->lock);
    if (!step)
        return vmt_fail(error, -ENOMEM, "out of memory for rows of features");

    code = hold_picture(ctx, step->ref, reference, "reference", error);
    for (int r = 0; code == 0 && r < ctx->format.renditions; r++)
        code = hold_picture(ctx, step->dis[r], &distorted[r], "distorted", error);

    pthread_mutex_lock(&ctx->lock);
    if (code < 0) {
        forget_step(ctx, step);
    } else {
        enqueue(ctx);
        if (ctx->threads == 1)
            work(&ctx->workers[0]);
        else
            pthread_cond_signal(&ctx->work);
    }
    pthread_mutex_unlock(&ctx->lock);
    return code;
}

/* --------------------------------------------------------------------------------- pulling */

static void drop_previous(VmtContext *ctx)
{
    if (ctx->previous)
        vmt_held_drop(&ctx->held, ctx->previous);
    ctx->previous = NULL;
}

int vmt_flush(VmtContext *ctx, VmtError *error)
{
    vmt_no_error(error);
    pthread_mutex_lock(&ctx->lock);
    ctx->flushed = 1;
    drop_previous(ctx);
    pthread_mutex_unlock(&ctx->lock);
    return 0;
}

int vmt_pull(VmtContext *ctx, VmtRow *rows, VmtError *error)
{
    int taken;

    vmt_no_error(error);
    pthread_mutex_lock(&ctx->lock);
    while (!(taken = vmt_results_take(&ctx->results, rows, ctx->flushed)) && ctx->flushed &&
           (ctx->waiting || ctx->busy))
        pthread_cond_wait(&ctx->progress, &ctx->lock);
    pthread_mutex_unlock(&ctx->lock);
    return taken;
}

void vmt_stage_seconds(VmtContext *ctx, double *seconds)
{
    pthread_mutex_lock(&ctx->lock);
    while (ctx->waiting || ctx->busy)
        pthread_cond_wait(&ctx->progress, &ctx->lock);
    for (int stage = 0; stage < VMT_STAGES; stage++) {
        seconds[stage] = 0;
        for (int i = 0; i < ctx->threads; i++)
            seconds[stage] += vmt_extractor_seconds(ctx->workers[i].extractor, stage);
    }
    pthread_mutex_unlock(&ctx->lock);
}

/* --------------------------------------------------------------------------------- closing */

static void stop(VmtContext *ctx)
{
    pthread_mutex_lock(&ctx->lock);
    ctx->closing = 1;
    pthread_cond_broadcast(&ctx->work);
    pthread_mutex_unlock(&ctx->lock);
    while (ctx->started > 0)
        pthread_join(ctx->workers[--ctx->started].thread, NULL);
}

/* Let go of what no worker will take any more. */
static void abandon(VmtContext *ctx)
{
    VmtHeld *dis[VMT_RENDITIONS_MAX];

    while (ctx->waiting) {
        const Step step = take_step(ctx, dis);
        for (int r = 0; r < ctx->format.renditions; r++)
            vmt_held_drop(&ctx->held, dis[r]);
        vmt_held_drop(&ctx->held, step.ref);
        if (step.previous)
            vmt_held_drop(&ctx->held, step.previous);
    }
    drop_previous(ctx);
}

void vmt_close(VmtContext **context)
{
    VmtContext *ctx = *context;

    *context = NULL;
    if (!ctx)
        return;
    stop(ctx);
    abandon(ctx);
    for (int i = 0; ctx->workers && i < ctx->threads; i++) {
        if (ctx->workers[i].extractor)
            vmt_extractor_close(&ctx->workers[i].extractor);
        free(ctx->workers[i].dis);
        free(ctx->workers[i].values);
    }
    for (int i = 0; ctx->steps && i < ctx->slots; i++)
        free(ctx->steps[i].dis);
    free(ctx->next.dis);
    vmt_held_close(&ctx->held, held_count(ctx));
    vmt_results_free(&ctx->results);
    pthread_cond_destroy(&ctx->work);
    pthread_cond_destroy(&ctx->room);
    pthread_cond_destroy(&ctx->progress);
    pthread_mutex_destroy(&ctx->lock);
    free(ctx->steps);
    free(ctx->workers);
    free(ctx);
}
