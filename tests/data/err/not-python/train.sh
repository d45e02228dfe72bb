#!/bin/bash
set -e
python fit.py --epochs 2
