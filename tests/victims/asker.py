#!/usr/bin/python3
"""asker HOST PORT: a client that asks redis for a key every few milliseconds, and prints when each answer came (seconds since
1970). It is what a client of a server sees that moves: an answer that is late, or a connection that is gone, and it connects anew."""
import sys, time
from resp import Client
from victim import say

ADDRESS = sys.argv[1], int(sys.argv[2])
PAUSE, PATIENCE = 0.005, 0.1  # seconds

redis = None
while True:
    try:
        redis = redis or Client(ADDRESS, PATIENCE)
        redis.send(b'GET', b'asked')
        answer = redis.answer()
    except OSError:
        redis = None
    else:
        say('answered %.6f' % time.time() if answer == b'yes' else 'BAD answer %s' % answer)
    time.sleep(PAUSE)
