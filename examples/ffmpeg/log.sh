#!/bin/sh
# Where is this encode bad? log.sh ENCODE SOURCE LOG.json
# Every frame goes to the log; the score of every two seconds is shown on the way.
set -eu
exec "${FFMPEG:-ffmpeg}" -hide_banner -nostats -i "$1" -i "$2" \
    -lavfi "[0:v][1:v]vmaf_tiny=log_fmt=json:log_path=$3:stats=2:pool=harmonic_mean" -an -f null -
