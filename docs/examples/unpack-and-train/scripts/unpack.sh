#!/bin/bash
# unpack.sh ARCHIVE FOLDER
set -eu
tar -xzf "$1" -C "$2"
ls "$2"
