// Arrays that are filled, copied into larger ones and dropped, so that the collector moves the others; uses the protocol of
// chain.h.

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;

public class Juggler {
    static final int ARRAYS = 8, MOST = 150_000;
    static final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    static final AtomicInteger steps = new AtomicInteger();
    static volatile boolean stop;
    static long names;

    long name;
    int length;
    long[] of;

    Juggler(int first) {
        begin();
        grow(first);
    }

    void begin() {
        name = ++names;
        length = 0;
        of = new long[16];
    }

    long element(int i) {
        return name * 0x9E3779B97F4A7C15L ^ i * 0xD1B54A32D192ED03L;
    }

    void grow(int count) {
        if (length + count > MOST)
            begin();
        if (length + count > of.length)
            of = Arrays.copyOf(of, (length + count) * 3 / 2);
        for (int end = length + count; length < end; length++)
            of[length] = element(length);
    }

    boolean wrong() {
        for (int i = 0; i < length; i++)
            if (of[i] != element(i))
                return true;
        return false;
    }

    static void say(String line) throws IOException {
        out.write((line + "\n").getBytes()); // in one write
    }

    public static void main(String[] arguments) throws Exception {
        Signal.handle(new Signal("TERM"), signal -> stop = true);
        Signal.handle(new Signal("USR1"), signal -> steps.incrementAndGet());
        var all = new Juggler[ARRAYS];
        for (int n = 0; n < ARRAYS; n++)
            all[n] = new Juggler(10_000 * (n + 1));
        say("READY " + ProcessHandle.current().pid());
        boolean bad = false;
        for (int round = 0, stepped = 0; !stop && !bad; round++) {
            all[round % ARRAYS].grow(3_000);
            bad = all[round % ARRAYS].wrong();
            for (; stepped < steps.get() && !bad; say("STEP " + ++stepped)) {
                for (var one : all)
                    one.grow(40_000);
                System.gc();
            }
            if (bad)
                say("BAD array");
            say("round " + round + (bad ? " WRONG" : " ok"));
            Thread.sleep(50);
        }
        for (var one : all)
            bad |= one.wrong();
        say("VERDICT " + (bad ? "bad" : "ok"));
        System.exit(bad ? 1 : 0);
    }
}
