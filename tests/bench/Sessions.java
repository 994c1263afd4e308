// Sessions MB: a map of sessions that fills MB MiB of the heap, text and objects, as a server's does. Then it rests.

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;

public class Sessions {
    record Item(int number, int count, double price) {}
    record Session(int user, String name, String token, long since, List<Item> cart) {}

    static final int OF_ONE = 1000; // bytes of a session, about

    public static void main(String[] arguments) throws InterruptedException {
        int sessions = (Integer.parseInt(arguments[0]) << 20) / OF_ONE;
        var chance = new Random(1);
        var all = new HashMap<String, Session>();
        while (all.size() < sessions) {
            var cart = new ArrayList<Item>();
            for (int i = 0; i < 14; i++)
                cart.add(new Item(chance.nextInt(1_000_000), 1 + chance.nextInt(8), chance.nextInt(100_000) / 100.0));
            var token = Long.toHexString(chance.nextLong()) + Long.toHexString(chance.nextLong());
            var session = new Session(chance.nextInt(), "user" + chance.nextInt(100_000) + "@example.org", token,
                1_700_000_000L + chance.nextInt(10_000_000), cart);
            all.put("session:" + Long.toHexString(chance.nextLong()), session);
        }
        System.out.println("READY");
        while (!all.isEmpty())
            Thread.sleep(100_000);
    }
}
