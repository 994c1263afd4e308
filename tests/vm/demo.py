#!/usr/bin/python3
"""demo.py --predump FILE   The part of tests/demo that needs soft-dirty: predump checkpoint of a redis-server at work that runs
on, another one that ends it, and criu restore. What a client waits for meanwhile is measured by a program of its own: it asks
for a key by one TCP connection, which is open all the time, over the restore, too. The exit code says whether all was right."""
import json, os, re, shlex, shutil, signal, socket, subprocess, sys, tempfile, time

PORT, KEYS = 7000, 100000
PAUSE, LEAST = 0.005, 2  # seconds between two questions of the client's, and of each part of the show
COST = '/var/lib/predump/dump-cost.json'
QUESTION, SERVED = b'GET predump:demo\r\n', b'INFO stats\r\n'


# ---- the client, a process of its own: TIME WAITED a line, and now and then COMMANDS-SERVED-SO-FAR ----

def ask(redis, question):
    redis.sendall(question)
    answer = redis.recv(65536)
    if not answer.startswith(b'$'):
        sys.exit(f'wrong answer: {answer}')
    return answer


def client():
    redis, count = socket.create_connection(('127.0.0.1', PORT)), 0
    while True:
        begun = time.time()
        ask(redis, QUESTION)
        now = time.time()
        served = ''
        if count % 10 == 0:
            served = re.search(rb'total_commands_processed:(\d+)', ask(redis, SERVED)).group(1).decode()
        count += 1
        print(f'{now:.6f} {now - begun:.6f} {served}', flush=True)
        time.sleep(PAUSE)


# ---- the show ----

