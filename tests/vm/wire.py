"""Network namespaces for a migration: `near`, where a server is, `far`, where it goes to, and `user`, where its clients are. A shaped
link, which carries nothing but the migration, joins near and far. The server's address is at both ends; where its clients get to is
decided by their route, which is what moves with the server."""
import ctypes, json, os, socket, subprocess, threading, time
from guest import must, run

NEAR, FAR, SERVER, USER = '10.9.0.1', '10.9.0.2', '10.9.1.1', '10.9.1.2'
COPIES = 9001  # the port of the connection for files
LATENCY = 'delay 200us limit 10000'
GATES = {'near': ('10.9.2.1', '10.9.2.2'), 'far': ('10.9.3.1', '10.9.3.2')}  # of the server's side, the user's side
CLONE_NEWNET = 0x40000000


def ip(*words):
    result = run('ip', *words)
    must(result.code == 0, f'ip {" ".join(words)}: {result}')
    return result.output


class Wire:
    """Links are named by the namespace that they lead to."""

    def __init__(self, rate):
        self.names = 'near', 'far', 'user'
        for name in self.names:
            ip('netns', 'add', name)
            ip('-n', name, 'link', 'set', 'lo', 'up')
        self.join('near', NEAR, 'far', FAR)
        ip('-n', 'user', 'addr', 'add', USER, 'dev', 'lo')
        for side, (here, there) in GATES.items():
            self.join(side, here, 'user', there)
            ip('-n', side, 'addr', 'add', SERVER, 'dev', 'lo')
            ip('-n', side, 'route', 'add', USER, 'via', there)
        for side, to in ('near', 'far'), ('far', 'near'):
            shape = run('tc', '-n', side, 'qdisc', 'add', 'dev', to, 'root', 'netem', 'rate', rate, *LATENCY.split())
            must(shape.code == 0, f'tc: {shape}')
        self.clients_go_to('near')
        self.source, self.target = self.connection()

    def join(self, one, its, other, the_others):
        ip('link', 'add', other, 'netns', one, 'type', 'veth', 'peer', 'name', one, 'netns', other)
        for name, address, device in (one, its, other), (other, the_others, one):
            ip('-n', name, 'addr', 'add', address + '/30', 'dev', device)
            ip('-n', name, 'link', 'set', device, 'up')

    def within(self, name):
        """Words that start a command in a namespace, all else being as it is here."""
        return ['nsenter', f'--net=/run/netns/{name}']

    def clients_go_to(self, side):
        ip('-n', 'user', 'route', 'replace', SERVER, 'via', GATES[side][0], 'src', USER)

    def carried(self):
        """Bytes that have gone over the shaped link, both ways."""
        told, = json.loads(ip('-n', 'near', '-s', '-j', 'link', 'show', 'dev', 'far'))
        return told['stats64']['tx']['bytes'] + told['stats64']['rx']['bytes']

    def connection(self):
        """From near to far, for files."""
        with self.do_in('far', lambda: socket.create_server((FAR, COPIES))) as listening:
            source = self.do_in('near', lambda: socket.create_connection((FAR, COPIES)))
            return source, listening.accept()[0]

    def do_in(self, name, what):
        """Calls it in a thread of its own, which is in the namespace; a socket stays in the one that it was made in."""
        result = []

        def enter():
            with open(f'/run/netns/{name}') as file:
                must(ctypes.CDLL(None).setns(file.fileno(), CLONE_NEWNET) == 0, f'no way into {name}')
            result.append(what())
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return result[0]

    def copy(self, source, target):
        """The files of a directory, by tar, to one at the other end; seconds."""
        begun = time.monotonic()
        leave = ['--exclude=./parent', '--exclude=*.log']  # (the other end has its own)
        unpack = subprocess.Popen(['tar', '-C', target, '-xf', '-'], stdin=self.target)
        pack = subprocess.Popen(['tar', '-C', source, *leave, '-cf', '-', '.'], stdout=self.source)
        must(pack.wait() == 0, 'tar failed at the near end')
        self.source.shutdown(socket.SHUT_WR)
        must(unpack.wait() == 0, 'tar failed at the far end')
        return time.monotonic() - begun

    def remove(self):
        self.source.close()
        self.target.close()
        for name in self.names:
            if os.path.exists(f'/run/netns/{name}'):
                ip('netns', 'del', name)
