#!/bin/sh
# How good is a smaller rendition on a large screen? scaled.sh RENDITION SOURCE WIDTH HEIGHT
# WIDTH and HEIGHT are the source's: the rendition is scaled up to them, as a player does.
set -eu
exec "${FFMPEG:-ffmpeg}" -hide_banner -nostats -i "$1" -i "$2" \
    -lavfi "[0:v]scale=$3:$4:flags=bicubic[shown];[shown][1:v]vmaf_tiny" -an -f null -
