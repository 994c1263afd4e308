"""Containers of LXC, which calls criu by its command line."""
import os, shutil
from container import Container
from guest import read, run
from machine import make_root

CONFIG = '''lxc.uts.name = {name}
lxc.rootfs.path = dir:{root}
lxc.net.0.type = empty
lxc.console.path = none
lxc.tty.max = 0
lxc.pty.max = 1
lxc.mount.auto = proc:rw sys:ro
lxc.autodev = 1
lxc.init.cmd = /start
'''


class Lxc(Container):
    engine = 'lxc'
    log = 'pre-dump.log'

    def create(self):
        self.folder_of = f'/var/lib/lxc/{self.name}'
        self.root = self.folder_of + '/root'
        for folder in '/run/lxc', '/var/log/lxc', '/usr/lib/x86_64-linux-gnu/lxc', self.folder_of:
            os.makedirs(folder, exist_ok=True)
        make_root(self.root, self.given.victims)
        with open(self.folder_of + '/config', 'w') as file:
            file.write(CONFIG.format(name=self.name, root=self.root))
        with open(self.root + '/start', 'w') as file:
            file.write('#!/bin/sh\n' + self.shell[2] + '\n')
        os.chmod(self.root + '/start', 0o755)

    def call(self, program, *words):
        result = self.quietly(program, '-n', self.name, *words, '-l', 'DEBUG', '-o', self.home + '/log')
        if result.code:
            result.errors += read(self.home + '/log')[-2000:]
        return result

    def start(self):
        return self.call('lxc-start', '-d')

    def host_pid(self):
        return int(run('lxc-info', '-n', self.name, '-pH').output or 0)  # (0: it has ended already)

    def checkpoint(self, folder, parent, *more):
        based = ['--predump-dir', os.path.relpath(parent, folder)] if parent else []
        return self.call('lxc-checkpoint', '-v', '-D', folder, *based, *more)

    def pre_dump(self, folder, parent, *more):
        return self.checkpoint(folder, parent, '-p', *more)

    def dump(self, folder, parent, *more):
        return self.checkpoint(folder, parent, '-s', *more)

    def restore(self, folder):
        return self.call('lxc-checkpoint', '-v', '-r', '-D', folder)

    def pause(self):
        return run('lxc-freeze', '-n', self.name)

    def resume(self):
        return run('lxc-unfreeze', '-n', self.name)

    def end(self):
        super().end()
        shutil.rmtree(self.folder_of, ignore_errors=True)

    def remove(self):
        run('lxc-stop', '-k', '-n', self.name)
