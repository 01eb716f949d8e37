#!/bin/sh
# The fuzz main over the plans that are here: it must hold for them before it can be trusted with anything else.
set -eu
exec ./tests/fuzz_plan "${srcdir:-.}"/tests/plans/*/*.json
