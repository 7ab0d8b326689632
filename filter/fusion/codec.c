// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define BLIND "blind"

/* Presets from the fastest to the slowest on one scale, 0 to 9. */
#define X26X                                                                                       \
    "{\"ultrafast\":0,\"superfast\":1,\"veryfast\":2,\"faster\":3,\"fast\":4,\"medium\":5,"       \
    "\"slow\":6,\"slower\":7,\"veryslow\":8,\"placebo\":9}"
#define NVENC "{\"p1\":0,\"p2\":2,\"p3\":3,\"p4\":5,\"p5\":6,\"p6\":7,\"p7\":9}"
#define QSV                                                                                        \
    "{\"veryfast\":2,\"faster\":3,\"fast\":4,\"medium\":5,\"slow\":6,\"slower\":7,\"veryslow\":8}"

/*
 * How the first models with a vocabulary were fed, whose sidecars name the encoders only. Used for
 * each member that a sidecar does not have.
 */
static const char usual[] =
    "{\"encoder_aliases\":{\"h264\":\"libx264\",\"x264\":\"libx264\",\"hevc\":\"libx265\","
    "\"x265\":\"libx265\",\"av1\":\"libsvtav1\",\"vvc\":\"libvvenc\",\"vp9\":\"libvpx-vp9\"},"
    "\"encoder_presets\":{\"libx264\":" X26X ",\"libx265\":" X26X ",\"libsvtav1\":{\"0\":0,"
    "\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,\"10\":9,\"11\":9,"
    "\"12\":9,\"13\":9},\"libvvenc\":{\"faster\":1,\"fast\":3,\"medium\":5,\"slow\":7,"
    "\"slower\":8},\"libvpx-vp9\":{\"realtime\":0,\"good\":5,\"best\":9},\"h264_nvenc\":" NVENC
    ",\"hevc_nvenc\":" NVENC ",\"av1_nvenc\":" NVENC ",\"h264_qsv\":" QSV ",\"hevc_qsv\":" QSV
    ",\"av1_qsv\":" QSV "},\"preset_max\":9,\"preset_unknown\":5,\"crf_range\":[0,63]}";

/* One encoding in the making. */
typedef struct Encoding {
    const VmtJsonValue *sidecar, *usual, *encoders;
    VmtCodec *out;
    const char *what;
    VmtError *error;
} Encoding;

static const VmtJsonValue *find(const Encoding *e, const char *name, VmtJsonType type)
{
    const VmtJsonValue *value = vmt_json_find(e->sidecar, name);
    if (!value)
        return vmt_json_get(e->usual, name, type);
    return value->type == type ? value : NULL;
}

static int bad_sidecar(const Encoding *e, const char *member)
{
    return vmt_fail(e->error, -EBADMSG, "%s takes a codec block, but its sidecar, the .json file "
                    "beside it, has no usable %s: take the one that belongs to the model",
                    e->what, member);
}

/* "a, b, c" of strings or of members' names, cut to what fits. */
static void list(const VmtJsonValue *values, char *text, size_t size)
{
    text[0] = '\0';
    const VmtJsonValue *item = values ? values->first : NULL;
    for (; item; item = item->next) {
        const size_t n = strlen(text);
        snprintf(text + n, size - n, "%s%s", n ? ", " : "", item->name ? item->name : item->string);
    }
}

static int copy(const Encoding *e, char *to, size_t size, const char *from, const char *option)
{
    if (strlen(from) >= size)
        return vmt_fail(e->error, -EINVAL, "%s '%.40s...' is too long", option, from);
    strcpy(to, from);
    return 0;
}

/* Place of an encoder in the vocabulary, or -1. */
static int place_of(const Encoding *e, const char *encoder)
{
    int place = 0;
    for (const VmtJsonValue *item = e->encoders->first; item; item = item->next, place++)
        if (strcmp(item->string, encoder) == 0)
            return place;
    return -1;
}

static int read_vocabulary(Encoding *e)
{
    e->encoders = vmt_json_get(e->sidecar, "encoder_vocab", VMT_JSON_ARRAY);
    if (!e->encoders || e->encoders->count + 2 != (size_t)e->out->width)
        return bad_sidecar(e, "encoder_vocab");
    for (const VmtJsonValue *item = e->encoders->first; item; item = item->next)
        if (item->type != VMT_JSON_STRING || strlen(item->string) >= sizeof(e->out->encoder))
            return bad_sidecar(e, "encoder_vocab");
    return 0;
}

/* -EINVAL with the list of encoders. */
static int refuse_encoder(const Encoding *e, const char *codec)
{
    char encoders[600], which[80] = "";
    list(e->encoders, encoders, sizeof(encoders));
    if (codec)
        snprintf(which, sizeof(which), ", which '%.40s' is not", codec);
    return vmt_fail(e->error, -EINVAL, "%.200s is conditioned on the encoder%s: give codec, one of "
                    "%s; or " BLIND " for a score without that knowledge", e->what, which,
                    encoders);
}

static int encode_encoder(const Encoding *e, const char *codec)
{
    int place = place_of(e, codec);
    const VmtJsonValue *aliases = find(e, "encoder_aliases", VMT_JSON_OBJECT);
    const VmtJsonValue *alias = vmt_json_get(aliases, codec, VMT_JSON_STRING);
    if (place < 0 && alias) {
        codec = alias->string;
        place = place_of(e, codec);
    }
    if (place < 0)
        return refuse_encoder(e, codec);
    e->out->block[place] = 1;
    return copy(e, e->out->encoder, sizeof(e->out->encoder), codec, "codec");
}

