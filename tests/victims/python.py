#!/usr/bin/python3
"""A Python program that knows its expected contents; uses the protocol of chain.h."""
import hashlib, os, random, time
import victim
from victim import say


class Store:
    """Values of many sizes under many keys, each to be found again from (key, version) alone."""

    def __init__(self, keys):
        self.version = dict.fromkeys(range(keys), 0)
        self.value = {k: self.expected(k) for k in self.version}

    def expected(self, key):
        seed = hashlib.sha256(b'%d.%d' % (key, self.version[key])).digest()
        return seed * (1 + key % 97)

    def rewrite(self, key):
        self.version[key] += 1
        self.value[key] = self.expected(key)

    def wrong(self, keys):
        return [k for k in keys if self.value[k] != self.expected(k)]


victim.listen()
store, chance, rounds, stepped = Store(4000), random.Random(1), 0, 0
ballast = bytearray(range(256)) * (4 << 12)  # 4 MiB, never written again
digest = hashlib.sha256(ballast).digest()
say('READY %d' % os.getpid())
bad = None
while not victim.stop and not bad:
    for _ in range(20):
        store.rewrite(chance.randrange(4000))
    bad = store.wrong(range(rounds % 8, 4000, 8))
    if rounds % 8 == 0 and hashlib.sha256(ballast).digest() != digest:
        bad = 'ballast'
    if bad:
        say('BAD %s' % bad)
    say('round %d %s' % (rounds, 'WRONG' if bad else 'ok'))
    rounds += 1
    while stepped < victim.steps:
        stepped += 1
        say('STEP %d' % stepped)
    time.sleep(0.05)
say('VERDICT %s' % ('bad' if bad or store.wrong(store.version) else 'ok'))
