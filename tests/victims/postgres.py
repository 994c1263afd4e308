#!/usr/bin/python3
"""A postgres server under pgbench's load, with a client that audits its books; uses the protocol of chain.h.

We are the root of the tree, in an IPC namespace of our own (criu dumps System V's shared memory only with its namespace). The
server, pgbench and their connections are in the tree, so all of them go on after the restore in the middle of what they did.
Whatever moment that is: accounts, tellers and branches must be what the history of transfers says, and no entry that we made in
a journal of our own may be missing or come twice.

postgres [RATE [SCALE]]: transfers per second (20; 0: as many as it can), and branches, of 100000 accounts each (1)."""
import ctypes, glob, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time
import victim
from victim import say

RATE, SCALE = [int(word) for word in sys.argv[1:] + ['20', '1'][len(sys.argv) - 1:]]
CLONE_NEWIPC = 0x08000000
NOBODY = 65534  # (the server refuses to be root's)
PROGRAMS = sorted(glob.glob('/usr/lib/postgresql/*/bin'))[-1]
BOOKS = '''SELECT sum(delta) = (SELECT sum(tbalance) FROM pgbench_tellers)
    AND sum(delta) = (SELECT sum(bbalance) FROM pgbench_branches)
    AND (%s OR sum(delta) = (SELECT sum(abalance) FROM pgbench_accounts)), count(*) FROM pgbench_history'''


def as_nobody():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # it ends with us
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # (a change of the user has undone it)


def start(program, *words):
    with open(home + '/' + program + '.log', 'a') as log:
        return subprocess.Popen([f'{PROGRAMS}/{program}', *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home,
                                preexec_fn=as_nobody)


def run(program, *words):
    if start(program, *words).wait():
        with open(f'{home}/{program}.log') as log:
            sys.exit(f'BAD {program}: {log.read()[-800:]}')


class Client:
    """The least of its protocol: simple queries, the first column of each row as text."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(home + '/.s.PGSQL.5432')
        self.file = self.socket.makefile('rb')
        words = b'user\0nobody\0database\0postgres\0\0'
        self.socket.sendall(struct.pack('!II', len(words) + 8, 196608) + words)
        self.answer()

    def ask(self, query):
        query = query.encode() + b'\0'
        self.socket.sendall(b'Q' + struct.pack('!I', len(query) + 4) + query)
        return self.answer()

    def answer(self):
        rows, error = [], None
        while True:
            kind, length = struct.unpack('!cI', self.file.read(5))
            body = self.file.read(length - 4)
            if kind == b'E':
                error = body
            elif kind == b'D':
                rows.append(columns(body))
            elif kind == b'Z':
                if error:
                    raise OSError(error)
                return rows


def columns(row):
    values, at = [], 2
    for _ in range(struct.unpack('!H', row[:2])[0]):
        length = struct.unpack('!i', row[at:at + 4])[0]
        values.append(row[at + 4:at + 4 + length].decode() if length >= 0 else None)
        at += 4 + max(length, 0)
    return values


def wrong_books(quick):
    """What is wrong with them; nothing is written meanwhile in the one snapshot that a statement sees."""
    global transfers
    right, count = postgres.ask(BOOKS % str(quick).lower())[0]
    journal = postgres.ask('SELECT count(*), count(DISTINCT n), max(n) FROM journal')[0]
    if right == 'f':  # (null: no transfer yet)
        return 'the balances are not the sum of the transfers'
    if int(count) < transfers:
        return f'{transfers} transfers have become {count}'
    if rounds and journal != [str(rounds), str(rounds), str(rounds - 1)]:
        return f'the journal has {journal} after {rounds} entries'
    transfers = int(count)
    return load.poll() is not None and f'pgbench has ended: {load.returncode}'


if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWIPC):
    sys.exit('BAD unshare: ' + os.strerror(ctypes.get_errno()))
home = tempfile.mkdtemp(prefix='postgres.', dir='/tmp')
if os.geteuid() == 0:
    os.chown(home, NOBODY, NOBODY)
run('initdb', '-D', home + '/data', '-A', 'trust', '-U', 'nobody', '--no-sync', '--no-locale', '-E', 'UTF8')
server = start('postgres', '-D', home + '/data', '-k', home, '-c', 'listen_addresses=', '-c', 'shared_buffers=16MB',
               '-c', 'fsync=off')
while subprocess.run([PROGRAMS + '/pg_isready', '-q', '-h', home]).returncode:
    time.sleep(0.2)
at_server = ['-h', home, '-U', 'nobody']
run('pgbench', *at_server, '-i', '-q', '-s', str(SCALE), 'postgres')
postgres = Client()
postgres.ask('CREATE TABLE journal (n int)')
load = start('pgbench', *at_server, '-n', '-c', '2', '-T', '1000000', *(['-R', str(RATE)] if RATE else []), 'postgres')
transfers = rounds = 0
bad = wrong_books(quick=False)
victim.listen()
say('READY %d' % os.getpid())
while not victim.stop and not bad:
    postgres.ask(f'INSERT INTO journal VALUES ({rounds})')
    rounds += 1
    bad = wrong_books(quick=True)
    if bad:
        say(f'BAD {bad}')
    say('round %d %s' % (rounds - 1, 'WRONG' if bad else 'ok'))
    time.sleep(0.2)
bad = bad or wrong_books(quick=False)
if bad:
    say(f'BAD {bad}')
load.terminate()
load.wait()
server.send_signal(signal.SIGINT)
if server.wait() and not bad:
    say('BAD the server')
    bad = 'server'
print(f'{transfers} transfers', flush=True)
shutil.rmtree(home)
say('VERDICT %s' % ('bad' if bad else 'ok'))
