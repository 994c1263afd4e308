#!/usr/bin/python3
"""redis-server with data and a client with a model of it; uses the protocol of chain.h.

We are the root of the tree: the server is our child, and the connection (a unix socket) stays open all the time, so
the client goes on after the restore where it was, in the middle of the conversation.

redis [KEYS [PAUSE [SIZE]]]: how many keys (4000), how many seconds between two rounds of the client (0.1; 0 is full load), how
large the values are (1, which is 450 bytes on average)."""
import ctypes, os, random, signal, subprocess, sys, time
import victim
from resp import Client
from victim import say

KEYS, PAUSE, SIZE = [kind(given) for kind, given in zip((int, float, int), sys.argv[1:] + ['4000', '0.1', '1'][len(sys.argv) - 1:])]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def expected(key, version):
    return (b'%d.%d.' % (key, version)) * (SIZE * (50 + key % 150))


socket_path = os.path.abspath('redis.sock')
server = subprocess.Popen(
    ['redis-server', '--port', '0', '--unixsocket', socket_path, '--save', '', '--appendonly', 'no', '--daemonize', 'no',
     '--logfile', os.path.abspath('redis.log'), '--dir', os.getcwd()],
    stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
while not os.path.exists(socket_path):
    time.sleep(0.05)
time.sleep(0.2)
redis = Client(socket_path)
version = dict.fromkeys(range(KEYS), 0)


def write(keys):
    keys = list(keys)
    for k in keys:
        redis.send(b'SET', b'key:%d' % k, expected(k, version[k]))
    return [k for k in keys if redis.answer() != b'+OK']


def wrong(keys):
    keys = list(keys)
    for k in keys:
        redis.send(b'GET', b'key:%d' % k)
    return [k for k in keys if redis.answer() != expected(k, version[k])]


def in_parts(what):
    """A few hundred requests at a time: neither side may fill the other's socket buffer."""
    return [k for first in range(0, len(version), 100) for k in what(range(first, min(first + 100, len(version))))]


bad = in_parts(write)
victim.listen()
chance, rounds, stepped = random.Random(1), 0, 0
say('READY %d' % os.getpid())
while not victim.stop and not bad:
    keys = {chance.randrange(len(version)) for _ in range(20)}
    for k in keys:
        version[k] += 1
    bad = write(keys) or wrong(chance.sample(range(len(version)), 40))
    if bad:
        say('BAD keys %s' % bad[:5])
    say('round %d %s' % (rounds, 'WRONG' if bad else 'ok'))
    rounds += 1
    while stepped < victim.steps:
        stepped += 1
        say('STEP %d' % stepped)
    time.sleep(PAUSE)
bad = bad or in_parts(wrong)
server.terminate()
if server.wait():
    bad = 'server'
say('VERDICT %s' % ('bad' if bad else 'ok'))
