#!/bin/sh
# What some tests use and pip cannot bring: a virtual screen with a window manager, someone to press keys there,
# Qt's xcb libraries, and strace.
# Installed only by root on Debian; elsewhere those tests are skipped, with the reason.
packages="strace xvfb xauth evilwm libx11-6 libxtst6 libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1
libfreetype6 libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
libxcb-render-util0 libxcb-render0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libxcb-util1"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not root on Debian: tests that need a screen or strace are skipped where these are missing."
    exit 0
fi
missing=
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 ||
    echo "Could not install:$missing; the tests that need them are skipped."
