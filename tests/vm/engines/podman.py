"""Containers of podman, over runc or crun. It keeps one pre-checkpoint, which each new one replaces, in a directory of its own;
exported, both go to another container by way of archives."""
import os, subprocess
from container import Container
from guest import must, run
from machine import make_root, mount

CONFIG = '''[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="runc"
[containers]
apparmor_profile="unconfined"
log_driver="k8s-file"
'''
STORAGE = '''[storage]
driver="overlay"
runroot="/run/containers/storage"
graphroot="/var/lib/containers/storage"
'''


def prepare_podman(victims):
    if os.path.exists('/etc/containers/ours'):
        return
    mount('tmpfs', 'tmpfs', '/var/lib/containers')
    for name, text in ('containers.conf', CONFIG), ('storage.conf', STORAGE), ('ours', ''):
        with open('/etc/containers/' + name, 'w') as file:
            file.write(text)
    make_root('/run/image', victims)
    tar = subprocess.Popen(['tar', '-C', '/run/image', '-c', '.'], stdout=subprocess.PIPE)
    subprocess.run(['podman', 'import', '-', 'victims'], stdin=tar.stdout, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    must(tar.wait() == 0, 'no image')


class Podman(Container):
    engine = 'podman'
    chooses_directories = False

    def call(self, *words):
        return run('podman', '--runtime', self.given.runtime, *words)

    def create(self):
        prepare_podman(self.given.victims)
        self.archives = 0

    def start(self):
        result = self.call('run', '-d', '--name', self.name, '--network', 'none', 'victims', *self.shell)
        self.look()
        return result

    def look(self):
        """Where its files are, now that it exists."""
        self.root = self.call('mount', self.name).output.strip()
        self.bundle = os.path.dirname(self.inspect('.OCIConfigPath'))

    def inspect(self, what):
        return self.call('inspect', self.name, '--format', '{{' + what + '}}').output.strip()

    def host_pid(self):
        return int(self.inspect('.State.Pid'))

    def folder(self):
        return self.bundle + '/pre-checkpoint'

    def work(self, folder):
        return self.bundle

    def archive(self, more):
        """The name of a new archive, if they are exported, with podman's option."""
        if not self.given.export:
            return list(more)
        self.archives += 1
        return ['-e', f'{self.home}/{self.archives}.tar.gz', *more]

    def pre_dump(self, folder, parent, *more):
        return self.call('container', 'checkpoint', '-P', *self.archive(more), self.name)

    def dump(self, folder, parent, *more):
        return self.call('container', 'checkpoint', '--with-previous', '--keep', *self.archive(more), self.name)

    def dump_done(self, *more):
        super().dump_done(*more)
        self.last = self.bundle + '/checkpoint'
        return self.last

    def restore(self, folder):
        if not self.given.export:
            return self.call('container', 'restore', self.name)
        self.call('umount', self.name)
        self.call('rm', '-f', self.name)
        result = self.call('container', 'restore', '--import-previous', f'{self.home}/{self.archives - 1}.tar.gz',
                           '--import', f'{self.home}/{self.archives}.tar.gz')
        self.look()
        return result

    def pause(self):
        return self.call('pause', self.name)

    def resume(self):
        return self.call('unpause', self.name)

    def remove(self):
        self.call('umount', self.name)
        self.call('rm', '-f', self.name)

    def label(self):
        return super().label().replace('podman', f'podman/{self.given.runtime}{" exported" if self.given.export else ""}')
