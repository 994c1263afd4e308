"""A link between two network namespaces, as slow as is asked for, and victims whose memory is that of real programs."""
import json, os, random, socket, subprocess

from workload import Victim


class Link:
    """Two namespaces that end with the processes that hold them, and a pair of devices with a queue of a fixed rate (tc-tbf), or
    what tc-netem makes of a link: 'delay 25ms loss 0.5%'."""

    ADDRESS = '10.9.9.2'  # the far end's

    def __init__(self, rate):
        self.holders = [subprocess.Popen(['unshare', '--net', 'sh', '-c', 'echo; exec sleep infinity'], stdout=subprocess.PIPE)
                        for _ in range(2)]
        for holder in self.holders:
            holder.stdout.readline()
        near, far = (str(holder.pid) for holder in self.holders)
        self.near, self.far = (['nsenter', f'--net=/proc/{pid}/ns/net'] for pid in (near, far))
        self.must('ip', 'link', 'add', 'name', 'wire', 'netns', near, 'type', 'veth', 'peer', 'name', 'wire', 'netns', far)
        for host, address in (self.near, '10.9.9.1'), (self.far, self.ADDRESS):
            self.must(*host, 'ip', 'addr', 'add', f'{address}/24', 'dev', 'wire')
            self.must(*host, 'ip', 'link', 'set', 'wire', 'up', *(['gso_max_segs', '1'] if ' ' in rate else []))
            queue = ['netem', *rate.split(), 'limit', '20000'] if ' ' in rate else ['tbf', 'rate', rate, 'burst', '1mb',
                                                                                    'latency', '50ms']
            self.must(*host, 'tc', 'qdisc', 'add', 'dev', 'wire', 'root', *queue)

    def must(self, *command):
        subprocess.run(command, check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for holder in self.holders:
            holder.kill()
            holder.wait()


def has_netem():
    """Whether this kernel can make a long link of a short one."""
    tried = subprocess.run(['unshare', '--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'],
                           stderr=subprocess.DEVNULL)
    return tried.returncode == 0


class Redis(Victim):
    """A redis-server with MB of sessions: a random key, and a JSON object of fields that are partly random."""

    def __init__(self, programs, work, kind):
        mib = int(kind[1])
        at = os.path.join(work, f'redis-{mib}')
        super().__init__(programs, work, kind, ['redis-server', '--port', '0', '--unixsocket', at, '--save', '',
                                                 '--dir', work])
        chance = random.Random(mib)
        values = [self.session(chance) for _ in range(8 * 1024)]  # (8 MiB of them: nothing compresses over such a distance)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(at)
            stream = client.makefile('rwb')
            for number in range(mib):
                batch = values[number % 8 * 1024:][:1024]
                stream.write(b''.join(self.command(b'SET', b'session:%016x' % chance.getrandbits(64), value) for value in batch))
                stream.flush()
                for _ in batch:
                    stream.readline()

    @staticmethod
    def session(chance):
        value = {'user': chance.randrange(1 << 30), 'name': f'user{chance.randrange(100000)}@example.org',
                 'token': f'{chance.getrandbits(256):064x}', 'since': 1700000000 + chance.randrange(10**7),
                 'cart': [{'item': chance.randrange(10**6), 'count': chance.randrange(1, 9), 'price': chance.randrange(10**5) / 100}
                          for _ in range(14)]}
        return json.dumps(value).encode()

    @staticmethod
    def command(*words):
        return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(word), word) for word in words)


class Java(Victim):
    """A JVM whose heap has MB of objects and text (Sessions.java). Its performance counters are in no shared file."""

    def __init__(self, programs, work, kind):
        heap = [f'-X{which}{int(kind[1]) * 5 // 4}m' for which in ('ms', 'mx')]
        super().__init__(programs, work, kind, ['java', '-XX:-UsePerfData', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', *heap,
                                                '-cp', f'{programs}/java.classes', 'Sessions', kind[1]])
