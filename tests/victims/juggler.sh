#!/bin/sh
# juggler: a JVM (Juggler.java, compiled by build). It has no shared file of performance counters, which criu would miss, a
# small heap, and few threads.
exec java -XX:-UsePerfData -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms24m -Xmx48m -Xss512k \
    -cp "$(dirname "$0")/java.classes" Juggler