class Show:
    def __init__(self, predump):
        self.predump, self.home = predump, tempfile.mkdtemp(prefix='demo.')
        self.started, self.marks, self.bad = [], [], 0
        self.images = self.home + '/ckpt'

    def start(self, name, *command):
        with open(f'{self.home}/{name}.log', 'a') as log:
            job = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                                   start_new_session=True)
        self.started.append(job)
        return job

    def ask(self, *words):
        return subprocess.run(['redis-cli', '-p', str(PORT), *words], text=True, capture_output=True).stdout.strip()

    def benchmark(self, *words):
        return ['redis-benchmark', '-p', str(PORT), '-q', '-r', str(KEYS), '-d', '1024', *words]

    def prepare(self):
        """What is done once on a machine: criu's probes, the modules of its iptables, and the measurement of its dumps."""
        print('predump measures once on a machine what a dump by criu takes ...', flush=True)
        rule = ['INPUT', '-p', 'tcp', '-s', '192.0.2.1', '-m', 'mark', '!', '--mark', '1', '-j', 'DROP']
        for command in (['criu', 'check'], *([tables, do, *rule] for tables in ('iptables', 'ip6tables') for do in ('-A', '-D'))):
            subprocess.run([word.replace('192.0.2.1', '2001:db8::1') if command[0] == 'ip6tables' else word for word in command],
                           capture_output=True)
        small = self.start('small', 'sleep', '1000')
        subprocess.run([self.predump, 'rounds', '-q', '-t', str(small.pid), '-D', self.home + '/small', '--max-rounds', '1'])

    def downtime(self):
        """What is allowed: a little more than what criu takes here for a tree that writes nothing. Milliseconds."""
        with open(COST) as file:
            cost = json.load(file)
        return str(int((1.2 * cost['base_us'] + cost['page_us'] * 256 * 8) / 1000))

    def begin(self):
        redis = self.start('redis', 'redis-server', '--port', str(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly',
                           'no', '--enable-debug-command', 'yes')
        while self.ask('ping') != 'PONG':
            time.sleep(0.1)
        subprocess.run(self.benchmark('-t', 'set', '-n', str(2 * KEYS), '-P', '32', '-c', '2'), stdout=subprocess.DEVNULL)
        self.secret = f'kept in a running redis, {os.urandom(6).hex()}'
        self.ask('set', 'predump:demo', self.secret)
        self.data = self.ask('dbsize'), self.ask('debug', 'digest')
        never = ['--dbnum', '1', '-n', '1000000000']
        self.clients = [self.start('set', *self.benchmark('-t', 'set', '-c', '1', '-P', '8', *never)),
                        self.start('get', *self.benchmark('-t', 'get', '-c', '1', *never)),
                        self.start('client', sys.executable, '-u', sys.argv[0], '--client')]
        resident = re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{redis.pid}/status').read()).group(1)
        print(f'The victim: redis-server, pid {redis.pid}, {self.data[0]} keys, {int(resident) >> 10} MiB resident.\n'
              f'redis-benchmark keeps it at work, and a client asks it for a key every {PAUSE * 1000:.0f} ms.\n', flush=True)
        return redis

    def mark(self, what, at=None):
        """What begins now, or began then."""
        self.marks.append((at or time.time(), what))

    def run(self, *command):
        print('$', shlex.join(command), flush=True)
        code = subprocess.run(command).returncode
        if code:
            log = subprocess.run(f'tail -n 5 {self.images}/*/*.log', shell=True, text=True, capture_output=True).stdout
            sys.exit(f'{command[0]} failed, exit code {code}\n{log}')
        print(flush=True)

    def checkpoint(self, redis, *more, what):
        """Returns its lines; the rounds and the dump are marked as parts of the show."""
        before = len(self.lines())
        self.mark('rounds')
        self.run(self.predump, 'checkpoint', '-t', str(redis.pid), '-D', self.images, '--max-downtime', self.downtime(),
                 *more, '--', '--tcp-established')
        lines = self.lines()[before:]
        rounds, dump = [line for line in lines if 'round' in line], lines[-1]['dump']
        self.marks[-1] = self.marks[-1][0], f'{len(rounds)} round' + 's' * (len(rounds) > 1)
        self.mark(what, os.stat(rounds[-1]['images_dir'] + '/inventory.img').st_mtime)
        return dump

    def lines(self):
        path = self.images + '/predump-rounds.jsonl'
        return [json.loads(line) for line in open(path)] if os.path.exists(path) else []

    def check(self, what, right):
        print(f'  {"ok    " if right else "NOT OK"}  {what}', flush=True)
        self.bad += not right

    def table(self, stops):
        """The client's lines, by the parts of the show."""
        lines = [[float(word) for word in line.split()] for line in open(self.home + '/client.log')]
        told = [(line[0], line[2]) for line in lines if len(line) > 2]

        def served(at):
            """By then, between the two times around it when the server told."""
            (t0, n0), (t1, n1) = next(((a, b) for a, b in zip(told, told[1:]) if b[0] >= at), told[-2:])
            return n0 + (n1 - n0) * (at - t0) / (t1 - t0)
        print(f'{"":32}{"seconds":>10}{"requests/s":>12}{"criu: stopped for":>20}{"longest wait":>15}')
        for (begin, what), (end, _) in zip(self.marks, self.marks[1:]):
            longest = max(line[1] for line in lines if line[0] > begin and line[0] - line[1] < end)
            stop = f'{stops[what] / 1000:.0f} ms' if what in stops else ''
            print(f'{what:32}{end - begin:10.1f}{(served(end) - served(begin)) / (end - begin):12.0f}{stop:>20}'
                  f'{longest * 1000:12.0f} ms')

    def end(self):
        for job in self.started:
            try:
                os.kill(job.pid, signal.SIGKILL)  # (the restored one has the same pid)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.home)


def show(predump):
    it = Show(predump)
    try:
        os.mkdir(it.images)
        it.prepare()
        redis = it.begin()
        time.sleep(1)
        stops, left, ended = {}, 'dump, redis runs on', 'dump, redis ends; restore'
        it.mark('before')
        time.sleep(LEAST)
        stops[left] = it.checkpoint(redis, '--leave-running', what=left)['stop_us']
        it.mark('redis has run on')
        time.sleep(LEAST)
        dump = it.checkpoint(redis, what=ended)
        stops[ended] = dump['stop_us']
        redis.wait()
        restoring = time.time()
        it.run(*shlex.split(dump['restore']), '-d', *([] if '--tcp-established' in dump['restore'] else ['--tcp-established']))
        restored = time.time() - restoring
        time.sleep(LEAST)
        it.mark('restored')
        time.sleep(LEAST)
        it.mark('the end')
        running = all(job.poll() is None for job in it.clients)
        it.table(stops)
        print(f'''
"longest wait" is what the client saw, from a question to its answer. It asks by one TCP connection, which criu restores with the
server (--tcp-established); what is lost while the server is gone, TCP asks again after 0.2, 0.4, 0.8 ... seconds. The restore
itself took {restored:.1f} s. All of this in an emulated machine with one processor, which clients, predump and criu share.
''')
        it.check('benchmark and client were answered all the while, without an error and by the same connections', running)
        for job in it.clients:
            job.kill()
        it.ask('-n', '1', 'flushdb')  # (the benchmarks')
        it.check(f'a value that lives only in redis\' memory: "{it.secret}"', it.ask('get', 'predump:demo') == it.secret)
        it.check(f'its data are as before: {it.data[0]} keys, digest {it.data[1][:12]}...',
                 (it.ask('dbsize'), it.ask('debug', 'digest')) == it.data)
        return it.bad
    finally:
        it.end()


if '--client' in sys.argv:
    client()
sys.exit(show(sys.argv[sys.argv.index('--predump') + 1]))
