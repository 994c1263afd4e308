#!/usr/bin/python3
"""A Python program that builds large lists, arrays and byte strings, which realloc(3) moves as they grow; uses the protocol of
chain.h."""
import array, os, time
import victim
from victim import say


class Growing:
    """One of each kind, appended to in turn; what is in them follows from a name and the index."""
    MOST = 200_000

    def __init__(self, name):
        self.name = name
        self.begin()

    def begin(self):
        self.name += 1000
        self.numbers, self.packed, self.bytes = [], array.array('Q'), bytearray()

    def expected(self, start, end):
        return range(self.name + start * 7, self.name + end * 7, 7)

    def grow(self, count):
        if len(self.numbers) + count > self.MOST:
            self.begin()
        start = len(self.numbers)
        more = self.expected(start, start + count)
        self.numbers.extend(more)
        self.packed.extend(more)
        self.bytes.extend(array.array('Q', more).tobytes())

    def wrong(self):
        wanted = array.array('Q', self.expected(0, len(self.numbers)))
        if self.packed != wanted:
            return 'array'
        if self.bytes != wanted.tobytes():
            return 'bytes'
        return self.numbers != list(wanted) and 'list'


victim.listen()
growing, rounds, stepped, bad = [Growing(name) for name in range(4)], 0, 0, None
for number, one in enumerate(growing):
    one.grow(30_000 * (number + 1))
say('READY %d' % os.getpid())
while not victim.stop and not bad:
    one = growing[rounds % len(growing)]
    one.grow(2_000)
    bad = one.wrong()
    while stepped < victim.steps and not bad:
        for one in growing:
            one.grow(50_000)
        stepped += 1
        say('STEP %d' % stepped)
    if bad:
        say('BAD %s' % bad)
    say('round %d %s' % (rounds, 'WRONG' if bad else 'ok'))
    rounds += 1
    time.sleep(0.05)
bad = bad or any(one.wrong() for one in growing)
say('VERDICT %s' % ('bad' if bad else 'ok'))
