#!/usr/bin/python3
"""keeper HOST PORT KEYS SIZE RATE: a client that fills redis with KEYS values of SIZE bytes, rewrites RATE of them in a second, all in
the first quarter, and keeps a journal of what redis has said yes to. Where its connection is lost it connects anew, and writes once
more what was under way, which may be there or not. At its end it reads all values. The protocol is chain.h's, but it is no victim."""
import os, random, sys, time
import victim
from resp import Client
from victim import say

ADDRESS = sys.argv[1], int(sys.argv[2])
KEYS, SIZE, RATE = map(int, sys.argv[3:])
TURN, PATIENCE, TOGETHER = 0.05, 1, 100  # seconds, seconds, keys
chance = random.Random(1)
# what programs keep: text with numbers in it
TEXT = b''.join(b'{"id":%d,"name":"customer-%d","balance":%d.%02d,"token":"%032x"},' % (
    n, chance.randrange(10**6), chance.randrange(10**5), chance.randrange(100), chance.getrandbits(128)) for n in range(1000))
version = dict.fromkeys(range(KEYS), 0)
redis = None


def value(key, version):
    head, at = b'%d.%d.' % (key, version), (key * 7919 + version * 104729) % (len(TEXT) - SIZE)
    return head + TEXT[at:at + SIZE - len(head)]


def connect():
    global redis
    while redis is None:
        try:
            redis = Client(ADDRESS, PATIENCE)
        except OSError:
            time.sleep(TURN)


def lose():
    global redis
    redis.close()
    redis = None


def write(keys, step):
    """The values' next versions; returns those that redis has not said yes to when the connection was lost."""
    connect()
    left = list(keys)
    try:
        redis.send_all([(b'SET', b'key:%d' % key, value(key, version[key] + step)) for key in left])
        while left:
            answer = redis.answer()
            if answer != b'+OK':
                sys.exit(say('BAD answer %s' % answer))
            version[left.pop(0)] += step
    except OSError:
        lose()
    return left


def read(keys):
    """What redis has, asked for anew wherever a connection is lost."""
    keys = list(keys)
    while True:
        connect()
        try:
            redis.send_all([(b'GET', b'key:%d' % key) for key in keys])
            return {key: redis.answer() for key in keys}
        except OSError:
            lose()


def wrong(keys, under_way=0):
    """Those that are not what was said yes to last, nor what was under way."""
    found = read(keys)
    return [key for key in keys if found[key] not in (value(key, version[key]), value(key, version[key] + under_way))]


def in_parts(what):
    return [key for first in range(0, KEYS, TOGETHER) for key in what(range(first, min(first + TOGETHER, KEYS)))]


connect()
redis.send(b'SET', b'asked', b'yes')
redis.answer()
bad = in_parts(lambda keys: write(keys, 0))
victim.listen()
say('READY %d' % os.getpid())
rounds, left, begun = 0, [], time.monotonic()
while not bad and (left or not victim.stop):
    left = write(left or {chance.randrange(KEYS // 4) for _ in range(int(RATE * TURN))}, 1)
    bad = wrong(left, 1)  # (and they are written once more)
    say('round %d %s' % (rounds, 'WRONG' if bad else 'ok'))
    rounds += 1
    time.sleep(TURN - (time.monotonic() - begun) % TURN)
bad = bad or in_parts(wrong)
if bad:
    say('BAD keys %s' % bad[:5])
say('VERDICT %s' % ('bad' if bad else 'ok'))
