#!/bin/sh
# juggler: a JVM (Juggler.java, compiled by build). No counters for others in a shared file, which criu would miss; a small heap, and no
# more threads than that needs.
exec java -XX:-UsePerfData -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms24m -Xmx48m -Xss512k -cp "$(dirname "$0")/java.classes" Juggler
