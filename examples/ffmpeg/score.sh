#!/bin/sh
# How good is this encode? score.sh ENCODE SOURCE
# FFMPEG is an ffmpeg with the filter, e.g. build/ffmpeg/vmaf-tiny-ffmpeg.
set -eu
exec "${FFMPEG:-ffmpeg}" -hide_banner -nostats -i "$1" -i "$2" \
    -lavfi "[0:v][1:v]vmaf_tiny" -an -f null -
