#!/bin/sh
# again: a program that executes itself with each round; the number of the round is an argument. (Protocol of chain.h, without
# steps and a verdict.)
round=${1:-0}
[ "$round" != 0 ] || echo "READY $$"
echo "round $round ok"
exec "$0" $((round + 1))