static int encode_preset(const Encoding *e, const char *preset)
{
    VmtCodec *out = e->out;
    const VmtJsonValue *max = find(e, "preset_max", VMT_JSON_NUMBER);
    const VmtJsonValue *ordinal = find(e, "preset_unknown", VMT_JSON_NUMBER);
    if (!max || !(max->number > 0) || !ordinal)
        return bad_sidecar(e, "preset_max and preset_unknown");
    if (preset) {
        const VmtJsonValue *presets = find(e, "encoder_presets", VMT_JSON_OBJECT);
        presets = vmt_json_get(presets, out->encoder, VMT_JSON_OBJECT);
        ordinal = vmt_json_get(presets, preset, VMT_JSON_NUMBER);
        char known[400];
        list(presets, known, sizeof(known));
        if (!ordinal && !*known)
            return vmt_fail(e->error, -EINVAL, "%s knows no presets of %s: leave preset out",
                            e->what, out->encoder);
        if (!ordinal)
            return vmt_fail(e->error, -EINVAL, "%s knows no preset '%.40s' of %s: give one of %s, "
                            "or leave it out", e->what, preset, out->encoder, known);
        const int rc = copy(e, out->preset, sizeof(out->preset), preset, "preset");
        if (rc)
            return rc;
    }
    out->block[out->width - 2] = ordinal->number / max->number;
    return 0;
}

/* A number as JSON has it, whatever the locale; false if it is none. */
static bool read_number(const char *text, double *number, int *rc)
{
    VmtJson *json;
    *rc = vmt_json_open(&json, text, strlen(text), "crf", NULL);
    const bool is = *rc == 0 && vmt_json_root(json)->type == VMT_JSON_NUMBER;
    if (is)
        *number = vmt_json_root(json)->number;
    vmt_json_close(&json);
    return is;
}

static int encode_crf(const Encoding *e, const char *crf)
{
    VmtCodec *out = e->out;
    const VmtJsonValue *range = find(e, "crf_range", VMT_JSON_ARRAY);
    const VmtJsonValue *low = range && range->count == 2 ? range->first : NULL;
    if (!low || low->type != VMT_JSON_NUMBER || low->next->type != VMT_JSON_NUMBER ||
        !(low->next->number > low->number))
        return bad_sidecar(e, "crf_range");
    const double from = low->number, to = low->next->number;
    double number = 0;
    int rc = 0;
    const bool given = crf && read_number(crf, &number, &rc);
    if (rc == -ENOMEM)
        return vmt_fail(e->error, rc, "out of memory");
    if (!given || !(number >= from && number <= to))
        return vmt_fail(e->error, -EINVAL, "%s wants the CRF that %s encoded with, %g to %g%s%.40s"
                        "%s: give crf, or codec " BLIND, e->what, out->encoder, from, to,
                        crf ? ", not '" : "", crf ? crf : "", crf ? "'" : "");
    out->block[out->width - 1] = (number - from) / (to - from);
    return copy(e, out->crf, sizeof(out->crf), crf, "crf");
}

static int encode_blind(const Encoding *e, const VmtModelConfig *config)
{
    VmtCodec *out = e->out;
    if (config->preset || config->crf)
        return vmt_fail(e->error, -EINVAL, "codec " BLIND " takes no preset and no crf: leave them "
                        "out or name the encoder");
    strcpy(out->encoder, BLIND);
    const VmtJsonValue *block = vmt_json_find(e->sidecar, "codec_blind");
    if (!block) {
        const int place = place_of(e, "unknown");
        out->block[place < 0 ? 0 : place] = 1;
        out->block[out->width - 2] = out->block[out->width - 1] = 0.5;
        return 0;
    }
    if (block->type != VMT_JSON_ARRAY || block->count != (size_t)out->width)
        return bad_sidecar(e, "codec_blind");
    int i = 0;
    for (const VmtJsonValue *item = block->first; item; item = item->next) {
        if (item->type != VMT_JSON_NUMBER)
            return bad_sidecar(e, "codec_blind");
        out->block[i++] = item->number;
    }
    return 0;
}

static int encode(Encoding *e, const VmtModelConfig *config)
{
    int rc = read_vocabulary(e);
    if (rc == 0 && !config->codec)
        rc = refuse_encoder(e, NULL);
    if (rc)
        return rc;
    if (strcmp(config->codec, BLIND) == 0)
        return encode_blind(e, config);
    rc = encode_encoder(e, config->codec);
    if (rc == 0)
        rc = encode_preset(e, config->preset);
    return rc ? rc : encode_crf(e, config->crf);
}

int vmt_codec_encode(VmtCodec *out, const VmtJsonValue *sidecar, int width,
                     const VmtModelConfig *config, const char *what, VmtError *error)
{
    *out = (VmtCodec){.width = width};
    if (!width && !config->codec_optional && (config->codec || config->preset || config->crf))
        return vmt_fail(error, -EINVAL, "%s is not conditioned on the encoder: leave codec, preset "
                        "and crf out", what);
    if (!width)
        return 0;
    VmtJson *json;
    int rc = vmt_json_open(&json, usual, sizeof(usual) - 1, "codec", error);
    if (rc)
        return rc;
    Encoding e = {.sidecar = sidecar, .usual = vmt_json_root(json), .out = out, .what = what,
                  .error = error};
    rc = encode(&e, config);
    vmt_json_close(&json);
    return rc;
}
