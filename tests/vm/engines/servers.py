"""Page servers for chains of containers: criu's, one for each round, or predump's, one for the complete chain."""
import os, shutil, signal, subprocess
from guest import eventually, must, read, run

PORT = 12321


class PageServer:
    """The pages of round N are in HOME/s/N, the rest of its images in HOME/N."""

    def __init__(self, given, home):
        self.given, self.home, self.count = given, home, 0
        self.whose, self.pid_file = given.page_server, home + '/server.pid'
        os.mkdir(home + '/s')
        if self.whose == 'predump':
            self.start(given.predump, 'page-server', '-D', home + '/s', '--forever')

    def start(self, *command):
        log = f'{self.home}/server-{self.count}.log'
        subprocess.run([*command, '--address', '127.0.0.1', '--port', str(PORT + self.count), '-d', '--pidfile', self.pid_file,
                        '-v4', '-o', log], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        must(read(self.pid_file), f'the page server does not start: {read(log)[-1000:]}')  # (criu 3.17's exit code means nothing)

    def begin(self):
        """For the next round; returns what the engine is told."""
        self.count += 1
        if self.whose == 'criu':
            os.mkdir(self.folder())
            based = ['--prev-images-dir', f'../{self.count - 1}'] if self.count > 1 else []
            if os.path.exists(self.pid_file):
                os.remove(self.pid_file)
            self.start('/usr/sbin/criu', 'page-server', '-D', self.folder(), *based)
        return ['--page-server', f'127.0.0.1:{PORT + (self.count if self.whose == "criu" else 0)}']

    def folder(self):
        return f'{self.home}/s/{self.count}'

    def done(self):
        if self.whose == 'criu':
            eventually(lambda: not os.path.exists('/proc/' + read(self.pid_file).strip()), 'a page server that ends')
        must(os.path.exists(self.folder()), f'the page server has no round {self.count}')

    def complete(self, folder):
        """The restore wants all of the last round's images in one place."""
        for name in os.listdir(folder):
            if not os.path.lexists(f'{self.folder()}/{name}'):
                shutil.copy(f'{folder}/{name}', self.folder(), follow_symlinks=False)
        return self.folder()

    def end(self):
        if self.whose == 'predump':
            os.kill(int(read(self.pid_file)), signal.SIGTERM)
